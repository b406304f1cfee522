import { describe, expect, it } from 'vitest'
import { bandConstant, bandRadius, largestExcess } from '../../../bench/decisions/peers/stochastic-order.ts'

describe('the band around a distribution function', () => {
  it('has the published width', () => {
    expect(bandConstant(0.05)).toBeCloseTo(8.123, 3)
    expect(bandRadius(1_000, 100, bandConstant(0.05))).toBeCloseTo(0.08204769, 5)
  })

  it('is not there before its first sample size and shrinks after it', () => {
    const constant = bandConstant(0.025)
    expect(bandRadius(99, 100, constant)).toBe(Number.POSITIVE_INFINITY)
    expect(bandRadius(10_000, 100, constant)).toBeLessThan(bandRadius(1_000, 100, constant) / 2.5)
    expect(constant).toBeGreaterThan(bandConstant(0.05))
  })
})

describe('how much more often the canary is slower', () => {
  it('is the largest gap between the two distribution functions', () => {
    const samples = { canary: [1, 1, 2], stable: [4, 3, 1] }
    expect(largestExcess(samples)).toEqual({ excess: 7 / 8 - 1 / 2, canary: 4, stable: 8 })
  })

  it('is 0 when the canary is faster', () => {
    expect(largestExcess({ canary: [4, 0], stable: [1, 3] }).excess).toBe(0)
  })
})
