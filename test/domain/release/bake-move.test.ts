import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BakeClock } from '../../../src/domain/release/bake-clock.ts'
import { bakeMove, furtherLag } from '../../../src/domain/release/bake-move.ts'
import type { GuardState } from '../../../src/domain/release/guard.ts'

type BakeAtEnd = Parameters<typeof bakeMove>[0]

const NOW = 1_000_000
/** A bake of a minute whose time is over in this moment. */
const CLOCK: BakeClock = {
  ...{ startedAt: NOW - 60_000, duration: 60_000, elapsed: 0, runningSince: NOW - 60_000 },
  ...{ prolongedBy: 0, isEnded: false },
}

function guardState(more: Partial<GuardState> = {}): GuardState {
  return {
    ...{ epoch: 1, checks: {}, cursors: {}, lookedAt: NOW, looks: 60, blindSince: null, blindSpans: [], share: null },
    ...{ routerFault: null, repairs: [], repairCount: 0, series: [], hold: null },
    ...more,
  }
}

const atEnd = (more: Partial<BakeAtEnd> = {}): BakeAtEnd => ({
  ...{ clock: CLOCK, now: NOW, state: guardState(), waiting: null, interval: 1_000, holdFor: 10_000 },
  ...more,
})

describe('a bake whose time is over', () => {
  it('ends when all was watched, every check passes, and the metrics are there', () => {
    expect(bakeMove(atEnd())).toEqual({ kind: 'end' })
    expect(bakeMove(atEnd({ state: guardState({ seenUntil: NOW - 1_000 }) }))).toEqual({ kind: 'end' })
  })

  it('is watched for as much longer as nobody could watch it', () => {
    const state = guardState({ blindSpans: [{ from: NOW - 30_000, to: NOW - 25_000 }] })
    expect(bakeMove(atEnd({ state }))).toMatchObject({ kind: 'prolong', by: 5_000 })
    const clock = { ...CLOCK, prolongedBy: 5_000 }
    expect(bakeMove(atEnd({ state, clock })).kind).toBe('end')
  })

  it('holds while a check waits, while the guard holds, and while nobody has looked', () => {
    expect(bakeMove(atEnd({ waiting: 'errors: too few' }))).toMatchObject({ kind: 'hold', waiting: 'errors: too few' })
    expect(bakeMove(atEnd({ state: guardState({ hold: 'none is answered' }) }))).toMatchObject({ kind: 'hold' })
    expect(bakeMove(atEnd({ state: null }))).toMatchObject({ kind: 'hold', waiting: 'the guard has not looked lately' })
    expect(bakeMove(atEnd({ state: guardState({ lookedAt: NOW - 8_001 }) }))).toMatchObject({ kind: 'hold' })
  })

  it('holds until the metrics have reached its end, and looks again when they should have', () => {
    const state = guardState({ seenUntil: NOW - 5_000 })
    expect(bakeMove(atEnd({ state, interval: 10_000 })).kind).toBe('end')
    expect(bakeMove(atEnd({ state, interval: 3_000 }))).toMatchObject({ kind: 'hold', next: 2_000 })
    // A source that is away is for the checks to miss.
    expect(bakeMove(atEnd({ state: guardState({ seenUntil: NOW - 70_000 }) })).kind).toBe('end')
  })

  it('is longer while the canary warms up, unless a person ends it', () => {
    const warming = { warmsUpUntil: NOW + 7_000, waiting: 'errors: warms up' }
    expect(bakeMove(atEnd(warming))).toEqual({
      ...{ kind: 'prolong', by: 10_000, isWarmUp: true },
      reason: 'the canary still warms up, and the checks need some looks after that',
    })
    expect(bakeMove(atEnd({ warmsUpUntil: NOW }))).toMatchObject({ kind: 'prolong', by: 3_000 })
    expect(bakeMove(atEnd({ warmsUpUntil: NOW - 3_000 })).kind).toBe('end')
    expect(bakeMove(atEnd({ ...warming, clock: { ...CLOCK, isEnded: true } })).kind).toBe('end')
  })

  it('leaves it to the policy after it has held for as long as the plan says', () => {
    const clock = { ...CLOCK, held: 10_000 }
    expect(bakeMove(atEnd({ clock, waiting: 'errors: too few' }))).toEqual({
      kind: 'give-up',
      reason: 'still inconclusive after 10s of holding; errors: too few',
    })
  })

  it('ends whatever is missing when a person ended it', () => {
    expect(bakeMove(atEnd({ clock: { ...CLOCK, isEnded: true }, state: null, waiting: 'x' }))).toEqual({ kind: 'end' })
  })

  it('never ends while a check waits, and never waits for less than a second or longer than it must', () => {
    const span = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(span, span, span, fc.boolean(), (lag, age, held, isWaiting) => {
        const state = guardState({ seenUntil: NOW - lag, lookedAt: NOW - age })
        const waiting = isWaiting ? 'x' : null
        const move = bakeMove(atEnd({ state, waiting, clock: { ...CLOCK, held }, holdFor: 50_000 }))
        if (isWaiting) expect(move.kind).not.toBe('end')
        if (move.kind === 'hold') expect(move.next).toBeGreaterThanOrEqual(1_000)
        if (move.kind === 'hold') expect(move.next).toBeLessThanOrEqual(Math.max(1_000, Math.round(held / 4)))
      }),
    )
  })
})

describe('the lag of the metrics', () => {
  it('lengthens the timer of a bake where it is known and longer than a look', () => {
    expect(furtherLag(null, 1_000)).toBe(0)
    expect(furtherLag(guardState(), 1_000)).toBe(0)
    expect(furtherLag(guardState({ seenUntil: NOW - 4_000 }), 1_000)).toBe(3_000)
    expect(furtherLag(guardState({ seenUntil: NOW - 4_000 }), 10_000)).toBe(0)
  })
})
