import { logBeta } from './log-gamma.ts'

/** A factor this near to 1 changes a continued fraction no more. */
const CONVERGED = 4e-16
const MOST_TERMS = 20_000
/** Substitute for a denominator of 0 in a continued fraction. */
const TINY = 1e-300

/**
 * Regularised incomplete beta function I_x(a, b) = P(Beta(a, b) ≤ x) for a, b > 0; x is clamped to [0, 1]; NaN for other
 * parameters. Relative error about 1e-13 · max(a, b, 100).
 *
 * Source: continued fraction DLMF 8.17.22 by the modified Lentz method, with I_x(a, b) = 1 − I_{1−x}(b, a).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  return Math.exp(logTails(x, a, b).left)
}

/** ln P(Beta(a, b) > x) = ln I_{1−x}(b, a), exact also where I itself underflows. */
export function logUpperBeta(x: number, a: number, b: number): number {
  return logTails(x, a, b).right
}

/** ln I_x and ln(1 − I_x): the smaller one is computed, the other one follows without loss. */
function logTails(x: number, a: number, b: number): { readonly left: number; readonly right: number } {
  if (!(a > 0 && b > 0)) return { left: Number.NaN, right: Number.NaN }
  if (x <= 0) return { left: Number.NEGATIVE_INFINITY, right: 0 }
  if (x >= 1) return { left: 0, right: Number.NEGATIVE_INFINITY }
  if (x <= (a + 1) / (a + b + 2)) {
    const left = logLeftTail(x, a, b)
    return { left, right: Math.log1p(-Math.exp(left)) }
  }
  const right = logLeftTail(1 - x, b, a)
  return { left: Math.log1p(-Math.exp(right)), right }
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
    // So written that it is left at once, too, when x is not a number.
    if (!(Math.abs(d * c - 1) > CONVERGED)) break
  }
  return value
}

/** A sum with 1 is either 0 or far from it. */
function away(value: number): number {
  return value === 0 ? TINY : value
}
