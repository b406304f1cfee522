import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { incompleteBeta, logUpperBeta } from '../../../src/analysis/statistics/incomplete-beta.ts'
import { logLowerGamma } from '../../../src/analysis/statistics/incomplete-gamma.ts'
import { logBeta, logGamma } from '../../../src/analysis/statistics/log-gamma.ts'
import { erfc, logNormalCdf, normalCdf, normalQuantile } from '../../../src/analysis/statistics/normal.ts'
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
    expect(worst(golden.logLowerGamma, logLowerGamma, 1e-11, 2e-9)).toBeLessThanOrEqual(1)
  })

  it('are NaN outside their domain and exact at its ends', () => {
    for (const bad of [0, -1, Number.NaN]) {
      expect(logGamma(bad)).toBeNaN()
      for (const good of [1, 20]) {
        expect(logBeta(bad, good)).toBeNaN()
        expect(logBeta(good, bad)).toBeNaN()
      }
      for (const x of [0, 0.5, 1]) {
        expect(incompleteBeta(x, bad, 1)).toBeNaN()
        expect(incompleteBeta(x, 1, bad)).toBeNaN()
        expect(logUpperBeta(x, bad, 1)).toBeNaN()
        expect(logUpperBeta(x, 1, bad)).toBeNaN()
        expect(logLowerGamma(bad, x)).toBeNaN()
      }
    }
    expect(logLowerGamma(2, Number.NaN)).toBeNaN()
    expect(logNormalCdf(Number.NaN)).toBeNaN()
    expect(logGamma(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
    expect(incompleteBeta(Number.NaN, 1, 1)).toBeNaN()
    expect(incompleteBeta(-1, 2, 3)).toBe(0)
    expect(incompleteBeta(2, 2, 3)).toBe(1)
    expect(incompleteBeta(0, 2, 3)).toBe(0)
    expect(incompleteBeta(1, 2, 3)).toBe(1)
    expect(logUpperBeta(0, 2, 3)).toBe(0)
    expect(logUpperBeta(1, 2, 3)).toBe(Number.NEGATIVE_INFINITY)
    expect(logUpperBeta(Number.NaN, 2, 3)).toBeNaN()
    for (const bad of [-0.1, 1.1, Number.NaN]) {
      expect(normalQuantile(bad)).toBeNaN()
    }
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY)
    expect(erfc(Number.NaN)).toBeNaN()
    expect(normalCdf(0)).toBe(0.5)
    expect(logLowerGamma(2, 0)).toBe(Number.NEGATIVE_INFINITY)
    expect(logLowerGamma(2, -1)).toBeNaN()
  })

  it('have closed forms for small parameters, however far out', () => {
    for (const x of [1e-200, 1e-9, 0.1, 0.6, 0.999]) {
      for (const parameter of [0.01, 0.5, 1, 6, 150]) {
        const [power, rest] = [parameter * Math.log(x), parameter * Math.log1p(-x)]
        expect(misfit(incompleteBeta(x, parameter, 1), Math.exp(power), 1e-9)).toBeLessThanOrEqual(1)
        expect(misfit(logUpperBeta(x, 1, parameter), rest, 1e-12, 1e-14)).toBeLessThanOrEqual(1)
      }
    }
    for (const x of [1e-200, 1e-5, 0.3, 1, 1.9, 2.1, 5, 40, 700]) {
      expect(misfit(logLowerGamma(1, x), Math.log(-Math.expm1(-x)), 1e-12, 1e-15)).toBeLessThanOrEqual(1)
    }
  })

  it('stay right where the first denominator of the continued fraction vanishes', () => {
    // 1 − (a + b)x/(a + 1) is 0 in double precision here; the limit is that of (1 − x)^b.
    expect(misfit(incompleteBeta(2e-17, 1, 1e17), -Math.expm1(-2), 1e-12)).toBeLessThanOrEqual(1)
    expect(misfit(logUpperBeta(2e-17, 1, 1e17), -2, 1e-12)).toBeLessThanOrEqual(1)
  })

  it('keep the digits of ln B by the duplication formula B(a, a) = 2^(1 − 2a)·B(½, a)', () => {
    for (const a of [0.7, 3, 11.9, 12, 13.5, 40, 1e3, 1e5, 1e7, 1e9]) {
      const tolerance = a < 12 ? 1e-14 : 1e-15
      const duplicated = (1 - 2 * a) * Math.LN2 + logBeta(0.5, a)
      expect(misfit(logBeta(a, a), duplicated, tolerance)).toBeLessThanOrEqual(1)
    }
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
  })

  it('are symmetric: I_x(a, b) + I_{1−x}(b, a) = 1, Φ(z) + Φ(−z) = 1', () => {
    const parameter = fc.double({ min: 0.1, max: 2_000, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), parameter, parameter, (x, a, b) => {
        expect(misfit(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a), 1, 1e-10)).toBeLessThanOrEqual(1)
        expect(misfit(incompleteBeta(x, a, b) + Math.exp(logUpperBeta(x, a, b)), 1, 1e-10)).toBeLessThanOrEqual(1)
      }),
    )
    fc.assert(
      fc.property(fc.double({ min: -8, max: 8, noNaN: true }), (z) => {
        expect(misfit(normalCdf(z) + normalCdf(-z), 1, 1e-14)).toBeLessThanOrEqual(1)
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
