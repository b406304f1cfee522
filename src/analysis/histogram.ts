import type { LatencyHistogram } from '../domain/observation.ts'

/** All requests in the histogram. */
export function totalOf(histogram: LatencyHistogram): number {
  return histogram.counts.reduce((sum, count) => sum + count, 0)
}

/** True when both count into the same buckets. */
export function hasSameBuckets(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((bound, index) => bound === right[index])
}

/** Both together; null when they count into different buckets. */
export function addHistograms(left: LatencyHistogram, right: LatencyHistogram): LatencyHistogram | null {
  if (!hasSameBuckets(left.upperBoundsSeconds, right.upperBoundsSeconds)) return null
  return { ...right, counts: right.counts.map((count, index) => count + (left.counts[index] ?? 0)) }
}

/** Why the histogram cannot be used, as the rest of a sentence that starts with the arm; null when it can. */
export function histogramFault(histogram: LatencyHistogram): string | null {
  const { upperBoundsSeconds: bounds, counts } = histogram
  if (bounds.length === 0) return 'has a latency histogram without buckets'
  if (counts.length !== bounds.length + 1) return `has ${counts.length} latency counts for ${bounds.length} buckets`
  if (!bounds.every((bound, index) => Number.isFinite(bound) && bound > (bounds[index - 1] ?? 0)))
    return 'has latency buckets that do not ascend from 0'
  if (!counts.every((count) => Number.isFinite(count) && count >= 0))
    return 'has a latency count that is not a number ≥ 0'
  return null
}

/** A quantile of a histogram in seconds, or the largest bound it certainly exceeds. */
export type HistogramQuantile =
  | { readonly kind: 'within'; readonly seconds: number }
  | { readonly kind: 'above'; readonly seconds: number }

/**
 * The quantile of a histogram, by linear interpolation within its bucket (as Prometheus' `histogram_quantile`); `above`
 * the largest bound when it lies in the overflow bucket; null for an empty histogram.
 */
export function quantileOf(histogram: LatencyHistogram, quantile: number): HistogramQuantile | null {
  const { upperBoundsSeconds: bounds, counts } = histogram
  const total = totalOf(histogram)
  if (!(total > 0)) return null
  const rank = quantile * total
  let before = 0
  for (const [index, upper] of bounds.entries()) {
    const count = counts[index] ?? 0
    if (count > 0 && before + count >= rank) {
      const lower = bounds[index - 1] ?? 0
      return { kind: 'within', seconds: lower + (upper - lower) * Math.max(0, (rank - before) / count) }
    }
    before += count
  }
  return { kind: 'above', seconds: bounds.at(-1) ?? 0 }
}

/**
 * The share of requests slower than so many seconds, interpolated on a logarithmic scale within a bucket (linear in the
 * first); beyond the last bound it falls with the square. Good for choosing a bet, not for deciding one. Always 0 for an
 * empty histogram.
 */
export function survivalOf(histogram: LatencyHistogram): (seconds: number) => number {
  const { upperBoundsSeconds: bounds, counts } = histogram
  const total = totalOf(histogram)
  const last = bounds.at(-1)
  if (!(total > 0) || last === undefined) return () => 0
  let slower = total
  const slowerThan = bounds.map((_, index) => {
    slower -= counts[index] ?? 0
    return Math.max(0, slower) / total
  })
  const logs = bounds.map((bound) => Math.log(bound))
  return (seconds) => {
    if (seconds >= last) return (slowerThan.at(-1) ?? 0) * (last / seconds) ** 2
    const index = bucketOf(bounds, seconds)
    const upper = bounds[index] ?? last
    const atLower = slowerThan[index - 1] ?? 1
    const logLower = logs[index - 1]
    const part =
      logLower === undefined ? seconds / upper : (Math.log(seconds) - logLower) / ((logs[index] ?? logLower) - logLower)
    return atLower - (atLower - (slowerThan[index] ?? 0)) * part
  }
}

/** Index of the first bound larger than `seconds`; `bounds.length` when none is. */
function bucketOf(bounds: readonly number[], seconds: number): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((bounds[middle] ?? 0) > seconds) high = middle
    else low = middle + 1
  }
  return low
}
