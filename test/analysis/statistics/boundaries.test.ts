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

/** The published vectors of the confseq package are given to 1e-5 or better. */
const PUBLISHED = 1e-5
const range = { g: 0.2, h: 0.8 }

const mixtures: readonly (readonly [name: string, mixture: Mixture, logValue: number, bound: number])[] = [
  ['two-sided normal', twoSidedNormalMixture(100, 0.05), -0.6510052, 30.35209],
  ['one-sided normal', oneSidedNormalMixture(100, 0.05), -0.06502391, 27.66071],
  ['gamma-exponential', gammaExponentialMixture(100, 0.05, 2), -0.2490165, 33.02017],
  ['gamma-Poisson', gammaPoissonMixture(100, 0.05, 2), -0.06991219, 30.1949],
  ['two-sided beta-binomial', betaBinomialMixture(100, 0.05, range, 'two'), -0.6941012, 31.4308],
  ['one-sided beta-binomial', betaBinomialMixture(100, 0.05, range, 'one'), -0.07134019, 28.41238],
]

describe.each(mixtures)('the %s mixture', (_name, mixture, logValue, bound) => {
  it('has the published value and bound', () => {
    expect(Math.abs(mixture.logValue(10, 100) - logValue)).toBeLessThan(PUBLISHED)
    expect(Math.abs(mixture.bound(100, 0.05) - bound)).toBeLessThan(PUBLISHED)
  })

  it('reaches 1/alpha exactly at its bound', () => {
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
    for (const [, mixture] of mixtures) expect(Math.abs(mixture.logValue(0, 0))).toBeLessThan(1e-9)
  })

  it('treat both sides alike when two-sided', () => {
    const mixture = twoSidedNormalMixture(100, 0.05)
    expect(mixture.logValue(-12, 70)).toBe(mixture.logValue(12, 70))
    const even = betaBinomialMixture(100, 0.05, { g: 0.5, h: 0.5 }, 'two')
    expect(even.logValue(-12, 70)).toBeCloseTo(even.logValue(12, 70), 9)
  })

  it('give the largest possible deviation as the bound of a few bounded trials', () => {
    const mixture = betaBinomialMixture(100, 0.05, range, 'one')
    expect(Math.abs(mixture.bound(2 * 0.2 * 0.8, 0.05) - 2 * 0.8)).toBeLessThan(PUBLISHED)
  })

  it('know that a deviation beyond the possible is infinitely unlikely', () => {
    expect(betaBinomialMixture(100, 0.05, range, 'two').logValue(10_000, 100)).toBe(Number.POSITIVE_INFINITY)
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

  it('say nothing before their first time', () => {
    expect(empiricalProcessBound(99, 0.05, 100)).toBe(Number.POSITIVE_INFINITY)
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

  it('is 1 for equal samples, for equal constants and without data', () => {
    expect(quantileTest(ramp(0), ramp(0), 0.9, options)).toBe(1)
    expect(quantileTest([3, 3, 3, 3], [3, 3, 3, 3], 0.5, options)).toBe(1)
    expect(quantileTest([], ramp(0), 0.5, options)).toBe(1)
    expect(quantileTest(ramp(0), [], 0.5, options)).toBe(1)
  })
})
