import type { LatencyHistogram } from '../../../domain/observation.ts'
import { formatSeconds } from '../../explain.ts'
import { hasSameBuckets, totalOf } from '../../histogram.ts'
import { describeInterval, SURE } from './rate-outlook.ts'
import { addToRatio, NO_RATIO, type RatioEvidence, type RatioInterval, ratioInterval } from './ratio-evidence.ts'

/**
 * How many times as many requests of the canary as of stable are slower than one bound of their buckets. Plain JSON. The bound is
 * chosen once, from what stable did before, so that what is counted is one and the same thing at every look.
 */
export interface SlowShare {
  readonly upperBoundsSeconds: readonly number[]
  /** Index of the bound. */
  readonly bound: number
  readonly ratio: RatioEvidence
}

/** Requests beyond the bound that stable should have had before it is chosen, so that it is not chosen by chance. */
const ENOUGH_SLOW = 5

/**
 * Nothing until the past of stable shows where its slowest requests by `quantile` begin: then the largest bound that a share of
 * 1 − quantile at least is slower than. Null too where no bound is.
 */
export function chooseBound(past: LatencyHistogram, quantile: number): SlowShare | null {
  const total = totalOf(past)
  let slower = total
  let chosen: number | null = null
  for (const index of past.upperBoundsSeconds.keys()) {
    slower -= past.counts[index] ?? 0
    if (slower < ENOUGH_SLOW || slower < (1 - quantile) * total) break
    chosen = index
  }
  return chosen === null ? null : { upperBoundsSeconds: past.upperBoundsSeconds, bound: chosen, ratio: NO_RATIO }
}

/** The share of these requests that are slower than the bound; 1 where there are none. */
export function shareBeyond({ bound }: SlowShare, requests: LatencyHistogram): number {
  const total = totalOf(requests)
  return total > 0 ? slowerThanBound(bound, requests) / total : 1
}

/**
 * With one more look, of which so many slow requests as `designEffect` says count as one; it must be known before the look. The
 * same when the look counts in other buckets.
 */
export function addSlow(
  before: SlowShare,
  canary: LatencyHistogram,
  stable: LatencyHistogram,
  designEffect = 1,
): SlowShare {
  if (!hasSameBuckets(before.upperBoundsSeconds, canary.upperBoundsSeconds)) return before
  const slow = (arm: LatencyHistogram) => slowerThanBound(before.bound, arm)
  const counts = {
    ...{ canaryEvents: slow(canary), canaryTrials: totalOf(canary) },
    ...{ stableEvents: slow(stable), stableTrials: totalOf(stable) },
  }
  return { ...before, ratio: addToRatio(before.ratio, counts, designEffect) }
}

function slowerThanBound(bound: number, { counts }: LatencyHistogram): number {
  return counts.slice(bound + 1).reduce((sum, count) => sum + count, 0)
}

/** What is told of the slow requests: the bound, and how many times as many they are. */
export interface SlowOutlook {
  readonly seconds: number
  readonly interval: RatioInterval
}

/** Null while nothing is known. */
export function slowOutlook(slow: SlowShare | undefined): SlowOutlook | null {
  const interval = slow === undefined ? null : ratioInterval(slow.ratio, SURE)
  if (slow === undefined || interval === null) return null
  return { seconds: slow.upperBoundsSeconds[slow.bound] ?? 0, interval }
}

/** `; requests over 250 ms: 0.71 to 1.4 times as many (95% sure)`. */
export function describeSlow(outlook: SlowOutlook | null): string {
  return outlook === null ? '' : describeInterval(outlook.interval, `requests over ${formatSeconds(outlook.seconds)}: `)
}

/** The figures of the same. */
export function slowFigures(outlook: SlowOutlook | null): Readonly<Record<string, number>> {
  if (outlook === null) return {}
  const { seconds, interval } = outlook
  return {
    slowOverSeconds: seconds,
    slowRatioAtLeast: interval.atLeast,
    slowRatioAtMost: interval.atMost,
    ratioConfidence: SURE,
  }
}
