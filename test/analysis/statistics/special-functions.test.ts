import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  incompleteBeta,
  inverseIncompleteBeta,
  logIncompleteBeta,
  logUpperBeta,
} from '../../../src/analysis/statistics/incomplete-beta.ts'
import { logLowerGamma, logUpperGamma } from '../../../src/analysis/statistics/incomplete-gamma.ts'
import { logBeta, logGamma } from '../../../src/analysis/statistics/log-gamma.ts'
import {
  erfc,
  logNormalCdf,
  logNormalDensity,
  normalCdf,
  normalQuantile,
} from '../../../src/analysis/statistics/normal.ts'
import { riemannZeta } from '../../../src/analysis/statistics/stitching.ts'
import golden from '../golden/golden.json' with { type: 'json' }

interface Row {
  readonly at: readonly number[]
  readonly is: number
}

/** Distance from what is expected as a multiple of the tolerance (a relative part, and an absolute one next to 0). */
function misfit(actual: number, expected: number, relative: number, absolute = 1e-300): number {
  return Math.abs(actual - expected) / (relative * Math.abs(expected) + absolute)
}

/** The worst misfit over all rows. */
function worst(
  rows: readonly Row[],
  compute: (...at: number[]) => number,
  relative: number,
  absolute?: number,
): number {
  return Math.max(...rows.map(({ at, is }) => misfit(compute(...at), is, relative, absolute)))
}

describe('special functions', () => {
  it('agree with SciPy', () => {
    expect(worst(golden.logGamma, logGamma, 1e-14, 1e-14)).toBeLessThanOrEqual(1)
    expect(worst(golden.logBeta, logBeta, 2e-14, 1e-14)).toBeLessThanOrEqual(1)
    expect(worst(golden.erfc, erfc, 2e-13)).toBeLessThanOrEqual(1)
    expect(worst(golden.normalCdf, normalCdf, 5e-13)).toBeLessThanOrEqual(1)
    expect(worst(golden.logNormalCdf, logNormalCdf, 5e-14, 1e-16)).toBeLessThanOrEqual(1)
    expect(worst(golden.normalQuantile, normalQuantile, 1e-14, 1e-16)).toBeLessThanOrEqual(1)
    expect(worst(golden.incompleteBeta, incompleteBeta, 1e-9)).toBeLessThanOrEqual(1)
    expect(worst(golden.upperBeta, logUpperBeta, 1e-9, 2e-9)).toBeLessThanOrEqual(1)
    expect(worst(golden.inverseIncompleteBeta, inverseIncompleteBeta, 2e-10)).toBeLessThanOrEqual(1)
    expect(worst(golden.logLowerGamma, logLowerGamma, 1e-11, 2e-9)).toBeLessThanOrEqual(1)
    expect(worst(golden.logUpperGamma, logUpperGamma, 1e-11, 2e-9)).toBeLessThanOrEqual(1)
    expect(worst(golden.riemannZeta, riemannZeta, 1e-13)).toBeLessThanOrEqual(1)
  })

  it('are NaN outside their domain and exact at its ends', () => {
    for (const bad of [0, -1, Number.NaN]) {
      expect(logGamma(bad)).toBeNaN()
      expect(logBeta(bad, 1)).toBeNaN()
      expect(logBeta(1, bad)).toBeNaN()
      expect(incompleteBeta(0.5, bad, 1)).toBeNaN()
      expect(logUpperBeta(0.5, 1, bad)).toBeNaN()
      expect(logLowerGamma(bad, 1)).toBeNaN()
      expect(logUpperGamma(bad, 1)).toBeNaN()
    }
    expect(logGamma(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
    expect(incompleteBeta(Number.NaN, 1, 1)).toBeNaN()
    expect(incompleteBeta(-1, 2, 3)).toBe(0)
    expect(incompleteBeta(2, 2, 3)).toBe(1)
    expect(logUpperBeta(0, 2, 3)).toBe(0)
    expect(logUpperBeta(1, 2, 3)).toBe(Number.NEGATIVE_INFINITY)
    expect(logUpperBeta(Number.NaN, 2, 3)).toBeNaN()
    expect(inverseIncompleteBeta(0, 2, 3)).toBe(0)
    expect(inverseIncompleteBeta(1, 2, 3)).toBe(1)
    for (const bad of [-0.1, 1.1, Number.NaN]) {
      expect(inverseIncompleteBeta(bad, 2, 3)).toBeNaN()
      expect(normalQuantile(bad)).toBeNaN()
    }
    expect(inverseIncompleteBeta(0.5, 0, 3)).toBeNaN()
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY)
    expect(erfc(Number.NaN)).toBeNaN()
    expect(normalCdf(0)).toBe(0.5)
    expect(logLowerGamma(2, 0)).toBe(Number.NEGATIVE_INFINITY)
    expect(logUpperGamma(2, 0)).toBe(0)
    expect(logLowerGamma(2, -1)).toBeNaN()
    expect(logUpperGamma(2, -1)).toBeNaN()
    expect(logNormalDensity(0)).toBeCloseTo(-0.5 * Math.log(2 * Math.PI), 14)
    expect(logNormalDensity(2)).toBeCloseTo(-2 - 0.5 * Math.log(2 * Math.PI), 14)
  })

  it('are continuous where one formula takes over from another', () => {
    expect(misfit(logGamma(12 - 1e-9), logGamma(12), 1e-9)).toBeLessThanOrEqual(1)
    expect(misfit(erfc(2 - 1e-12), erfc(2), 1e-11)).toBeLessThanOrEqual(1)
    expect(misfit(logNormalCdf(-35 + 1e-9), logNormalCdf(-35 - 1e-9), 1e-9)).toBeLessThanOrEqual(1)
    expect(misfit(normalQuantile(0.075 - 1e-12), normalQuantile(0.075 + 1e-12), 1e-10)).toBeLessThanOrEqual(1)
    expect(
      misfit(normalQuantile(Math.exp(-25) * (1 + 1e-9)), normalQuantile(Math.exp(-25) * (1 - 1e-9)), 1e-9),
    ).toBeLessThanOrEqual(1)
  })

  it('invert: quantile and distribution function undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (p) => {
        expect(misfit(normalCdf(normalQuantile(p)), p, 1e-11)).toBeLessThanOrEqual(1)
      }),
    )
    const parameter = fc.double({ min: 1, max: 500, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), parameter, parameter, (p, a, b) => {
        expect(misfit(incompleteBeta(inverseIncompleteBeta(p, a, b), a, b), p, 1e-7)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 60 },
    )
  })

  it('are symmetric: I_x(a, b) + I_{1−x}(b, a) = 1, Φ(z) + Φ(−z) = 1, P + Q = 1', () => {
    const parameter = fc.double({ min: 0.1, max: 2_000, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), parameter, parameter, (x, a, b) => {
        expect(misfit(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a), 1, 1e-10)).toBeLessThanOrEqual(1)
        expect(
          misfit(Math.exp(logIncompleteBeta(x, a, b)) + Math.exp(logUpperBeta(x, a, b)), 1, 1e-10),
        ).toBeLessThanOrEqual(1)
      }),
    )
    fc.assert(
      fc.property(fc.double({ min: -8, max: 8, noNaN: true }), (z) => {
        expect(misfit(normalCdf(z) + normalCdf(-z), 1, 1e-14)).toBeLessThanOrEqual(1)
      }),
    )
    fc.assert(
      fc.property(parameter, fc.double({ min: 0.01, max: 3, noNaN: true }), (a, factor) => {
        expect(
          misfit(Math.exp(logLowerGamma(a, a * factor)) + Math.exp(logUpperGamma(a, a * factor)), 1, 1e-10),
        ).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('rise with their argument', () => {
    const pair = fc.tuple(
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    )
    fc.assert(
      fc.property(pair, fc.double({ min: 0.5, max: 50, noNaN: true }), ([x, y], a) => {
        fc.pre(y - x > 1e-6)
        expect(incompleteBeta(x, a, 3)).toBeLessThanOrEqual(incompleteBeta(y, a, 3))
        expect(normalQuantile(x)).toBeLessThan(normalQuantile(y))
        expect(logLowerGamma(a, x)).toBeLessThan(logLowerGamma(a, y))
      }),
    )
  })
})
