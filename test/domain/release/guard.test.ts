import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import {
  blindTime,
  type GuardState,
  standingOf,
  tellOf,
  unwatchedText,
  verdictsOf,
  withoutEvidence,
} from '../../../src/domain/release/guard.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

const pass: Verdict = { outcome: 'pass', reason: 'fine', evidence: { judge: 't', figures: {} } }
const fail: Verdict = { outcome: 'fail', reason: 'broken', evidence: { judge: 't', figures: {} } }
const blind: Verdict = {
  outcome: 'inconclusive',
  cause: 'blind',
  reason: 'dark',
  evidence: { judge: 't', figures: {} },
}

function guardState(more: Partial<GuardState> = {}): GuardState {
  return {
    ...{ epoch: 1, checks: {}, cursors: {}, lookedAt: 100, looks: 3, blindSince: null, blindSpans: [] },
    ...{ share: null, routerFault: null, repairs: [], repairCount: 0, series: [], ...more },
  }
}

const watched = (verdicts: Record<string, Verdict>) =>
  guardState({
    checks: Object.fromEntries(Object.entries(verdicts).map(([name, verdict]) => [name, { state: {}, verdict }])),
  })

const check = (name: string): Check => ({
  ...{ kind: 'errorRate', name, source: 's' },
  rule: { judge: 'threshold', max: 0.01, failures: 1, of: 1, minRequests: 1 },
})

describe('blindTime', () => {
  it('adds up the spans that have ended and the one that is open', () => {
    const state = guardState({
      lookedAt: 100,
      blindSince: 90,
      blindSpans: [
        { from: 10, to: 20 },
        { from: 40, to: 45 },
      ],
    })
    expect(blindTime(state, 0)).toBe(25)
  })

  it('counts only what was after the given time', () => {
    const state = guardState({ lookedAt: 100, blindSince: 90, blindSpans: [{ from: 10, to: 20 }] })
    expect(blindTime(state, 15)).toBe(15)
    expect(blindTime(state, 95)).toBe(5)
    expect(blindTime(state, 200)).toBe(0)
  })

  it('is never negative, never more than the time that has passed, and falls as its beginning moves on', () => {
    const spans = fc
      .uniqueArray(fc.nat(1_000), { minLength: 2, maxLength: 12 })
      .map((times) => times.toSorted((left, right) => left - right))
      .map((times) =>
        times.flatMap((from, index) =>
          index % 2 === 0 && times[index + 1] !== undefined ? [{ from, to: times[index + 1] ?? from }] : [],
        ),
      )
    fc.assert(
      fc.property(spans, fc.nat(1_000), fc.nat(1_000), (blindSpans, left, right) => {
        const state = guardState({ lookedAt: 1_000, blindSpans })
        const [earlier, later] = [Math.min(left, right), Math.max(left, right)]
        expect(blindTime(state, earlier)).toBeGreaterThanOrEqual(blindTime(state, later))
        expect(blindTime(state, later)).toBeGreaterThanOrEqual(0)
        expect(blindTime(state, earlier)).toBeLessThanOrEqual(1_000 - earlier)
      }),
    )
  })
})

describe('unwatchedText', () => {
  it('says how long it was and why, and nothing where all was watched', () => {
    const state = guardState({
      lookedAt: 100_000,
      silentSince: 80_000,
      silentSpans: [{ from: 10_000, to: 17_000 }],
      unwatchedSpans: [{ from: 30_000, to: 48_000 }],
      drift: { streak: 0, spans: [{ from: 40_000, to: 50_000 }] },
    })
    expect(unwatchedText(state, 0)).toBe(
      '27s without requests, 18s without a look, 10s with the router not as requested',
    )
    expect(blindTime(state, 0)).toBe(47_000)
    expect(unwatchedText(guardState(), 0)).toBe('')
  })
})

describe('tellOf', () => {
  it('names the check, unless the sentence begins with its name', () => {
    expect(tellOf('ceiling', { reason: 'errors 5% on 2.4.0' })).toBe('ceiling: errors 5% on 2.4.0')
    expect(tellOf('errors', { reason: 'errors 5% on 2.4.0' })).toBe('errors 5% on 2.4.0')
    expect(tellOf('error', { reason: 'errors 5% on 2.4.0' })).toBe('error: errors 5% on 2.4.0')
  })
})

describe('standingOf', () => {
  it('passes when every check passes, and when there is none', () => {
    expect(standingOf([check('a'), check('b')], watched({ a: pass, b: pass }))).toEqual({ isPassing: true })
    expect(standingOf([], null)).toEqual({ isPassing: true })
  })

  it.each([
    ['has not been looked at', watched({ a: pass }), 'b: not looked at yet'],
    ['fails', watched({ a: pass, b: fail }), 'b: broken'],
    ['is blind', watched({ a: pass, b: blind }), 'b: dark'],
    ['was asked of no guard', null, 'a: not looked at yet'],
  ])('does not pass when one %s, and says which', (_, state, waiting) => {
    expect(standingOf([check('a'), check('b')], state)).toEqual({ isPassing: false, waiting })
  })

  it('does not pass on what was seen of an earlier exposure, or before a person’s word', () => {
    const nobody = { isPassing: false, waiting: 'the guard has not looked at this exposure yet' }
    const seen = { ...watched({ a: pass }), evidenceFrom: 50, looksHere: 3 }
    expect(standingOf([check('a')], seen, 50)).toEqual({ isPassing: true })
    expect(standingOf([check('a')], seen, 51)).toEqual(nobody)
    expect(standingOf([], { ...seen, looksHere: 0 }, 50)).toEqual(nobody)
    expect(standingOf([], null, 50)).toEqual(nobody)
    expect(standingOf([check('a')], watched({ a: pass }), 50)).toEqual({ isPassing: true })
  })

  it('does not pass while something beside the checks holds the release', () => {
    expect(standingOf([check('a')], { ...watched({ a: pass }), hold: 'both fail' })).toEqual({
      isPassing: false,
      waiting: 'both fail',
    })
  })

  it('takes nothing that objects have by themselves for a verdict', () => {
    expect(standingOf([check('constructor')], watched({}))).toMatchObject({ isPassing: false })
  })
})

describe('withoutEvidence', () => {
  it('forgets the named checks and keeps everything else', () => {
    const state = { ...watched({ a: pass, b: fail }), cursors: { s: { at: 5 } } }
    const kept = withoutEvidence(state, (name) => name === 'b')
    expect(verdictsOf(kept)).toEqual({ a: pass })
    expect({ ...kept, checks: state.checks }).toEqual(state)
    expect(verdictsOf(state)).toEqual({ a: pass, b: fail })
  })
})
