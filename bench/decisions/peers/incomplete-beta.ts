import { logUpperBeta } from '../../../src/analysis/statistics/incomplete-beta.ts'

/** ln P(X > x) for X ~ Beta(a, b) with a, b > 0, in the order in which the peers' formulas name its parts. */
export function logBetaAbove(a: number, b: number, x: number): number {
  return logUpperBeta(x, a, b)
}
