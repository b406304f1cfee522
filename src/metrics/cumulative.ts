import type { ArmCounts, LatencyHistogram, MetricResult } from '../domain/observation.ts'

/** What a cumulative counter counts: all requests, failed ones, those up to a latency, or a named event. */
export type Measure =
  | { readonly kind: 'requests' }
  | { readonly kind: 'errors' }
  | { readonly kind: 'bucket'; readonly upToSeconds: number }
  | { readonly kind: 'event'; readonly name: string }

/** One counter of one pool since its process started. `id` is stable and unique among all counters of a look. */
export interface Counter {
  readonly id: string
  readonly measure: Measure
  readonly value: number
}

/** The counters of one process as far as they were taken into account: plain JSON for a cursor. */
export interface Tally {
  /** Differs when the process has restarted; null when it does not say. */
  readonly incarnation: string | null
  readonly counters: Readonly<Record<string, number>>
}

/** How much a counter rose between two looks. */
export interface Rise {
  readonly measure: Measure
  readonly by: number
}

/**
 * How much each counter rose since `before`. A counter that was not there counts from 0, and so does one that fell or
 * whose process restarted: its first samples are never lost and no rise is negative.
 */
export function risesSince(before: Tally, counters: readonly Counter[], incarnation: string | null): readonly Rise[] {
  const hasRestarted = before.incarnation !== incarnation
  return counters.map(({ id, measure, value }) => {
    const old = hasRestarted || !Object.hasOwn(before.counters, id) ? 0 : (before.counters[id] ?? 0)
    return { measure, by: value >= old ? value - old : value }
  })
}

/**
 * The tally after a look. Counters that were not seen keep their value while the process is the same, so that they are
 * not counted twice when they come back.
 */
export function tallyAfter(before: Tally | null, counters: readonly Counter[], incarnation: string | null): Tally {
  const kept = before !== null && before.incarnation === incarnation ? before.counters : {}
  const seen = Object.fromEntries(counters.map(({ id, value }) => [id, value]))
  return { incarnation, counters: { ...kept, ...seen } }
}

/**
 * Sums the rises of one pool. `events` are the names that the source counts, 0 when nothing rose. Without any counter of
 * requests the pool is `noData`; sums that contradict each other are `error(malformed)`.
 */
export function armOf(pool: string, rises: readonly Rise[], events: readonly string[]): MetricResult<ArmCounts> {
  if (!rises.some(({ measure }) => measure.kind === 'requests')) {
    return { kind: 'noData', reason: `No requests of ${pool} are reported.` }
  }
  const requests = sumOf(rises, ({ kind }) => kind === 'requests')
  const errors = sumOf(rises, ({ kind }) => kind === 'errors')
  if (errors > requests) {
    return malformed(`${pool} reports more errors (${errors}) than requests (${requests}).`)
  }
  const latency = latencyOf(rises)
  if (latency === 'malformed') return malformed(`The latency buckets of ${pool} do not add up.`)
  const counted = events.map((name) => [name, sumOf(rises, (of) => of.kind === 'event' && of.name === name)])
  return { kind: 'value', value: { requests, errors, latency, events: Object.fromEntries(counted) } }
}

function malformed(reason: string): MetricResult<never> {
  return { kind: 'error', fault: 'malformed', reason }
}

function sumOf(rises: readonly Rise[], isMeant: (measure: Measure) => boolean): number {
  return rises.reduce((sum, { measure, by }) => (isMeant(measure) ? sum + by : sum), 0)
}

/** Per-bucket counts from cumulative ones, summed over series; all series of a histogram share their bounds. */
function latencyOf(rises: readonly Rise[]): LatencyHistogram | null | 'malformed' {
  const upTo = new Map<number, { sum: number; series: number }>()
  for (const { measure, by } of rises) {
    if (measure.kind !== 'bucket') continue
    const bucket = upTo.get(measure.upToSeconds) ?? { sum: 0, series: 0 }
    upTo.set(measure.upToSeconds, { sum: bucket.sum + by, series: bucket.series + 1 })
  }
  if (upTo.size === 0) return null
  const sorted = [...upTo].sort(([left], [right]) => left - right)
  const hasSameBounds = new Set(sorted.map(([, { series }]) => series)).size === 1
  if (sorted.at(-1)?.[0] !== Number.POSITIVE_INFINITY || !hasSameBounds) return 'malformed'
  const counts = sorted.map(([, { sum }], index) => sum - (sorted[index - 1]?.[1].sum ?? 0))
  if (counts.some((count) => count < 0)) return 'malformed'
  return { upperBoundsSeconds: sorted.slice(0, -1).map(([bound]) => bound), counts }
}
