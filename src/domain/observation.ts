import type { Milliseconds } from './units.ts'

/**
 * Request latencies of one arm in one window, as counts per bucket.
 *
 * `upperBoundsSeconds` ascend strictly and leave out +Inf; `counts` has one entry more than it: the last one counts what
 * was slower than every bound. Counts are per bucket (not cumulative) and may be fractional when a store extrapolates.
 */
export interface LatencyHistogram {
  readonly upperBoundsSeconds: readonly number[]
  readonly counts: readonly number[]
}

/** What one pool did in one window. `errors` ≤ `requests`; both are ≥ 0 and finite. */
export interface ArmCounts {
  readonly requests: number
  readonly errors: number
  /** Absent (null) when the source measures no latency. */
  readonly latency: LatencyHistogram | null
  /** Further named events, such as `orders`, as the metric source is set up to count them; ≥ 0 and finite. */
  readonly events: Readonly<Record<string, number>>
  /** Requests that were sent in the window, answered by its end or not; absent where the source cannot say. */
  readonly started?: number
  /** How often processes of the pool were seen to have restarted; absent where the source cannot say. */
  readonly restarts?: number
  /**
   * What cannot be counted though it should be, by name (an event's, or `errors`), with a sentence that says why. Such an
   * event is absent from {@link events}.
   */
  readonly missing?: Readonly<Record<string, string>>
}

/** What one pool did in one stretch of the past, as a metric source has kept it. */
export interface RecordedWindow {
  readonly start: Milliseconds
  readonly end: Milliseconds
  readonly counts: ArmCounts
}

export type MetricFault = 'auth' | 'badQuery' | 'throttled' | 'timeout' | 'unavailable' | 'malformed'

/**
 * The only way a measurement reaches a judge. Every kind but `value` is inconclusive by definition; `reason` is a
 * sentence for people.
 */
export type MetricResult<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'noData'; readonly reason: string }
  | { readonly kind: 'nan'; readonly reason: string }
  | { readonly kind: 'stale'; readonly reason: string; readonly ageSeconds: number }
  | { readonly kind: 'error'; readonly fault: MetricFault; readonly reason: string }
