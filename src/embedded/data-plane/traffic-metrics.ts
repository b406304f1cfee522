import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** How one request ended. `code` is the status the client got, 499 when the client left before the answer was whole. */
export interface ServedRequest {
  readonly pool: string
  readonly code: number
  readonly seconds: number
  /** Name of the business event that the service reported with its answer. */
  readonly event: string | null
}

/** Counts requests per pool for the metrics page and for the admin API. */
export interface TrafficMetrics {
  /** A request is handed to a pool. */
  send(pool: string): void
  /** It has ended. */
  count(request: ServedRequest): void
  /** Requests each pool has been handed since the start, ended or not. */
  served(): Readonly<Record<string, number>>
  page(): Promise<{ readonly type: string; readonly text: string }>
}

/** Names of events that are followed; more would make the page grow with what services send. */
const MOST_EVENTS = 50
const EVENT_NAME = /^[a-zA-Z][a-zA-Z0-9_.-]{0,63}$/

/** Upper bounds in seconds: 37 from 1 ms to 10 s, each 29 % above the last, so that a quantile is off by less than that. */
export const LATENCY_BOUNDS_SECONDS: readonly number[] = Array.from({ length: 37 }, (_, index) =>
  Number((0.001 * 10 ** (index / 9)).toPrecision(4)),
)

/** Makes counters for the two pools; a series appears with its first request. */
export function createTrafficMetrics(pools: readonly [string, string]): TrafficMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'sluice_proxy_requests_total',
    help: 'Requests by pool and status.',
    labelNames: ['pool', 'code'],
    registers,
  })
  const durations = new Histogram({
    name: 'sluice_proxy_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer.',
    labelNames: ['pool'],
    buckets: [...LATENCY_BOUNDS_SECONDS],
    registers,
  })
  const events = new Counter({
    name: 'sluice_proxy_events_total',
    help: 'Business events that services reported with their answers.',
    labelNames: ['pool', 'event'],
    registers,
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process in seconds since the Unix epoch.',
    registers,
  }).set(Math.round(performance.timeOrigin) / 1_000)
  const served: Record<string, number> = { [pools[0]]: 0, [pools[1]]: 0 }
  const eventNames = new Set<string>()
  return {
    send(pool) {
      served[pool] = (served[pool] ?? 0) + 1
    },
    count({ pool, code, seconds, event }) {
      requests.inc({ pool, code: String(code) })
      durations.observe({ pool }, seconds)
      if (event !== null && isFollowed(eventNames, event)) events.inc({ pool, event })
    },
    served: () => ({ ...served }),
    page: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}

function isFollowed(names: Set<string>, event: string): boolean {
  if (names.has(event)) return true
  if (names.size >= MOST_EVENTS || !EVENT_NAME.test(event)) return false
  names.add(event)
  return true
}
