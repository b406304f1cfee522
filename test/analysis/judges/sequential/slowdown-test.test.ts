import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countBetween,
  factorsOf,
  SLOWDOWNS,
  slowdownGain,
  thresholdsOf,
} from '../../../../src/analysis/judges/sequential/slowdown-test.ts'
import { logSumExp } from '../../../../src/analysis/judges/sequential/wealth.ts'
import { COARSE_BOUNDS, FINE_BOUNDS } from '../looks.ts'

describe('thresholds', () => {
  it('are all bounds, on both sides, for a ratio of 1', () => {
    expect(thresholdsOf(COARSE_BOUNDS, 1)).toEqual({ stableSeconds: COARSE_BOUNDS, canarySeconds: COARSE_BOUNDS })
  })

  it('pair each bound with the nearest one at least so many times as large, without repeats', () => {
    expect(thresholdsOf([1, 2, 3, 4, 8], 2)).toEqual({ stableSeconds: [1, 2, 4], canarySeconds: [2, 4, 8] })
    expect(thresholdsOf([1, 1.1, 5], 1.5)).toEqual({ stableSeconds: [1.1], canarySeconds: [5] })
    expect(thresholdsOf([1, 2], 3)).toEqual({ stableSeconds: [], canarySeconds: [] })
  })

  it('never ask the canary to be faster than accepted', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 5, noNaN: true }), (ratio) => {
        for (const bounds of [FINE_BOUNDS, COARSE_BOUNDS]) {
          const { stableSeconds, canarySeconds } = thresholdsOf(bounds, ratio)
          expect(stableSeconds).toHaveLength(canarySeconds.length)
          for (const [index, seconds] of stableSeconds.entries()) {
            expect(canarySeconds[index]).toBeGreaterThanOrEqual(seconds * ratio * (1 - 1e-8))
            expect(seconds).toBeGreaterThan(stableSeconds[index - 1] ?? 0)
            expect(canarySeconds[index]).toBeGreaterThan(canarySeconds[index - 1] ?? 0)
          }
        }
      }),
    )
  })
})

describe('counts between thresholds', () => {
  it('put every request in one category', () => {
    const seen = { upperBoundsSeconds: [1, 2, 3, 4], counts: [1, 2, 3, 4, 5] }
    expect(countBetween(seen, [2, 4])).toEqual([3, 7, 5])
    expect(countBetween(seen, [])).toEqual([15])
    expect(countBetween(seen, [1, 2, 3, 4])).toEqual([1, 2, 3, 4, 5])
  })

  it('have a category above the last threshold although nothing is counted there', () => {
    expect(countBetween({ upperBoundsSeconds: [1, 2], counts: [4, 0, 0] }, [1, 2])).toEqual([4, 0, 0])
    expect(countBetween({ upperBoundsSeconds: [1], counts: [4] }, [1, 2, 4])).toEqual([4, 0, 0, 0])
  })
})

describe('the factors of a bet', () => {
  const past = { upperBoundsSeconds: COARSE_BOUNDS, counts: [5, 20, 50, 300, 400, 250, 100, 30, 6, 2, 1, 0] }

  it('rise from fast to slow, for all slowdowns, ratios and pasts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(200), { minLength: 12, maxLength: 12 }),
        fc.constantFrom(1, 1.25, 2, 3),
        fc.constantFrom(0, 0.5, 0.9),
        (counts, ratio, floor) => {
          const seen = { upperBoundsSeconds: COARSE_BOUNDS, counts }
          for (const factors of factorsOf(SLOWDOWNS, ratio, seen, thresholdsOf(COARSE_BOUNDS, ratio), floor)) {
            expect(factors).toHaveLength(thresholdsOf(COARSE_BOUNDS, ratio).stableSeconds.length + 1)
            for (const [index, factor] of factors.entries()) {
              expect(factor).toBeGreaterThanOrEqual(factors[index - 1] ?? 0.02)
              expect(factor).toBeLessThanOrEqual(50)
            }
          }
        },
      ),
    )
  })

  const slow = { upperBoundsSeconds: [1, 2, 4], counts: [50, 30, 15, 5] }
  const every = thresholdsOf(slow.upperBoundsSeconds, 1)

  it('are the chances of a category when slowed over the usual ones, half a request added to both', () => {
    // Slower than 0.5, 1, 2 and 4 s are usually 75, 50, 20 and 5%; half of all requests take twice as long.
    const [factors = []] = factorsOf([{ share: 0.5, factor: 2, logWeight: 0 }], 1, slow, every, 0)
    const slowed = [0.375, 0.275, 0.225, 0.125]
    const usual = [0.5, 0.3, 0.15, 0.05]
    expect(factors).toHaveLength(4)
    for (const [index, factor] of factors.entries())
      expect(factor).toBeCloseTo(((slowed[index] ?? 0) + 0.005) / ((usual[index] ?? 0) + 0.005), 12)
  })

  it('are pooled over neighbours where they would fall, and never above 50', () => {
    const gap = { upperBoundsSeconds: [1, 2, 4], counts: [10, 80, 0, 10] }
    const [pooled = []] = factorsOf([{ share: 1, factor: 2, logWeight: 0 }], 1, gap, every, 0)
    const [below, above] = [(0.1 + 0.005) / (0.9 + 0.005), (0.9 + 0.005) / (0.1 + 0.005)]
    expect(pooled).toHaveLength(4)
    for (const [index, factor] of [below, below, above, above].entries()) expect(pooled[index]).toBeCloseTo(factor, 12)
    const fast = { upperBoundsSeconds: [1, 2, 4], counts: [1_000, 0, 0, 0] }
    expect(factorsOf([{ share: 1, factor: 8, logWeight: 0 }], 1, fast, every, 0)[0]?.at(-1)).toBe(50)
  })

  it('are one up to the first threshold below which lies more than the floor', () => {
    const seen = { upperBoundsSeconds: [1, 2, 4], counts: [50, 25, 20, 5] }
    const groups = (floor: number) => {
      const [factors = []] = factorsOf([{ share: 1, factor: 2, logWeight: 0 }], 1, seen, every, floor)
      return factors.map((factor) => factors.indexOf(factor))
    }
    expect(groups(0.5)).toEqual([0, 1, 2, 3])
    expect(groups(0.75)).toEqual([0, 0, 2, 3])
    expect(groups(0.9)).toEqual([0, 0, 2, 3])
    expect(groups(0.99)).toEqual([0, 0, 0, 3])
  })

  it('do not tell requests below the floor apart', () => {
    const thresholds = thresholdsOf(FINE_BOUNDS, 1)
    const bell = [...FINE_BOUNDS, 8].map((seconds) =>
      Math.round(2_000 * Math.exp(-0.5 * (Math.log(seconds / 0.1) / 0.6) ** 2)),
    )
    const seen = { upperBoundsSeconds: FINE_BOUNDS, counts: bell }
    const below = FINE_BOUNDS.filter((seconds) => seconds < 0.09).length
    const slower = [{ share: 1, factor: 1.5, logWeight: 0 }]
    const [half = []] = factorsOf(slower, 1, seen, thresholds, 0.5)
    expect(new Set(half.slice(0, below)).size).toBe(1)
    expect(new Set(half.slice(below)).size).toBeGreaterThan(5)
    const [all = []] = factorsOf(slower, 1, seen, thresholds, 0)
    expect(new Set(all.slice(0, below)).size).toBeGreaterThan(3)
  })

  it('are no bet at all without a past', () => {
    const empty = { upperBoundsSeconds: COARSE_BOUNDS, counts: past.counts.map(() => 0) }
    const factors = factorsOf(SLOWDOWNS, 1, empty, thresholdsOf(COARSE_BOUNDS, 1), 0.5)
    expect(factors).toEqual(SLOWDOWNS.map(() => [...COARSE_BOUNDS.map(() => 1), 1]))
  })

  it('share one unit of money', () => {
    expect(logSumExp(SLOWDOWNS.map((slowdown) => slowdown.logWeight))).toBeCloseTo(0, 12)
  })
})

describe('the gain of a bet on latency', () => {
  /** Mean of the e-value over independent requests: n_c of the canary with law `canary`, n_s of stable with `stable`. */
  function mean(
    factors: readonly number[],
    canary: readonly number[],
    stable: readonly number[],
    nc: number,
    ns: number,
  ) {
    const none = factors.map(() => 0)
    const one = (index: number, isCanary: boolean) => {
      const hit = factors.map((_, other) => (other === index ? 1 : 0))
      // One request at a time, with the weights of the whole interval.
      const share = nc / (nc + ns)
      const scaled = { canary: isCanary ? hit : none, stable: isCanary ? none : hit }
      const factor = factors[index] ?? 1
      const gain = scaled.canary[index] === 1 ? Math.log(factor) : 0
      return Math.exp(gain - Math.log1p(share * (factor - 1)))
    }
    const ours = canary.reduce((sum, chance, index) => sum + chance * one(index, true), 0)
    const theirs = stable.reduce((sum, chance, index) => sum + chance * one(index, false), 0)
    return ours ** nc * theirs ** ns
  }

  const law = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }).map((weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map((weight) => weight / total)
  })
  const rising = fc
    .array(fc.double({ min: 0.05, max: 20, noNaN: true }), { minLength: 4, maxLength: 4 })
    .map((factors) => factors.toSorted((a, b) => a - b))

  it('has mean at most 1 for every canary that is stochastically no slower', () => {
    fc.assert(
      fc.property(
        law,
        law,
        rising,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (a, b, factors, nc, ns) => {
          // The canary's distribution function is the larger of both at each threshold, so it is never slower.
          const cumulate = (chances: readonly number[]) =>
            chances.map((_, index) => chances.slice(0, index + 1).reduce((sum, chance) => sum + chance, 0))
          const [ofA, ofB] = [cumulate(a), cumulate(b)]
          const top = ofA.map((value, index) => Math.max(value, ofB[index] ?? 0))
          const canary = top.map((value, index) => value - (top[index - 1] ?? 0))
          expect(mean(factors, canary, b, nc, ns)).toBeLessThanOrEqual(1 + 1e-9)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is the likelihood ratio of each category’s split', () => {
    const counts = { canary: [3, 2], stable: [12, 3] }
    const q = (factor: number) => (0.25 * factor) / (0.25 * factor + 0.75)
    const expected =
      3 * Math.log(q(0.8) / 0.25) +
      12 * Math.log((1 - q(0.8)) / 0.75) +
      2 * Math.log(q(4) / 0.25) +
      3 * Math.log((1 - q(4)) / 0.75)
    expect(slowdownGain(counts, [0.8, 4])).toBeCloseTo(expected, 12)
  })

  it('is nothing when one arm has no request', () => {
    expect(slowdownGain({ canary: [0, 0], stable: [5, 5] }, [1, 2])).toBe(0)
    expect(slowdownGain({ canary: [5, 5], stable: [0, 0] }, [1, 2])).toBe(0)
    expect(slowdownGain({ canary: [1_000_000, 7], stable: [0, 0] }, [0.02, 0.1])).toBe(0)
    expect(slowdownGain({ canary: [0, 0], stable: [0, 0] }, [1, 2])).toBe(0)
  })
})
