import { logGamma } from './log-gamma.ts'

const TINY = 1e-300
const MOST_TERMS = 100_000

/**
 * ln of the regularised lower incomplete gamma function P(a, x) = P(Gamma(a) ≤ x), a > 0, x ≥ 0; NaN otherwise.
 * Relative error of P about 1e-13 · max(a, 100).
 *
 * Source: series DLMF 8.7.1 for x < a + 1, continued fraction DLMF 8.9.2 for the complement beyond.
 */
export function logLowerGamma(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN
  if (x === 0) return Number.NEGATIVE_INFINITY
  return x < a + 1 ? logSeries(a, x) : Math.log1p(-Math.exp(logFraction(a, x)))
}

/** ln Q(a, x) = ln(1 − P(a, x)), exact also where Q underflows. */
export function logUpperGamma(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN
  if (x === 0) return 0
  return x < a + 1 ? Math.log1p(-Math.exp(logSeries(a, x))) : logFraction(a, x)
}

function logSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < MOST_TERMS && term > sum * 1e-17; n += 1) {
    term *= x / (a + n)
    sum += term
  }
  return a * Math.log(x) - x - logGamma(a) + Math.log(sum)
}

function logFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let value = d
  for (let n = 1; n < MOST_TERMS; n += 1) {
    const numerator = -n * (n - a)
    b += 2
    d = 1 / away(numerator * d + b)
    c = away(b + numerator / c)
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-16) break
  }
  return a * Math.log(x) - x - logGamma(a) + Math.log(value)
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}
