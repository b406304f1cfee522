import type { ArmCounts, LatencyHistogram, MetricResult, MissingParts } from '../domain/observation.ts'
import type { Measure, Part, Rise } from './cumulative.ts'

/** Why parts of an arm's counts are not known, in sentences. */
export type Gaps = Readonly<Partial<Record<Part, string>>>

/** What a source knows of one pool in one window beside the rises of its counters. */
interface Known {
  /** Names of the events that the source counts: 0 when nothing rose, unless they are among the gaps. */
  readonly events: readonly string[]
  /** True when the source is set up to count requests sent. */
  readonly countsStarted?: boolean
  readonly gaps: Gaps
  readonly restarts?: number
}

/**
 * Sums the rises of one pool. Without any counter of requests the pool is `noData`, unless requests were sent to it: then it
 * has answered none. More errors than requests are `error(malformed)`. A part with a gap is left out and its reason is told.
 */
export function armOf(pool: string, rises: readonly Rise[], known: Known): MetricResult<ArmCounts> {
  if (!isReported(rises)) {
    return { kind: 'noData', reason: `no requests of ${pool} are reported` }
  }
  const requests = sumOf(rises, ({ kind }) => kind === 'requests')
  const errors = known.gaps.errors === undefined ? sumOf(rises, ({ kind }) => kind === 'errors') : 0
  if (errors > requests) {
    return malformed(`${pool} reports more errors (${errors}) than requests (${requests})`)
  }
  const latency = known.gaps.latency === undefined ? latencyOf(rises) : null
  const broken = latency === 'malformed' ? { latency: `the latency buckets of ${pool} do not add up` } : {}
  const gaps: Gaps = { ...broken, ...known.gaps }
  const missing = missingParts(gaps, known.events)
  const counts: ArmCounts = {
    requests,
    errors,
    latency: latency === 'malformed' ? null : latency,
    events: eventsOf(rises, known),
    ...(missing !== null && { missing }),
    ...(known.restarts !== undefined && { restarts: known.restarts }),
    ...(known.countsStarted === true &&
      gaps.started === undefined && { started: sumOf(rises, ({ kind }) => kind === 'started') }),
  }
  return { kind: 'value', value: counts }
}

/** True when the rises say how many requests the pool has had: those that ended, or at least that some were sent. */
export function isReported(rises: readonly Rise[]): boolean {
  return rises.some(({ measure: { kind }, by }) => kind === 'requests' || (kind === 'started' && by > 0))
}

function eventsOf(rises: readonly Rise[], { events, gaps }: Known): ArmCounts['events'] {
  const counted = events.filter((name) => gaps[`event:${name}`] === undefined)
  return Object.fromEntries(
    counted.map((name) => [name, sumOf(rises, (of) => of.kind === 'event' && of.name === name)]),
  )
}

function missingParts(gaps: Gaps, names: readonly string[]): MissingParts | null {
  const { errors, latency, started } = gaps
  const events = names.flatMap((name) => {
    const reason = gaps[`event:${name}`]
    return reason === undefined ? [] : [[name, reason] as const]
  })
  if (errors === undefined && latency === undefined && started === undefined && events.length === 0) return null
  return {
    ...(errors !== undefined && { errors }),
    ...(latency !== undefined && { latency }),
    ...(started !== undefined && { started }),
    ...(events.length > 0 && { events: Object.fromEntries(events) }),
  }
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
  const hasAllBounds = sorted.at(-1)?.[0] === Number.POSITIVE_INFINITY && !upTo.has(Number.NaN)
  if (!hasAllBounds || !hasSameBounds) return 'malformed'
  const counts = sorted.map(([, { sum }], index) => sum - (sorted[index - 1]?.[1].sum ?? 0))
  if (counts.some((count) => count < 0)) return 'malformed'
  return { upperBoundsSeconds: sorted.slice(0, -1).map(([bound]) => bound), counts }
}
