import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  betaBinomialMixture,
  gammaExponentialMixture,
  gammaPoissonMixture,
  type Mixture,
  normalRho,
  oneSidedNormalMixture,
  twoSidedNormalMixture,
} from '../../../src/analysis/statistics/mixtures.ts'
import { proportionInterval } from '../../../src/analysis/statistics/proportion-interval.ts'
import { quantileTest } from '../../../src/analysis/statistics/quantile-test.ts'
import {
  doubleStitchingBound,
  empiricalProcessBound,
  polyStitchingBound,
} from '../../../src/analysis/statistics/stitching.ts'
import golden from '../golden/golden.json' with { type: 'json' }

/** The published vectors of the confseq package are given to 1e-5 or better. */
const PUBLISHED = 1e-5
const range = { g: 0.2, h: 0.8 }

/** By unit of the deviations: all are tuned for a variance of 100 units². */
const mixtures: readonly (readonly [name: string, make: (unit: number) => Mixture, logValue: number, bound: number])[] =
  [
    ['two-sided normal', (unit) => twoSidedNormalMixture(100 * unit ** 2, 0.05), -0.6510052, 30.35209],
    ['one-sided normal', (unit) => oneSidedNormalMixture(100 * unit ** 2, 0.05), -0.06502391, 27.66071],
    ['gamma-exponential', (unit) => gammaExponentialMixture(100 * unit ** 2, 0.05, 2 * unit), -0.2490165, 33.02017],
    ['gamma-Poisson', (unit) => gammaPoissonMixture(100 * unit ** 2, 0.05, 2 * unit), -0.06991219, 30.1949],
    ['two-sided beta-binomial', (unit) => betaBinomial(unit, 'two'), -0.6941012, 31.4308],
    ['one-sided beta-binomial', (unit) => betaBinomial(unit, 'one'), -0.07134019, 28.41238],
  ]

function betaBinomial(unit: number, sides: 'one' | 'two'): Mixture {
  return betaBinomialMixture(100 * unit ** 2, 0.05, { g: range.g * unit, h: range.h * unit }, sides)
}

describe.each(mixtures)('the %s mixture', (_name, make, logValue, bound) => {
  it('has the published value and bound', () => {
    const mixture = make(1)
    expect(Math.abs(mixture.logValue(10, 100) - logValue)).toBeLessThan(PUBLISHED)
    expect(Math.abs(mixture.bound(100, 0.05) - bound)).toBeLessThan(PUBLISHED)
  })

  it('does not depend on the unit of the deviations', () => {
    const [mixture, scaled] = [make(1), make(7)]
    for (const s of [-3, 0, 10, 40]) expect(scaled.logValue(7 * s, 49 * 100)).toBeCloseTo(mixture.logValue(s, 100), 9)
    expect(scaled.bound(49 * 100, 0.05) / 7).toBeCloseTo(mixture.bound(100, 0.05), 9)
  })

  it('reaches 1/alpha exactly at its bound', () => {
    const mixture = make(1)
    fc.assert(
      fc.property(
        fc.double({ min: 20, max: 2_000, noNaN: true }),
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        (v, alpha) => {
          expect(mixture.logValue(mixture.bound(v, alpha), v)).toBeCloseTo(Math.log(1 / alpha), 7)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('asks for more the smaller the error and the longer the time', () => {
    const mixture = make(1)
    fc.assert(
      fc.property(fc.double({ min: 20, max: 1_000, noNaN: true }), (v) => {
        expect(mixture.bound(v, 0.01)).toBeGreaterThan(mixture.bound(v, 0.05))
        expect(mixture.bound(v * 2, 0.05)).toBeGreaterThan(mixture.bound(v, 0.05))
      }),
      { numRuns: 40 },
    )
  })
})

describe('mixtures', () => {
  it('are tuned by the published ρ', () => {
    expect(Math.abs(normalRho(100, 0.05) - 12.60056)).toBeLessThan(PUBLISHED)
  })

  it('start at 1: before any variance there is no evidence', () => {
    for (const [, make] of mixtures) expect(Math.abs(make(1).logValue(0, 0))).toBeLessThan(1e-9)
  })

  it('treat both sides alike when two-sided', () => {
    const mixture = twoSidedNormalMixture(100, 0.05)
    expect(mixture.logValue(-12, 70)).toBe(mixture.logValue(12, 70))
    const even = betaBinomialMixture(100, 0.05, { g: 0.5, h: 0.5 }, 'two')
    expect(even.logValue(-12, 70)).toBeCloseTo(even.logValue(12, 70), 9)
  })

  it('give the largest possible deviation as the bound of a few bounded trials', () => {
    const mixture = betaBinomialMixture(100, 0.05, range, 'one')
    expect(mixture.bound(2 * 0.2 * 0.8, 0.05)).toBe((2 * 0.2 * 0.8) / 0.2)
    expect(mixture.bound(1e-4, 0.05)).toBe(1e-4 / 0.2)
  })

  it('know that a deviation beyond the possible is infinitely unlikely', () => {
    const mixture = betaBinomialMixture(100, 0.05, range, 'two')
    expect(mixture.logValue(10_000, 100)).toBe(Number.POSITIVE_INFINITY)
    expect(mixture.logValue(-10_000, 100)).toBe(Number.POSITIVE_INFINITY)
    const even = betaBinomialMixture(100, 0.05, { g: 0.5, h: 0.5 }, 'two')
    const furthest = 2 * (normalRho(100, 0.05) - 0.25)
    for (const sign of [-1, 1]) {
      expect(even.logValue(sign * furthest, 0)).toBe(Number.POSITIVE_INFINITY)
      expect(even.logValue(sign * furthest * 0.999, 0)).toBeLessThan(Number.POSITIVE_INFINITY)
    }
  })

  it('stay defined when tuned for less variance than one trial has', () => {
    const mixture = betaBinomialMixture(0.01, 0.05, range, 'two')
    expect(Math.abs(mixture.logValue(0, 0))).toBeLessThan(1e-9)
    expect(mixture.logValue(mixture.bound(50, 0.05), 50)).toBeCloseTo(Math.log(20), 7)
  })
})

describe('stitched boundaries', () => {
  it('have the published values', () => {
    expect(Math.abs(polyStitchingBound(100, 0.05, { vMin: 10, c: 3 }) - 64.48755)).toBeLessThan(PUBLISHED)
    expect(Math.abs(polyStitchingBound(100, 0.05, { vMin: 10, c: -1 }) - 28.99389)).toBeLessThan(PUBLISHED)
    expect(Math.abs(empiricalProcessBound(1_000, 0.05, 100) - 0.08204769)).toBeLessThan(PUBLISHED)
    expect(Math.abs(doubleStitchingBound(0.5, 1_000, 0.05, 100) - 68.62803)).toBeLessThan(PUBLISHED)
    expect(Math.abs(doubleStitchingBound(0.9, 1_000, 0.05, 100) - 43.72119)).toBeLessThan(PUBLISHED)
    expect(Math.abs(doubleStitchingBound(0.1, 1_000, 0.05, 100) - 59.96521)).toBeLessThan(PUBLISHED)
  })

  it('agree with their formulas as SciPy computes them, for all epochs and grids', () => {
    for (const { at, is } of golden.empiricalProcessBound) {
      const [t = 0, alpha = 0, tMin = 0, scale = 0] = at
      expect(empiricalProcessBound(t, alpha, tMin, scale) / is).toBeCloseTo(1, 11)
    }
    for (const { at, is } of golden.polyStitchingBound) {
      const [v = 0, alpha = 0, vMin = 0, c = 0, s = 0, eta = 0] = at
      expect(polyStitchingBound(v, alpha, { vMin, c }, { s, eta }) / is).toBeCloseTo(1, 12)
    }
    for (const { at, is } of golden.doubleStitchingBound) {
      const [p = 0, t = 0, alpha = 0, tMin = 0, delta = 0, s = 0, eta = 0] = at
      expect(doubleStitchingBound(p, t, alpha, tMin, delta, { s, eta }) / is).toBeCloseTo(1, 12)
    }
  })

  it('say nothing before their first time', () => {
    expect(empiricalProcessBound(99, 0.05, 100)).toBe(Number.POSITIVE_INFINITY)
    expect(empiricalProcessBound(100, 0.05, 100)).toBeLessThan(1)
    expect(polyStitchingBound(1, 0.05, { vMin: 10, c: 3 })).toBe(polyStitchingBound(10, 0.05, { vMin: 10, c: 3 }))
    expect(doubleStitchingBound(0.5, 10, 0.05, 100)).toBe(doubleStitchingBound(0.5, 100, 0.05, 100))
  })

  it('fall per observation and rise with confidence', () => {
    expect(empiricalProcessBound(4_000, 0.05, 100)).toBeLessThan(empiricalProcessBound(1_000, 0.05, 100))
    expect(empiricalProcessBound(1_000, 0.01, 100)).toBeGreaterThan(empiricalProcessBound(1_000, 0.05, 100))
    expect(polyStitchingBound(400, 0.05, { vMin: 10, c: 0 }) / 400).toBeLessThan(
      polyStitchingBound(100, 0.05, { vMin: 10, c: 0 }) / 100,
    )
    expect(polyStitchingBound(100, 0.01, { vMin: 10, c: 0 })).toBeGreaterThan(
      polyStitchingBound(100, 0.05, { vMin: 10, c: 0 }),
    )
  })
})

describe('the confidence sequence of a proportion', () => {
  it.each([
    [700, 1000, 100, 0.651629, 0.745949],
    [15, 50, 50, 0.129556, 0.511896],
    [5, 50, 50, 0.013021, 0.269264],
    [1, 50, 50, 0, 0.13489],
    [1, 2, 50, 0, 1],
    [100, 200, 1, 0.328923, 0.671076],
    [0, 1, 50, 0, 1],
    [1, 1, 50, 0, 1],
  ])('has the published interval for %d of %d', (successes, trials, tunedFor, low, high) => {
    const found = proportionInterval(successes, trials, 0.05, tunedFor)
    expect(Math.abs(found.low - low)).toBeLessThan(PUBLISHED)
    expect(Math.abs(found.high - high)).toBeLessThan(PUBLISHED)
  })

  it('ends at exactly 0 or 1 while these cannot be told apart from what was seen', () => {
    expect(proportionInterval(1, 50, 0.05, 50).low).toBe(0)
    expect(proportionInterval(49, 50, 0.05, 50).high).toBe(1)
    expect(proportionInterval(0, 50, 0.05, 50).low).toBe(0)
    expect(proportionInterval(50, 50, 0.05, 50).high).toBe(1)
    expect(proportionInterval(1, 2, 0.05, 50)).toEqual({ low: 0, high: 1 })
  })

  it('knows nothing without trials, and narrows with more of them', () => {
    expect(proportionInterval(0, 0, 0.05, 100)).toEqual({ low: 0, high: 1 })
    const some = proportionInterval(20, 200, 0.05, 200)
    const many = proportionInterval(200, 2_000, 0.05, 200)
    expect(many.low).toBeGreaterThan(some.low)
    expect(many.high).toBeLessThan(some.high)
  })

  it('holds the observed share and mirrors with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), (successes) => {
        const found = proportionInterval(successes, 400, 0.05, 200)
        const mirrored = proportionInterval(400 - successes, 400, 0.05, 200)
        expect(found.low).toBeLessThanOrEqual(successes / 400)
        expect(found.high).toBeGreaterThanOrEqual(successes / 400)
        expect(mirrored.low).toBeCloseTo(1 - found.high, 8)
      }),
      { numRuns: 40 },
    )
  })
})

describe('the sequential test of one quantile', () => {
  const ramp = (offset: number) => Array.from({ length: 1_000 }, (_, index) => index + 1 + offset)
  const options = { tunedFor: 100, alpha: 0.05 }

  it.each([
    [0.5, 70, 0.814704],
    [0.5, 85, 0.0838055],
    [0.5, 100, 0.0054947],
    [0.9, 55, 0.0340463],
  ])('has the published p-value at p%d for a shift of %d', (p, shift, value) => {
    expect(Math.abs(quantileTest(ramp(0), ramp(shift), p, options) - value)).toBeLessThan(PUBLISHED)
    expect(Math.abs(quantileTest(ramp(shift), ramp(0), p, options) - value)).toBeLessThan(PUBLISHED)
  })

  it('does not depend on the order of the values', () => {
    const shuffle = (values: readonly number[]) => values.map((_, index) => values[(index * 617 + 5) % 1_000] ?? 0)
    expect(shuffle(ramp(70)).toSorted((a, b) => a - b)).toEqual(ramp(70))
    const sorted = quantileTest(ramp(0), ramp(70), 0.5, options)
    expect(quantileTest(shuffle(ramp(0)), ramp(70), 0.5, options)).toBe(sorted)
    expect(quantileTest(ramp(0), shuffle(ramp(70)), 0.5, options)).toBe(sorted)
  })

  it('is 1 for equal samples, for equal constants and without data', () => {
    expect(quantileTest([], [], 0.5, options)).toBe(1)
    expect(quantileTest(ramp(0), ramp(0), 0.9, options)).toBe(1)
    expect(quantileTest([3, 3, 3, 3], [3, 3, 3, 3], 0.5, options)).toBe(1)
    expect(quantileTest([], ramp(0), 0.5, options)).toBe(1)
    expect(quantileTest(ramp(0), [], 0.5, options)).toBe(1)
  })
})
