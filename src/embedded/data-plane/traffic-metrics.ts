import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Failure } from './service-call.ts'

/** The code of requests whose client left before anybody could have answered: neither good nor bad. */
export const LEFT = 'left'

/** What became of a request. */
export interface Ending {
  /**
   * The status the client got; 502 or 504 also for an answer that broke off, 499 when the client gave up waiting for the
   * service, `left` when it went away before that.
   */
  readonly code: number | typeof LEFT
  /** Name of the business event that the service reported with its answer. */
  readonly event: string | null
}

/** One request as it is counted. */
interface SentRequest {
  readonly pool: string
  /** The cohort by which it got there. */
  readonly cohort?: string | undefined
  /** True for a copy, for whose answer nobody waits. */
  readonly isCopy?: boolean
}

/** How one request ended. */
interface EndedRequest extends SentRequest, Ending {
  readonly seconds: number
}

/** What a service did instead of answering. A connection that was idle and is closed is no failure. */
type ServiceFailure = Extract<Failure, 'refused' | 'cut' | 'stale' | 'malformed' | 'silent'>

/** What is noted of a request while it is under way. */
export interface TrafficCounts {
  /** The pool began an answer. */
  answered(pool: string): void
  /** The pool did not answer, or not to the end. */
  fail(pool: string, failure: ServiceFailure): void
}

/** Counts requests per pool for the metrics page and for the admin API. */
export interface TrafficMetrics extends TrafficCounts {
  /** A request is handed to a pool. */
  send(request: SentRequest): void
  /** A copy is not sent, because too many are under way. */
  drop(pool: string): void
  /** The same for a request with a try-it ticket, which is counted as such and nowhere else. */
  tried(pool: string): TrafficCounts
  /** A request has ended; each that was sent does so once. */
  count(request: EndedRequest): void
  /** Requests each pool has been handed since the start, ended or not, without copies: who got where, not who was asked. */
  served(): Readonly<Record<string, number>>
  page(): Promise<{ readonly type: string; readonly text: string }>
}

/** Names of events that are followed; more would make the page grow with what services send. */
const MOST_EVENTS = 50
const EVENT_NAME = /^[a-zA-Z][a-zA-Z0-9_.-]{0,63}$/

/** Upper bounds in seconds: 37 from 1 ms to 10 s, each 29% above the last, so that a quantile is off by less than that. */
const LATENCY_BOUNDS_SECONDS: readonly number[] = Array.from({ length: 37 }, (_, index) =>
  Number((0.001 * 10 ** (index / 9)).toPrecision(4)),
)

/** Makes counters for the two pools; a series appears with its first request. */
export function createTrafficMetrics(pools: readonly [string, string]): TrafficMetrics {
  const registry = new Registry()
  const { started, tries, requests, durations, events, failures, outages, dropped } = createCounters(registry)
  const served: Record<string, number> = { [pools[0]]: 0, [pools[1]]: 0 }
  const eventNames = new Set<string>()
  /** Pools that answered when they were last asked. */
  const up = new Set<string>()
  return {
    send({ pool, ...origin }) {
      if (origin.isCopy !== true) served[pool] = (served[pool] ?? 0) + 1
      started.inc({ pool, ...labelsOf(origin) })
    },
    drop: (pool) => dropped.inc({ pool }),
    tried(pool) {
      tries.inc({ pool })
      return UNCOUNTED
    },
    answered: (pool) => void up.add(pool),
    fail(pool, failure) {
      failures.inc({ pool, reason: failure === 'stale' ? 'cut' : failure })
      if (failure === 'refused' && up.delete(pool)) outages.inc({ pool })
    },
    count({ pool, code, seconds, event, ...origin }) {
      const labels = { pool, ...labelsOf(origin) }
      requests.inc({ ...labels, code: String(code) })
      if (code !== LEFT) durations.observe(labels, seconds)
      if (event !== null && isFollowed(eventNames, event)) events.inc({ ...labels, event })
    },
    served: () => ({ ...served }),
    page: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}

/** Requests of no cohort, and those that are no copies, have no such label: their series stay what they are. */
function labelsOf({ cohort, isCopy = false }: Omit<SentRequest, 'pool'>) {
  return { ...(cohort !== undefined && { cohort }), ...(isCopy && { copy: 'yes' }) }
}

const UNCOUNTED: TrafficCounts = { answered: () => undefined, fail: () => undefined }

function createCounters(registry: Registry) {
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process in seconds since the Unix epoch.',
    registers,
  }).set(Math.round(performance.timeOrigin) / 1_000)
  return {
    started: counter(
      'sluice_proxy_requests_started_total',
      'Requests by the pool they were handed to, counted at once. What is not in sluice_proxy_requests_total is under way.',
      ...(['pool', 'cohort', 'copy'] as const),
    ),
    tries: counter(
      'sluice_proxy_tries_total',
      'Requests that came with a try-it ticket, by pool. They are counted nowhere else.',
      'pool',
    ),
    dropped: counter(
      'sluice_proxy_copies_dropped_total',
      'Copies that were not sent because too many were under way, by the pool they were meant for.',
      'pool',
    ),
    requests: counter(
      'sluice_proxy_requests_total',
      'Requests that have ended, by pool and status; 499: the client gave up waiting, left: it went before that.',
      ...(['pool', 'code', 'cohort', 'copy'] as const),
    ),
    durations: new Histogram({
      name: 'sluice_proxy_request_duration_seconds',
      help: 'Time from the arrival of a request to the end of its answer.',
      labelNames: ['pool', 'cohort', 'copy'],
      buckets: [...LATENCY_BOUNDS_SECONDS],
      registers,
    }),
    events: counter(
      'sluice_proxy_events_total',
      'Business events that services reported with their answers.',
      ...(['pool', 'event', 'cohort', 'copy'] as const),
    ),
    failures: counter(
      'sluice_proxy_service_failures_total',
      'Requests that a service did not answer, by reason: refused, cut, malformed, silent.',
      ...(['pool', 'reason'] as const),
    ),
    outages: counter(
      'sluice_proxy_outages_total',
      'How often a pool that had answered took no connections: a service that restarts again and again shows here.',
      'pool',
    ),
  }
}

function isFollowed(names: Set<string>, event: string): boolean {
  if (names.has(event)) return true
  if (names.size >= MOST_EVENTS || !EVENT_NAME.test(event)) return false
  names.add(event)
  return true
}
