import type { ArmCounts, LatencyHistogram } from '../../domain/observation.ts'
import type { Instant } from '../../domain/units.ts'
import { addHistograms, hasSameBuckets, histogramFault, quantileOf, totalOf } from '../histogram.ts'
import { isCount } from '../read-look.ts'
import { growStretches, type PastCount, type Stretches, startStretches } from './spread.ts'

/** What stable has shown in this release, by one metric source. Plain JSON of bounded size. */
export interface StablePast {
  readonly errors: PastCount
  readonly events: Readonly<Record<string, PastCount>>
  readonly latency: LatencyHistogram | null
  /** When it showed that, and how evenly. Absent in what an older version has remembered. */
  readonly from?: Instant
  readonly to?: Instant
  readonly stretches?: PastStretches
}

/** The same counts, stretch by stretch. */
interface PastStretches {
  readonly errors: readonly Stretches[]
  /** Of the first few events. */
  readonly events: Readonly<Record<string, readonly Stretches[]>>
  /** Requests slower than a bound that about a tenth of them are slower than. */
  readonly slow: { readonly seconds: number; readonly stretches: readonly Stretches[] } | null
}

/** From this many requests on older ones are counted half, so that the past is that of these days. */
const FORGET_FROM = 1_000_000
const MOST_EVENTS = 50
const MOST_STRETCHED = 10
const MOST_BUCKETS = 200
const SLOW_QUANTILE = 0.9
const NOTHING: PastCount = { events: 0, requests: 0 }

/** What stable has shown with one more look; what is impossible, or cannot be counted, is left out. */
export function rememberStable(
  past: StablePast | null,
  look: ArmCounts,
  window: { readonly start: Instant; readonly end: Instant } | null = null,
): StablePast {
  const known = past ?? { errors: NOTHING, events: {}, latency: null }
  const { requests, errors, missing } = look
  if (!isCount(requests) || requests === 0) return known
  const events = Object.entries(look.events).filter(([, count]) => isCount(count))
  const fresh = events.map(([name, count]) => [name, add(ownOf(known.events, name), count, requests)] as const)
  const next = {
    errors: isCount(errors) && missing?.errors === undefined ? add(known.errors, errors, requests) : known.errors,
    events: Object.fromEntries([...Object.entries(known.events), ...fresh].slice(0, MOST_EVENTS)),
    latency: look.latency === null ? known.latency : addLatency(known.latency, look.latency),
  }
  if (window === null || !(window.end > window.start)) return { ...known, ...next }
  return { ...next, from: known.from ?? window.start, to: window.end, stretches: stretch(known, next, look, window) }
}

function stretch(
  known: StablePast,
  { latency }: StablePast,
  look: ArmCounts,
  { start, end }: { readonly start: Instant; readonly end: Instant },
): PastStretches {
  const time = end - start
  const { requests, missing } = look
  const before = known.stretches ?? { errors: startStretches(), events: {}, slow: null }
  const events = Object.entries(look.events).filter(([, count]) => isCount(count))
  const grown = events.map(([name, count]) => {
    const own = Object.hasOwn(before.events, name) ? before.events[name] : undefined
    return [name, growStretches(own ?? startStretches(), { events: count, requests }, time)] as const
  })
  const areErrorsKnown = isCount(look.errors) && missing?.errors === undefined
  return {
    errors: areErrorsKnown ? growStretches(before.errors, { events: look.errors, requests }, time) : before.errors,
    events: Object.fromEntries([...Object.entries(before.events), ...grown].slice(0, MOST_STRETCHED)),
    slow: growSlow(before.slow, latency, look, time),
  }
}

function growSlow(
  before: PastStretches['slow'],
  past: LatencyHistogram | null,
  { latency }: ArmCounts,
  time: number,
): PastStretches['slow'] {
  if (latency === null || past === null || !hasSameBuckets(latency.upperBoundsSeconds, past.upperBoundsSeconds))
    return before
  if (histogramFault(latency) !== null) return before
  const bounds = latency.upperBoundsSeconds
  const isUsable = before !== null && bounds.includes(before.seconds)
  const usual = isUsable ? null : quantileOf(past, SLOW_QUANTILE)
  const seconds = isUsable ? before.seconds : bounds.find((bound) => bound >= (usual?.seconds ?? Infinity))
  if (seconds === undefined) return before
  const slower = latency.counts.filter((_, index) => (bounds[index] ?? Infinity) > seconds)
  const count = { events: slower.reduce((sum, one) => sum + one, 0), requests: totalOf(latency) }
  return { seconds, stretches: growStretches(isUsable ? before.stretches : startStretches(), count, time) }
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
