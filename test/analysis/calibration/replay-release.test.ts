import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { givenUpAfter, replayRelease } from '../../../src/analysis/calibration/replay-release.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import type { ArmCounts } from '../../../src/domain/observation.ts'
import type { RecordedPair, RecordedRelease } from '../../../src/domain/release/past-release.ts'
import { errorCheck } from '../judges/looks.ts'

const MINUTE = 60_000
const START = 1_700_000_000_000

const counts = (requests: number, errors: number): ArmCounts => ({ requests, errors, latency: null, events: {} })

function pairs(length: number, canaryShare: (minute: number) => number, seed = 5): RecordedPair[] {
  const random = createRandom(seed)
  return Array.from({ length }, (_, minute) => ({
    start: START + minute * MINUTE,
    end: START + (minute + 1) * MINUTE,
    canary: counts(300, random.binomial(300, canaryShare(minute))),
    stable: counts(2_700, random.binomial(2_700, 0.01)),
  }))
}

function release(value: readonly RecordedPair[], own: Partial<RecordedRelease> = {}): RecordedRelease {
  const until = value.at(-1)?.end ?? START + MINUTE
  return {
    ...{
      releaseId: 'release/shop/production/4',
      version: '2.4.0',
      replaces: '2.3.9',
      outcome: 'promoted',
      abandoned: null,
    },
    roles: { stable: 'blue', canary: 'green' },
    spans: [{ exposure: { weight: 1_000, cohorts: [] }, from: START, until }],
    windows: { store: { kind: 'value', value } },
    ...own,
  }
}

describe('a release judged once more', () => {
  it('is not judged by what its canary did while it warmed up', () => {
    const warm = release(pairs(30, (minute) => (minute < 3 ? 0.2 : 0.01)))
    expect(replayRelease(errorCheck(), warm).outcome).toBe('fail')
    expect(replayRelease(errorCheck(), warm, { warmUp: 3 * MINUTE })).toMatchObject({ outcome: 'pass', looks: 27 })
    expect(replayRelease({ ...errorCheck(), warmsUpFor: 0 }, warm, { warmUp: 3 * MINUTE }).outcome).toBe('fail')
    const spans = [500, 800].map((weight, index) => ({
      exposure: { weight, cohorts: [] },
      ...{ from: START + 15 * index * MINUTE, until: START + 15 * (index + 1) * MINUTE },
    }))
    const later = release(
      pairs(30, (minute) => (minute === 15 || minute === 16 ? 0.3 : 0.01)),
      { spans },
    )
    expect(replayRelease(errorCheck(), later, { warmUp: 3 * MINUTE })).toMatchObject({ outcome: 'fail' })
  })

  it('fails where the canary got worse, counted from its first exposure', () => {
    const verdict = replayRelease(errorCheck(), release(pairs(30, (minute) => (minute < 10 ? 0.01 : 0.2))))
    expect(verdict).toMatchObject({ outcome: 'fail' })
    expect(verdict.failsAfter).toBeGreaterThan(10 * MINUTE)
    expect(verdict.failsAfter).toBeLessThanOrEqual(13 * MINUTE)
    expect(verdict.looks).toBe(30)
    expect(verdict.reason).toMatch(/^errors [\d.]+% on 2\.4\.0 against [\d.]+% on 2\.3\.9 /)
  })

  it('passes where it did not', () => {
    expect(replayRelease(errorCheck(), release(pairs(30, () => 0.01)))).toMatchObject({
      ...{ outcome: 'pass', failsAfter: null, looks: 30 },
    })
  })

  it('leaves out windows that do not lie within one exposure', () => {
    const spans = [
      { exposure: { weight: 1_000, cohorts: [] }, from: START + 30_000, until: START + 5.5 * MINUTE },
      { exposure: { weight: 5_000, cohorts: [] }, from: START + 7 * MINUTE, until: START + 9 * MINUTE },
    ]
    expect(
      replayRelease(
        errorCheck(),
        release(
          pairs(20, () => 0.01),
          { spans },
        ),
      ).looks,
    ).toBe(6)
    // The bad minutes are those in which the router was being changed.
    const bad = (minute: number) => (minute === 5 || minute === 6 ? 1 : 0.01)
    expect(replayRelease(errorCheck(), release(pairs(20, bad), { spans })).outcome).not.toBe('fail')
  })

  it('compares nothing while everybody is on the canary, but goes on with fixed limits', () => {
    const value = pairs(20, () => 0.3).map((pair) => ({ ...pair, stable: counts(0, 0) }))
    const spans = [{ exposure: { weight: 10_000, cohorts: [] }, from: START, until: START + 20 * MINUTE }]
    const limit = {
      ...errorCheck(),
      rule: { judge: 'threshold', max: 0.1, failures: 2, of: 3, minRequests: 50 },
    } as const
    expect(replayRelease(errorCheck(), release(value, { spans })).looks).toBe(0)
    expect(replayRelease(limit, release(value, { spans }))).toMatchObject({ outcome: 'fail', failsAfter: 2 * MINUTE })
  })

  it('says why it can say nothing', () => {
    const gone = { store: { kind: 'noData', reason: 'the store forgets after 15 d' } } as const
    expect(replayRelease(errorCheck(), release([], { windows: gone }))).toMatchObject({
      ...{ outcome: 'inconclusive', looks: 0, reason: 'the store forgets after 15 d' },
    })
    expect(replayRelease(errorCheck(), release([], { windows: {} })).reason).toContain('no recording of store')
    const half = pairs(5, () => 0.5).map((pair) => ({ ...pair, canary: null }))
    const verdict = replayRelease(errorCheck(), release(half))
    expect(verdict).toMatchObject({ outcome: 'inconclusive', looks: 0 })
    expect(verdict.reason).toContain('green')
  })

  it('does not depend on the order of the windows', () => {
    const value = pairs(25, (minute) => (minute < 8 ? 0.01 : 0.15))
    const inOrder = replayRelease(errorCheck(), release(value))
    fc.assert(
      fc.property(fc.shuffledSubarray(value, { minLength: value.length }), (shuffled) => {
        const until = START + 25 * MINUTE
        const spans = [{ exposure: { weight: 1_000, cohorts: [] }, from: START, until }]
        expect(replayRelease(errorCheck(), release(shuffled, { spans }))).toEqual(inOrder)
      }),
      { numRuns: 20 },
    )
  })

  it('knows when it was given up in fact', () => {
    const abandoned = { cause: 'abort', by: 'ana', at: START + 7 * MINUTE } as const
    expect(
      givenUpAfter(
        release(
          pairs(9, () => 0.01),
          { outcome: 'rolled-back', abandoned },
        ),
      ),
    ).toBe(7 * MINUTE)
    expect(givenUpAfter(release(pairs(9, () => 0.01)))).toBeNull()
  })
})
