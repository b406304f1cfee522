import { logGamma } from './log-gamma.ts'

const MOST_TERMS = 100_000

/**
 * ln of the regularised lower incomplete gamma function P(a, x) = P(Gamma(a) ≤ x), a > 0, x ≥ 0; NaN otherwise.
 * Relative error of P about 1e-13 · max(a, 100).
 *
 * Source: series DLMF 8.7.1 for x < a + 1, continued fraction DLMF 8.9.2 for the complement beyond.
 */
export function logLowerGamma(a: number, x: number): number {
  // That x is not negative needs no look: its logarithm is not a number otherwise.
  if (!(a > 0)) return Number.NaN
  if (x === 0) return Number.NEGATIVE_INFINITY
  return x < a + 1 ? logSeries(a, x) : Math.log1p(-Math.exp(logFraction(a, x)))
}

function logSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < MOST_TERMS && term > sum * 1e-17; n += 1) {
    term *= x / (a + n)
    sum += term
  }
  return logFront(a, x) + Math.log(sum)
}

/** ln of the complement, by the modified Lentz method. No denominator comes near 0: with x ≥ a + 1 the n-th one is at least n + 1. */
function logFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = Number.POSITIVE_INFINITY
  let d = 1 / b
  let value = d
  for (let n = 1; n < MOST_TERMS; n += 1) {
    const numerator = -n * (n - a)
    b += 2
    d = 1 / (numerator * d + b)
    c = b + numerator / c
    value *= d * c
    // So written that it is left at once, too, when x is not a number.
    if (!(Math.abs(d * c - 1) > 1e-16)) break
  }
  return logFront(a, x) + Math.log(value)
}

/** ln of x^a·e^−x/Γ(a). */
function logFront(a: number, x: number): number {
  return a * Math.log(x) - x - logGamma(a)
}
