import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import type { PoolRoles } from '../domain/exposure.ts'
import type { Cursor, MetricResult, Observation, RecordedWindow } from '../domain/observation.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'

export interface ObserveRequest {
  readonly roles: PoolRoles
  /** Where the last observation ended, or null for the first one of a release. */
  readonly since: Cursor | null
  /** Time of this look by the clock that orders the release (not the worker's own). */
  readonly now: Instant
  /** Nothing before this time may be counted: when the first exposure was read back. */
  readonly notBefore: Instant
  /** Only the requests of this cohort count; absent: all. There when `capabilities.cohorts`. */
  readonly cohort?: string
}

export interface QueryRequest {
  /** The query in the source's own language, e.g. PromQL. */
  readonly query: string
  readonly now: Instant
}

/** The past of one pool, cut into windows of one length. */
export interface RecordRequest {
  readonly pool: string
  readonly start: Instant
  readonly end: Instant
  /** Length of a window; windows begin and end at multiples of it. */
  readonly step: Milliseconds
}

/** A query answers with the numbers of its series, in the source's order; never empty (that is `noData`). */
export type QueryValue = readonly number[]

/**
 * The port to anything that measures the pools of one target. One instance serves one target.
 *
 * Promises of every adapter, checked by `test/contracts/metric-source-contract.ts`:
 * 1. Windows follow one another without gap or overlap: with the cursor of the last observation nothing is lost and
 *    nothing is counted twice, also across a restart of the caller.
 * 2. A series' first samples count where they are new, and where they may be older than the window they do not. What is
 *    absent is 0 only where it has been seen: errors while requests tell which of them failed, an event once either pool
 *    has reported it. What was not seen, or is broken, is `missing` from the counts, with its reason.
 * 3. Nothing is a number unless it is one: an absent arm is `noData`, NaN is `nan`, an old sample is `stale`, a failed
 *    call is `error`. Only `value` can lead to a pass or a failure.
 * 4. No method throws, except the signal's reason when `signal` aborts; each has a total deadline, however many calls it
 *    makes, except `record`, whose every call has one.
 */
export interface MetricSource {
  readonly capabilities: MetricSourceCapabilities
  observe(request: ObserveRequest, signal: AbortSignal): Promise<Observation>
  query(request: QueryRequest, signal: AbortSignal): Promise<MetricResult<QueryValue>>
  /**
   * The whole windows between `start` and `end` in which the pool was seen, oldest first; windows with a gap in the data
   * or with numbers that are none are left out. There when `capabilities.records`.
   */
  record?(request: RecordRequest, signal: AbortSignal): Promise<MetricResult<readonly RecordedWindow[]>>
  /** The shortest window that {@link record} can be relied on for; there when it is. */
  readonly shortestRecord?: Milliseconds
  /** Frees sockets and timers. */
  close(): Promise<void>
}
