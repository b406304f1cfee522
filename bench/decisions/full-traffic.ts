import { normalCdf } from '../../src/analysis/statistics/normal.ts'
import type { Random } from '../../src/analysis/statistics/random.ts'
import type { ArmCounts, LatencyHistogram, RecordedWindow } from '../../src/domain/observation.ts'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'

/** What a version that everybody is on does, from some time after the promotion on. */
export interface FullTraffic {
  readonly what: 'errors' | 'orders' | 'latency'
  /** How many times as many (or as slow) from then on; a `share` instead stands for itself. Null: nothing changes. */
  readonly change: { readonly factor: number } | { readonly share: number } | null
}

export const MINUTE: Milliseconds = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY

const CHANGES = {
  'full-errors-x2': { what: 'errors', change: { factor: 2 } },
  'full-errors-x3': { what: 'errors', change: { factor: 3 } },
  'full-errors-x5': { what: 'errors', change: { factor: 5 } },
  'full-errors-x10': { what: 'errors', change: { factor: 10 } },
  'full-errors-50%': { what: 'errors', change: { share: 0.5 } },
  'full-errors-100%': { what: 'errors', change: { share: 1 } },
  'full-orders-x.7': { what: 'orders', change: { factor: 0.7 } },
  'full-orders-x.5': { what: 'orders', change: { factor: 0.5 } },
  'full-orders-x.1': { what: 'orders', change: { factor: 0.1 } },
  'full-latency-x1.5': { what: 'latency', change: { factor: 1.5 } },
  'full-latency-x2': { what: 'latency', change: { factor: 2 } },
  'full-latency-x4': { what: 'latency', change: { factor: 4 } },
} as const satisfies Record<string, FullTraffic>

export const FULL_SCENARIOS: Readonly<Record<string, FullTraffic>> = {
  'full-errors-week': { what: 'errors', change: null },
  'full-orders-week': { what: 'orders', change: null },
  'full-latency-week': { what: 'latency', change: null },
  ...CHANGES,
}

const REQUESTS_PER_SECOND = 50
const GROWTH_PER_YEAR = 0.3
const INCIDENTS_PER_YEAR = 6
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SIGMA = 0.6

/** How each of them varies: `swing` over the day, `noise` as CV per minute and per hour, incidents by a factor. */
const KINDS = {
  errors: { base: 0.005, swing: 0.6, weekend: 0.75, minute: 0.3, hour: 0.2, incident: [2, 8] },
  orders: { base: 0.03, swing: 0.6, weekend: 0.8, minute: 0.15, hour: 0.1, incident: [0.8, 0.3] },
  latency: { base: 0.1, swing: 0.25, weekend: 0.9, minute: 0.1, hour: 0.08, incident: [1.3, 3] },
} as const

/** One service over a year: its share of errors or orders, or its median seconds, minute by minute. */
export interface Service {
  readonly counts: (start: Instant, duration: Milliseconds, change: FullTraffic['change']) => ArmCounts
}

/** A year of one service, whose noise is drawn as it comes: ask for times in order. */
export function startService(what: FullTraffic['what'], random: Random): Service {
  const kind = KINDS[what]
  const incidents = drawIncidents(kind.incident, random)
  const hourly = noise(HOUR, kind.hour, random)
  const minutely = noise(MINUTE, kind.minute, random)
  return {
    counts(start, duration, change) {
      const incident = incidents.find(({ from, until }) => start >= from && start < until)?.factor ?? 1
      const level = kind.base * (1 + (GROWTH_PER_YEAR * start) / (365 * DAY)) * rhythm(start, kind.swing, kind.weekend)
      const value = level * hourly(start) * minutely(start) * incident
      const now = change === null ? value : 'share' in change ? change.share : value * change.factor
      const mean = (REQUESTS_PER_SECOND * rhythm(start, 0.6, 0.7) * duration) / 1_000
      return draw(what, random.poisson(mean), now, random)
    },
  }
}

function rhythm(at: Instant, swing: number, weekend: number): number {
  const isWeekend = Math.floor(at / DAY) % 7 >= 5
  return (1 + swing * Math.sin((2 * Math.PI * at) / DAY)) * (isWeekend ? weekend : 1)
}

/** A log-normal factor with mean 1 that holds for so long. */
function noise(lasting: Milliseconds, variation: number, random: Random): (at: Instant) => number {
  const variance = Math.log1p(variation ** 2)
  let [place, factor] = [-1, 1]
  return (at) => {
    const now = Math.floor(at / lasting)
    if (now !== place) [place, factor] = [now, Math.exp(Math.sqrt(variance) * random.normal() - variance / 2)]
    return factor
  }
}

/** Six a year, half of them longer than 12 min, one in a hundred an hour; how bad is even on a logarithmic scale. */
function drawIncidents([mild, bad]: readonly [number, number], random: Random) {
  const count = random.poisson(INCIDENTS_PER_YEAR * (60 / 52))
  return Array.from({ length: count }, () => {
    const from = random.uniform() * 60 * WEEK
    const lasting = Math.min(HOUR, random.logNormal(Math.log(12 * MINUTE), 0.7))
    return { from, until: from + lasting, factor: mild * (bad / mild) ** random.uniform() }
  })
}

function draw(what: FullTraffic['what'], requests: number, value: number, random: Random): ArmCounts {
  const none = { requests, errors: 0, latency: null, events: {} }
  switch (what) {
    case 'errors':
      return { ...none, errors: random.binomial(requests, Math.min(1, value)) }
    case 'orders':
      return { ...none, events: { orders: random.binomial(requests, Math.min(1, value)) } }
    case 'latency':
      return { ...none, latency: drawHistogram(requests, value, random) }
  }
}

function drawHistogram(requests: number, median: number, random: Random): LatencyHistogram {
  let [left, beyond] = [requests, 1]
  const counts = BOUNDS.map((bound) => {
    const above = 1 - normalCdf(Math.log(bound / median) / SIGMA)
    const count = random.binomial(left, beyond > 0 ? (beyond - above) / beyond : 1)
    left -= count
    beyond = above
    return count
  })
  return { upperBoundsSeconds: BOUNDS, counts: [...counts, left] }
}

/** What a metric store would have kept of so long before: in windows of half an hour, and the last day minute by minute. */
export function recordOf(
  service: Service,
  from: Instant,
  until: Instant,
  add: (left: ArmCounts, right: ArmCounts) => ArmCounts,
): readonly (readonly RecordedWindow[])[] {
  const [coarse, fine]: [RecordedWindow[], RecordedWindow[]] = [[], []]
  for (let start = from; start < until; start += 30 * MINUTE) {
    const minutes = Array.from({ length: 30 }, (_, minute): RecordedWindow => {
      const at = start + minute * MINUTE
      return { start: at, end: at + MINUTE, counts: service.counts(at, MINUTE, null) }
    })
    if (start >= until - DAY) fine.push(...minutes)
    const counts = minutes.map((minute) => minute.counts).reduce(add)
    coarse.push({ start, end: start + 30 * MINUTE, counts })
  }
  return [coarse, fine]
}
