import { logGamma } from './log-gamma.ts'

const MOST_TERMS = 100_000

/**
 * ln of the regularised lower incomplete gamma function P(a, x) = P(Gamma(a) ≤ x), a > 0, x ≥ 0; NaN otherwise.
 * Relative error of P about 1e-13 · max(a, 100).
 *
 * Source: series DLMF 8.7.1 for x < a + 1, continued fraction DLMF 8.9.2 for the complement beyond.
 */
export function logLowerGamma(a: number, x: number): number {
  return logTails(a, x).lower
}

/** ln Q(a, x) = ln(1 − P(a, x)), exact also where Q underflows. */
export function logUpperGamma(a: number, x: number): number {
  return logTails(a, x).upper
}

/** The smaller one of both is computed, or nearly so; the other one follows without loss. */
function logTails(a: number, x: number): { readonly lower: number; readonly upper: number } {
  // That x is not negative needs no look: its logarithm is not a number otherwise.
  if (!(a > 0)) return { lower: Number.NaN, upper: Number.NaN }
  if (x === 0) return { lower: Number.NEGATIVE_INFINITY, upper: 0 }
  if (x < a + 1) {
    const lower = logSeries(a, x)
    return { lower, upper: Math.log1p(-Math.exp(lower)) }
  }
  const upper = logFraction(a, x)
  return { lower: Math.log1p(-Math.exp(upper)), upper }
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

/** By the modified Lentz method. No denominator comes near 0: with x ≥ a + 1 the n-th one is at least n + 1. */
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
