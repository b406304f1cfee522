import type { SplitCounts } from '../../../src/analysis/judges/split-test.ts'

/** Difference of the two arms' shares (canary − stable) with the variance of that difference, each arm with its own. */
export interface ShareDifference {
  readonly difference: number
  readonly variance: number
  /** Requests of both arms together. */
  readonly size: number
}

/** The difference of the shares so far; null while an arm has no request, because then it has no share. */
export function shareDifference(totals: SplitCounts): ShareDifference | null {
  const { canaryEvents, canaryTrials, stableEvents, stableTrials } = totals
  if (!(canaryTrials > 0 && stableTrials > 0)) return null
  const canary = canaryEvents / canaryTrials
  const stable = stableEvents / stableTrials
  const variance = (canary * (1 - canary)) / canaryTrials + (stable * (1 - stable)) / stableTrials
  return { difference: canary - stable, variance, size: canaryTrials + stableTrials }
}

/**
 * The two-proportion z statistic with pooled variance, positive when the canary's share is the larger; 0 while nothing
 * can be told.
 */
export function twoProportionZ(totals: SplitCounts): number {
  const difference = shareDifference(totals)
  if (difference === null) return 0
  const pooled = (totals.canaryEvents + totals.stableEvents) / difference.size
  const variance = pooled * (1 - pooled) * (1 / totals.canaryTrials + 1 / totals.stableTrials)
  return variance > 0 ? difference.difference / Math.sqrt(variance) : 0
}
