import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextToStart } from '../../../src/domain/lane/lane-duty.ts'
import { place } from '../../../src/domain/lane/lane-queue.ts'
import { emptyLane, restored } from '../../../src/domain/lane/lane-state.ts'
import { laneView, pinText, vetoText } from '../../../src/domain/lane/lane-view.ts'
import { lifted, pinProblem, type Veto, vetoesAfter, vetoOf } from '../../../src/domain/lane/leave-to-start.ts'
import { ended } from '../../../src/domain/lane/running-release.ts'
import { ABANDON_CAUSES } from '../../../src/domain/release/release-events.ts'

const RELEASE = 'release/shop/production/7'
const rolledBack = (version: string, cause: (typeof ABANDON_CAUSES)[number]) => ({
  ...({ releaseId: RELEASE, outcome: 'rolled-back', version, reason: 'errors: 5% on 2.4.0', cause } as const),
})
const PIN = { version: '2.3.9', reason: 'holidays', by: 'carol', at: 5 }
const TARGET = { service: 'shop', environment: 'production' }
const asked = (version: string) => ({ key: 'k', fingerprint: version, whenBusy: 'queue', version }) as const
const waiting = {
  releaseId: 'release/shop/production/8',
  number: 8,
  entry: { version: '2.4.1', author: { person: 'a' } },
}

describe('a version that was rolled back', () => {
  it.each(ABANDON_CAUSES)('for %s is kept away only where that was seen of the version', (cause) => {
    const isKeptAway = vetoesAfter([], rolledBack('2.4.0', cause), 9).length > 0
    expect(isKeptAway).toBe(cause === 'failed-check' || cause === 'floor')
  })

  it('is refused with the release, the sentence of the check and when, and no other version is', () => {
    const running = { releaseId: RELEASE, number: 7 }
    const lane = ended({ ...emptyLane(), running }, rolledBack('2.4.0', 'failed-check'), 9)
    const placement = place(lane, asked('2.4.0'))
    expect(placement).toMatchObject({ kind: 'vetoed', veto: { version: '2.4.0', releaseId: RELEASE, at: 9 } })
    expect(vetoText(vetoOf(lane, '2.4.0') as Veto)).toBe('2.4.0, rolled back by shop/production/7: errors: 5% on 2.4.0')
    expect(place(lane, asked('2.4.1'))).toEqual({ kind: 'start' })
  })

  it('may start again once it was allowed, or was promoted', () => {
    const vetoes = vetoesAfter([], rolledBack('2.4.0', 'floor'), 9)
    expect(lifted(vetoes, '2.4.0')).toEqual([])
    expect(lifted(vetoes, '2.4.1')).toBe(vetoes)
    expect(vetoesAfter(vetoes, { releaseId: RELEASE, outcome: 'promoted', version: '2.4.0' }, 10)).toEqual([])
  })

  it('is kept away as one that was refused, superseded, or reported by an older version is not', () => {
    const { cause: _, ...older } = rolledBack('2.4.0', 'failed-check')
    expect(vetoesAfter([], older, 9)).toEqual([])
    for (const outcome of ['refused', 'superseded'] as const)
      expect(vetoesAfter([], { ...rolledBack('2.4.0', 'failed-check'), outcome }, 9)).toEqual([])
  })

  it('has one veto, whatever happens, and a lane keeps fifty', () => {
    const version = fc.integer({ min: 0, max: 80 }).map((number) => `2.${number}.0`)
    fc.assert(
      fc.property(fc.array(version, { maxLength: 200 }), (versions) => {
        const vetoes = versions.reduce<readonly Veto[]>(
          (known, one, at) => vetoesAfter(known, rolledBack(one, 'failed-check'), at),
          [],
        )
        expect(new Set(vetoes.map((veto) => veto.version)).size).toBe(vetoes.length)
        expect(vetoes.length).toBeLessThanOrEqual(50)
        const last = versions.at(-1)
        if (last !== undefined) expect(vetoOf({ vetoes }, last)).not.toBeNull()
      }),
    )
  })
})

describe('a lane that is pinned', () => {
  const pinned = { ...emptyLane<(typeof waiting)['entry']>(), pin: PIN, queue: [waiting] }

  it('refuses every start and starts nothing that waits', () => {
    expect(place(pinned, asked('2.4.1'))).toEqual({ kind: 'pinned', pin: PIN })
    expect(nextToStart(pinned)).toBeNull()
    expect(nextToStart({ ...pinned, pin: null })).toEqual(waiting)
  })

  it('says to what, by whom and why', () => {
    expect(pinText(PIN)).toBe('to 2.3.9 by carol: holidays')
    expect(pinText({ ...PIN, version: null })).toBe('by carol: holidays')
    expect(laneView(TARGET, pinned)).toMatchObject({ pin: PIN, vetoes: [] })
  })

  it('can be pinned only to what it has, and not while a release runs', () => {
    expect(pinProblem({ running: null, promotedVersion: '2.3.9' }, '2.3.9')).toBeNull()
    expect(pinProblem({ running: null, promotedVersion: '2.3.9' }, null)).toBeNull()
    expect(pinProblem({ running: null, promotedVersion: null }, '2.3.9')).toBeNull()
    expect(pinProblem({ running: null, promotedVersion: '2.3.9' }, '2.4.0')?.message).toBe(
      'this target is on 2.3.9, not on 2.4.0',
    )
    expect(pinProblem({ running: {}, promotedVersion: '2.3.9' }, null)?.message).toBe(
      'a release is running on this target',
    )
  })

  it('is so still when it was lost and has begun again, and keeps the same versions away', () => {
    const vetoes = vetoesAfter([], rolledBack('2.4.0', 'failed-check'), 9)
    const again = restored(emptyLane(), { ...pinned, vetoes }, { open: null, highest: 8 })
    expect(again).toMatchObject({ pin: PIN, vetoes })
  })
})
