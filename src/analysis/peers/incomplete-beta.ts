import { logBeta } from '../statistics/log-gamma.ts'

/**
 * ln P(X > x) for X ~ Beta(a, b) with a, b > 0; −∞ where the probability underflows.
 *
 * Source: continued fraction DLMF 8.17.22, evaluated by the modified Lentz method, with the symmetry DLMF 8.17.4.
 */
export function logBetaAbove(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return Number.NEGATIVE_INFINITY
  const logFront = a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)
  if (x > (a + 1) / (a + b + 2)) return logFront + Math.log(fraction(b, a, 1 - x) / b)
  return Math.log1p(-Math.min(1, (Math.exp(logFront) * fraction(a, b, x)) / a))
}

const TINY = 1e-300

function fraction(a: number, b: number, x: number): number {
  let c = 1
  let d = 1 / awayFrom0(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / awayFrom0(1 + even * d)
    c = awayFrom0(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / awayFrom0(1 + odd * d)
    c = awayFrom0(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-14) break
  }
  return value
}

function awayFrom0(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}
