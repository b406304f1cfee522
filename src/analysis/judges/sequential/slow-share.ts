import type { LatencyHistogram } from '../../../domain/observation.ts'
import { formatSeconds } from '../../explain.ts'
import { hasSameBuckets, totalOf } from '../../histogram.ts'
import { describeInterval, SURE } from './rate-outlook.ts'
import { addToRatio, NO_RATIO, type RatioEvidence, ratioInterval } from './ratio-evidence.ts'

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

/** With one more look; the same when the look counts in other buckets. */
export function addSlow(before: SlowShare, canary: LatencyHistogram, stable: LatencyHistogram): SlowShare {
  if (!hasSameBuckets(before.upperBoundsSeconds, canary.upperBoundsSeconds)) return before
  const slow = ({ counts }: LatencyHistogram) => counts.slice(before.bound + 1).reduce((sum, count) => sum + count, 0)
  const counts = {
    ...{ canaryEvents: slow(canary), canaryTrials: totalOf(canary) },
    ...{ stableEvents: slow(stable), stableTrials: totalOf(stable) },
  }
  return { ...before, ratio: addToRatio(before.ratio, counts) }
}

/** `; requests over 250 ms: 0.71 to 1.4 times as many (95% sure)`; nothing while nothing is known. */
export function describeSlow(slow: SlowShare | undefined): string {
  if (slow === undefined) return ''
  const said = describeInterval(ratioInterval(slow.ratio, SURE))
  const seconds = slow.upperBoundsSeconds[slow.bound] ?? 0
  return said === '' ? '' : said.replace('; ', `; requests over ${formatSeconds(seconds)}: `)
}

/** The figures of the same. */
export function slowFigures(slow: SlowShare | undefined): Readonly<Record<string, number>> {
  const interval = slow === undefined ? null : ratioInterval(slow.ratio, SURE)
  if (slow === undefined || interval === null) return {}
  return {
    slowOverSeconds: slow.upperBoundsSeconds[slow.bound] ?? 0,
    slowRatioAtLeast: interval.atLeast,
    slowRatioAtMost: interval.atMost,
    ratioConfidence: SURE,
  }
}
