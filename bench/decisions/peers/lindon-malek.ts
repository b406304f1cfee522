import { logBeta } from '../../../src/analysis/statistics/log-gamma.ts'
import { logBetaAbove } from './incomplete-beta.ts'

/** Events of each arm, and the share of the requests that the canary was given. */
export interface EventSplit {
  readonly canaryEvents: number
  readonly stableEvents: number
  readonly canaryShare: number
}

/**
 * ln of the e-value of Lindon and Malek (NeurIPS 2022, arXiv 2011.03567) against "events split as the requests do": a
 * beta mixture with `mass` pseudo-events split like the requests. Two-sided.
 */
export function lindonMalekEvidence({ canaryEvents, stableEvents, canaryShare }: EventSplit, mass: number): number {
  const [a, b] = [mass * canaryShare, mass * (1 - canaryShare)]
  return (
    logBeta(a + canaryEvents, b + stableEvents) -
    logBeta(a, b) -
    canaryEvents * Math.log(canaryShare) -
    stableEvents * Math.log1p(-canaryShare)
  )
}

/** The same with the mixture cut off below the canary's share, so that it only speaks against "no more events". */
export function truncatedEvidence(split: EventSplit, mass: number): number {
  const { canaryEvents, stableEvents, canaryShare } = split
  const [a, b] = [mass * canaryShare, mass * (1 - canaryShare)]
  return (
    lindonMalekEvidence(split, mass) +
    logBetaAbove(a + canaryEvents, b + stableEvents, canaryShare) -
    logBetaAbove(a, b, canaryShare)
  )
}
