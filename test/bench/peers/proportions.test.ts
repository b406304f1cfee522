import { describe, expect, it } from 'vitest'
import { shareDifference, twoProportionZ } from '../../../bench/decisions/peers/proportions.ts'

const counts = (canaryEvents: number, canaryTrials: number, stableEvents: number, stableTrials: number) => ({
  canaryEvents,
  canaryTrials,
  stableEvents,
  stableTrials,
})

describe('the difference of two shares', () => {
  it('has the variance of each arm on its own', () => {
    const seen = shareDifference(counts(20, 100, 10, 100))
    expect(seen?.difference).toBeCloseTo(0.1, 12)
    expect(seen?.variance).toBeCloseTo((0.2 * 0.8) / 100 + (0.1 * 0.9) / 100, 12)
    expect(seen?.size).toBe(200)
  })

  it('is unknown while an arm has no request', () => {
    expect(shareDifference(counts(0, 0, 1, 100))).toBeNull()
    expect(shareDifference(counts(1, 100, 0, 0))).toBeNull()
  })
})

describe('the two-proportion z statistic', () => {
  it('pools the variance', () => {
    // 0.1 / √(0.15·0.85·(1/100 + 1/100)), by hand.
    expect(twoProportionZ(counts(20, 100, 10, 100))).toBeCloseTo(1.9802950859533488, 10)
  })

  it('is positive only when the canary has the larger share', () => {
    expect(twoProportionZ(counts(10, 100, 20, 100))).toBeCloseTo(-1.9802950859533488, 10)
    expect(twoProportionZ(counts(0, 100, 0, 100))).toBe(0)
    expect(twoProportionZ(counts(0, 0, 5, 100))).toBe(0)
  })
})
