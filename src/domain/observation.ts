import type { Instant } from './units.ts'

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

/**
 * What one pool did in one window. `errors` ≤ `requests`; all counts are ≥ 0 and finite. A part that is `missing` says
 * nothing: a judge asks for the arm by `knownTo` (analysis/checks), which makes an arm without the part that it needs no value.
 */
export interface ArmCounts {
  readonly requests: number
  /** 0 where `missing.errors` says that nobody knows. */
  readonly errors: number
  /** Absent (null) when the source measures no latency. */
  readonly latency: LatencyHistogram | null
  /** Further named events, such as `orders`, that the metric source has seen; ≥ 0 and finite. */
  readonly events: Readonly<Record<string, number>>
  /** What the source is set up to count and cannot; absent when nothing is missing. */
  readonly missing?: MissingParts
  /**
   * How often a process of the pool has begun anew, as far as its counters tell. A process that reports both pools, such as
   * a proxy, counts for both. Absent when the source cannot tell.
   */
  readonly restarts?: number
  /** Requests sent to the pool, answered or not; absent when the source counts none. May be less than `requests`. */
  readonly started?: number
}

/** Parts of the counts that are not known, each with the sentence that says why. */
export interface MissingParts {
  readonly errors?: string
  readonly latency?: string
  readonly started?: string
  /** By the event's name. */
  readonly events?: Readonly<Record<string, string>>
}

/** What one pool did in one stretch of the past, as a metric source has kept it. */
export interface RecordedWindow {
  readonly start: Instant
  readonly end: Instant
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
  /** `answers`: the numbers of a query, odd ones included, for a judge whose rules say what to make of them. */
  | { readonly kind: 'nan'; readonly reason: string; readonly answers?: readonly number[] }
  | { readonly kind: 'stale'; readonly reason: string; readonly ageSeconds: number }
  | { readonly kind: 'error'; readonly fault: MetricFault; readonly reason: string }

/**
 * Where an earlier observation ended: plain JSON that the source wrote and only the source reads. The guard keeps it in
 * its heartbeat, so observing goes on without a gap or an overlap after a restart.
 */
export type Cursor = { readonly [key: string]: unknown }

/** What both pools did in one window. */
export interface Observation {
  readonly stable: MetricResult<ArmCounts>
  readonly canary: MetricResult<ArmCounts>
  /** The window the counts cover; empty (start = end) when the source has only just set its starting point. */
  readonly window: { readonly start: Instant; readonly end: Instant }
  /** Where the next observation goes on; equals `since` when nothing could be observed. */
  readonly cursor: Cursor | null
}
