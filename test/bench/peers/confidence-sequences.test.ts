import { describe, expect, it } from 'vitest'
import {
  eppoReach,
  growthBookReach,
  isAbove,
  statsigReach,
} from '../../../bench/decisions/peers/confidence-sequences.ts'

/** The relative uplift of b over a with its variance by the delta method, as GrowthBook's vectors are given. */
function uplift(a: readonly [n: number, sum: number, squares: number], b: readonly [number, number, number]) {
  const [meanA, meanB] = [a[1] / a[0], b[1] / b[0]]
  const spread = ([n, sum, squares]: readonly [number, number, number]): number => (squares - (sum * sum) / n) / (n - 1)
  const variance = spread(b) / (meanA ** 2 * b[0]) + (spread(a) * meanB ** 2) / (meanA ** 4 * a[0])
  return { value: meanB / meanA - 1, variance, size: a[0] + b[0] }
}

describe("GrowthBook's sequential interval", () => {
  it.each([
    ['a mean', [3_000, 1_396.87, 52_377.9767], [3_461, 2_422.7, 134_698.29], 1_000, 0.50336, -0.55844, 1.56516],
    ['a proportion', [3_000, 1_396, 1_396], [3_461, 2_422, 2_422], 5_000, 0.50386, 0.40098, 0.60675],
  ] as const)('gives its published vector for %s', (_name, a, b, tunedFor, value, low, high) => {
    const seen = uplift(a, b)
    const reach = growthBookReach(seen.variance, seen.size, { alpha: 0.05, sides: 2, tunedFor })
    expect(seen.value).toBeCloseTo(value, 4)
    expect(seen.value - reach).toBeCloseTo(low, 4)
    expect(seen.value + reach).toBeCloseTo(high, 4)
  })

  it('reaches less far when only one side counts', () => {
    const one = growthBookReach(1e-6, 20_000, { alpha: 0.05, sides: 1 })
    expect(one).toBeLessThan(growthBookReach(1e-6, 20_000, { alpha: 0.05, sides: 2 }))
    expect(one).toBeGreaterThan(1.645e-3)
  })
})

describe('the other sequential intervals', () => {
  it('reach further than an interval that looks once', () => {
    expect(eppoReach(1e-6, 10_000, { alpha: 0.05 })).toBeGreaterThan(1.96e-3)
    expect(statsigReach(1e-6, 10_000, 1e-3, 0.05)).toBeGreaterThan(1.645e-3)
  })

  it('are narrowest, in standard errors, near the size they are tuned for', () => {
    const widths = [100, 10_000, 10_000_000].map((size) => eppoReach(1, size, { alpha: 0.05 }))
    expect(widths[1]).toBeLessThan(widths[0] ?? 0)
    expect(widths[1]).toBeLessThan(widths[2] ?? 0)
  })

  it('say nothing about a difference without a variance', () => {
    expect(isAbove({ difference: 1, variance: 0, size: 2 }, 0)).toBe(false)
    expect(isAbove({ difference: 0.2, variance: 0.01, size: 2 }, 0.1)).toBe(true)
    expect(isAbove({ difference: 0.1, variance: 0.01, size: 2 }, 0.2)).toBe(false)
  })
})
