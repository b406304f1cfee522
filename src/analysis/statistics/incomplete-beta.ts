import { logBeta } from './log-gamma.ts'

/** Smallest change that matters, and the substitute for a denominator of 0, in continued fractions. */
const EPSILON = 1e-16
const TINY = 1e-300
const MOST_TERMS = 20_000

/**
 * Regularised incomplete beta function I_x(a, b) = P(Beta(a, b) ≤ x) for a, b > 0; x is clamped to [0, 1]; NaN for other
 * parameters. Relative error about 1e-13 · max(a, b, 100).
 *
 * Source: continued fraction DLMF 8.17.22 by the modified Lentz method, with I_x(a, b) = 1 − I_{1−x}(b, a).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  return Math.exp(logIncompleteBeta(x, a, b))
}

/** ln I_x(a, b), exact also where I itself underflows. */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0) || Number.isNaN(x)) return Number.NaN
  if (x <= 0) return Number.NEGATIVE_INFINITY
  if (x >= 1) return 0
  return x <= (a + 1) / (a + b + 2) ? logLeftTail(x, a, b) : Math.log1p(-Math.exp(logLeftTail(1 - x, b, a)))
}

/** ln P(Beta(a, b) > x) = ln I_{1−x}(b, a). */
export function logUpperBeta(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0) || Number.isNaN(x)) return Number.NaN
  if (x <= 0) return 0
  if (x >= 1) return Number.NEGATIVE_INFINITY
  return x <= (a + 1) / (a + b + 2) ? Math.log1p(-Math.exp(logLeftTail(x, a, b))) : logLeftTail(1 - x, b, a)
}

/**
 * The x with I_x(a, b) = p; NaN for p outside [0, 1] or parameters not positive. By bisection, to the last bit but one:
 * slower than Newton's method and never wrong.
 */
export function inverseIncompleteBeta(p: number, a: number, b: number): number {
  if (!(p >= 0 && p <= 1 && a > 0 && b > 0)) return Number.NaN
  if (p === 0 || p === 1) return p
  const logP = Math.log(p)
  let low = 0
  let high = 1
  for (let round = 0; round < 200; round += 1) {
    // Near 0 the geometric mean finds the exponent before the digits.
    const middle =
      low > 0 && high / low > 4 ? Math.sqrt(low * high) : low === 0 && high < 1e-3 ? high / 1024 : (low + high) / 2
    if (middle <= low || middle >= high || middle < TINY) break
    if (logIncompleteBeta(middle, a, b) < logP) low = middle
    else high = middle
  }
  return (low + high) / 2
}

function logLeftTail(x: number, a: number, b: number): number {
  const front = a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - logBeta(a, b)
  return front + Math.log(betaFraction(x, a, b))
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < EPSILON * 4) break
  }
  return value
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}
