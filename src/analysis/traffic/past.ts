import type { ArmCounts, LatencyHistogram } from '../../domain/observation.ts'
import { isCount } from '../arms.ts'
import { addHistograms, histogramFault } from '../histogram.ts'

/** What stable has shown in this release, by one metric source. Plain JSON of bounded size. */
export interface StablePast {
  readonly errors: PastCount
  readonly events: Readonly<Record<string, PastCount>>
  readonly latency: LatencyHistogram | null
}

/** So many events in so many requests. */
export interface PastCount {
  readonly events: number
  readonly requests: number
}

/** From this many requests on older ones are counted half, so that the past is that of these days. */
const FORGET_FROM = 1_000_000
const MOST_EVENTS = 50
const MOST_BUCKETS = 200
const NOTHING: PastCount = { events: 0, requests: 0 }

/** What stable has shown with one more look; what is impossible, or cannot be counted, is left out. */
export function rememberStable(past: StablePast | null, look: ArmCounts): StablePast {
  const known = past ?? { errors: NOTHING, events: {}, latency: null }
  const { requests, errors, missing } = look
  if (!isCount(requests) || requests === 0) return known
  const events = Object.entries(look.events).filter(([, count]) => isCount(count))
  const fresh = events.map(([name, count]) => [name, add(ownOf(known.events, name), count, requests)] as const)
  return {
    errors: isCount(errors) && missing?.errors === undefined ? add(known.errors, errors, requests) : known.errors,
    events: Object.fromEntries([...Object.entries(known.events), ...fresh].slice(0, MOST_EVENTS)),
    latency: look.latency === null ? known.latency : addLatency(known.latency, look.latency),
  }
}

function ownOf(events: StablePast['events'], name: string): PastCount {
  return Object.hasOwn(events, name) ? (events[name] ?? NOTHING) : NOTHING
}

function add(past: PastCount, events: number, requests: number): PastCount {
  const kept = past.requests > FORGET_FROM ? 0.5 : 1
  return { events: past.events * kept + events, requests: past.requests * kept + requests }
}

/** Other buckets mean that the service was changed: what was known belongs to the old ones. */
function addLatency(past: LatencyHistogram | null, look: LatencyHistogram): LatencyHistogram | null {
  if (histogramFault(look) !== null || look.upperBoundsSeconds.length > MOST_BUCKETS) return past
  if (past === null) return look
  const total = past.counts.reduce((sum, count) => sum + count, 0)
  const kept = total > FORGET_FROM ? { ...past, counts: past.counts.map((count) => count / 2) } : past
  return addHistograms(kept, look) ?? look
}
