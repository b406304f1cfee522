import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HarmEvidence, harmOf, NOTHING_SEEN, spentAt } from '../../../src/analysis/harm/harm.ts'
import { addToRatio, NO_RATIO } from '../../../src/analysis/judges/sequential/ratio-evidence.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'

/** Looks of ten seconds at these weights, each of so many requests. */
function evidence(weights: readonly number[], ratio: number, seed: number, requests = 4_000): readonly HarmEvidence[] {
  const random = createRandom(seed)
  let seen = NOTHING_SEEN
  return weights.map((weight, look) => {
    // The rate of both doubles on the way: no look is compared with another.
    const share = 0.005 * (1 + look / weights.length)
    const [canaryTrials, stableTrials] = [random.poisson(requests * weight), random.poisson(requests * (1 - weight))]
    const canaryEvents = random.binomial(canaryTrials, share * ratio)
    const stableEvents = random.binomial(stableTrials, share)
    const counts = { canaryTrials, canaryEvents, stableTrials, stableEvents }
    seen = { ratio: addToRatio(seen.ratio, counts), canaryRequests: seen.canaryRequests + canaryTrials }
    return seen
  })
}

const RAMP = [0.01, 0.02, 0.05, 0.1, 0.25].flatMap((weight) => Array.from({ length: 5 }, () => weight))

describe('the harm of a canary', () => {
  it('is unknown while nothing bounds it', () => {
    expect(harmOf(NOTHING_SEEN)).toBeNull()
    const counts = { canaryTrials: 100, canaryEvents: 0, stableTrials: 900, stableEvents: 0 }
    expect(harmOf({ ratio: addToRatio(NO_RATIO, counts), canaryRequests: 100 })).toBeNull()
  })

  it('is bounded at all looks of a ramp together, over all its weights, in at least 95 of 100 releases', () => {
    const releases = 60
    for (const ratio of [1, 2, 4]) {
      let broken = 0
      for (let seed = 0; seed < releases; seed += 1) {
        const bounds = evidence(RAMP, ratio, seed * 31 + ratio).map(harmOf)
        if (bounds.some((harm) => harm !== null && harm.ratioAtMost < ratio)) broken += 1
      }
      expect(broken).toBeLessThanOrEqual(0.05 * releases)
    }
  })

  it('falls as a healthy canary serves more, and is never below nothing', () => {
    const bounds = evidence(RAMP, 1, 5).flatMap((seen) => harmOf(seen) ?? [])
    expect(bounds.at(-1)?.ratioAtMost).toBeLessThan(bounds[0]?.ratioAtMost ?? 0)
    for (const { soFar } of bounds) expect(soFar).toBeGreaterThanOrEqual(0)
  })

  it('does not depend on how much fails on both: ten times the requests at a tenth of the rate say the same', () => {
    const at = (requests: number) => ({
      ...{ canaryTrials: requests, canaryEvents: 6, stableTrials: 9 * requests, stableEvents: 40 },
    })
    const few = harmOf({ ratio: addToRatio(NO_RATIO, at(1_000)), canaryRequests: 1_000 })
    const many = harmOf({ ratio: addToRatio(NO_RATIO, at(10_000)), canaryRequests: 10_000 })
    expect(few).not.toBeNull()
    expect(many?.ratioAtMost).toBeCloseTo(few?.ratioAtMost ?? 0, 6)
    expect(many?.soFar).toBeCloseTo(few?.soFar ?? 0, 6)
  })

  it('costs more the more users have it, and nothing while it is no worse', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9_999 }),
        fc.double({ min: 1.01, max: 50, noNaN: true }),
        (weight, ratioAtMost) => {
          expect(spentAt(weight + 1, { ratioAtMost, soFar: 0 })).toBeGreaterThan(
            spentAt(weight, { ratioAtMost, soFar: 0 }),
          )
          expect(spentAt(weight, { ratioAtMost: 1 / ratioAtMost, soFar: 0 })).toBe(0)
        },
      ),
    )
  })
})
