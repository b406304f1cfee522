import type { LatencyCheck } from '../../checks/shapes.ts'

/** Requests slower than this quantile of stable are always told apart, even when the plan names only higher ones. */
const HIGHEST_FLOOR = 0.5

/** The quantile of stable below which a latency check against stable does not tell requests apart. */
export function floorOf(check: LatencyCheck): number {
  return Math.min(HIGHEST_FLOOR, ...check.quantiles.filter((quantile) => quantile > 0 && quantile < 1))
}
