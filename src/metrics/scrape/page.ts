import type { MetricResult } from '../../domain/observation.ts'
import type { Instant } from '../../domain/units.ts'
import { millisecondsOf } from '../../outbound/deadline.ts'
import { type Counter, type Measure, type Part, partOf } from '../cumulative.ts'
import { boundInSeconds } from '../latency-unit.ts'
import type { Selector } from '../selector.ts'
import { type DoubtfulLine, type Exposition, parseSampleValue, type Sample, seriesKey } from '../text-exposition.ts'
import type { ScrapeOptions } from './options.ts'

/** What one process reports. */
export interface Page {
  readonly url: string
  /** When the process started, as it writes it; null when it does not. */
  readonly incarnation: string | null
  readonly begunAt: Instant | null
  readonly pools: Readonly<Record<string, PoolPage>>
}

/** Why a part cannot be counted with. */
type Fault = Exclude<MetricResult<never>, { readonly kind: 'value' }>

/** What one process reports of one pool. */
export interface PoolPage {
  readonly counters: readonly Counter[]
  /** Parts with a sample that cannot be counted with, and why. None of their counters is given. */
  readonly broken: Readonly<Partial<Record<Part, Fault>>>
  /** Whether the series that errors are told from carry the label; null when there are none. */
  readonly carriesErrorLabel: boolean | null
}

type Readable = Extract<Exposition, { ok: true }>

/** The counters of both pools on one page. A line that cannot be read breaks the parts that might count it. */
export function readPage(
  options: ScrapeOptions,
  url: string,
  pools: readonly string[],
  exposition: Readable,
  now: Instant,
): Page {
  const start = startOf(exposition)
  return {
    url,
    incarnation: start === null ? null : String(start),
    begunAt: start === null ? null : start * 1_000,
    pools: Object.fromEntries(pools.map((pool) => [pool, readPool(options, url, pool, exposition, now)])),
  }
}

const START = 'process_start_time_seconds'

function startOf({ samples, doubtful }: Readable): number | null {
  const start = samples.find(({ name }) => name === START)
  const isSound = start !== undefined && Number.isFinite(start.value) && !doubtful.some(({ name }) => name === START)
  return isSound ? start.value : null
}

function readPool(
  options: ScrapeOptions,
  url: string,
  pool: string,
  { samples, doubtful }: Readable,
  now: Instant,
): PoolPage {
  const broken: Partial<Record<Part, Fault>> = {}
  for (const line of doubtful) {
    for (const part of partsAt(options, pool, line)) {
      broken[part] ??= malformed(`line ${line.line} of ${url} is not readable: ${line.problem}`)
    }
  }
  const own = samples.filter(({ labels }) => labels[options.poolLabel] === pool)
  const counters = new Map<string, Counter>()
  for (const sample of own) {
    for (const measure of measuresOf(options, sample)) {
      const id = idOf(measure, sample)
      const again = counters.has(id) ? malformed(`${seriesKey(sample.name, sample.labels)} appears twice`) : null
      const problem = again ?? problemOf(options, pool, sample, measure, now)
      if (problem !== null) broken[partOf(measure)] ??= problem
      counters.set(id, { id, measure, value: sample.value })
    }
  }
  const told = own.filter((sample) => isSelected(options.errors, sample))
  return {
    counters: [...counters.values()].filter(({ measure }) => broken[partOf(measure)] === undefined),
    broken,
    carriesErrorLabel:
      told.length === 0 ? null : told.some(({ labels }) => (labels[options.errors.label] ?? '') !== ''),
  }
}

/** The parts that a doubtful line of this pool, or of nobody knows which, would count for. */
function partsAt(options: ScrapeOptions, pool: string, { name, labels }: DoubtfulLine): readonly Part[] {
  if (name === null || (labels !== null && labels[options.poolLabel] !== pool)) return []
  const isMeant = (selector: Selector) =>
    labels === null ? selector.metric === name : isSelected(selector, { name, labels })
  return selectorsOf(options).flatMap(([part, selector]) => (isMeant(selector) ? [part] : []))
}

function selectorsOf({ requests, errors, started, latency, events }: ScrapeOptions): readonly [Part, Selector][] {
  return [
    ['requests', requests],
    ['errors', errors],
    ...(started === undefined ? [] : [['started', started] satisfies [Part, Selector]]),
    ...(latency === undefined ? [] : [['latency', bucketsOf(latency)] satisfies [Part, Selector]]),
    ...Object.entries(events).map(([name, event]): [Part, Selector] => [`event:${name}`, event]),
  ]
}

function bucketsOf(latency: Selector): Selector {
  return { ...latency, metric: `${latency.metric}_bucket` }
}

/** What a sample counts: nothing that matters, one thing, or several (a failed request is a request too). */
function measuresOf(options: ScrapeOptions, sample: Sample): readonly Measure[] {
  const { requests, errors, started, latency, events } = options
  const measures: Measure[] = []
  if (isSelected(requests, sample)) measures.push({ kind: 'requests' })
  if (isSelected(errors, sample) && isErrorLabel(errors, sample)) measures.push({ kind: 'errors' })
  if (started !== undefined && isSelected(started, sample)) measures.push({ kind: 'started' })
  if (latency !== undefined && isSelected(bucketsOf(latency), sample)) {
    const bound = parseSampleValue(sample.labels['le'] ?? '')
    measures.push({ kind: 'bucket', upToSeconds: boundInSeconds(bound, latency.unit) })
  }
  for (const [name, event] of Object.entries(events)) {
    if (isSelected(event, sample)) measures.push({ kind: 'event', name })
  }
  return measures
}

function isSelected({ metric, labels }: Selector, sample: Pick<Sample, 'name' | 'labels'>): boolean {
  return (
    sample.name === metric && Object.entries(labels ?? {}).every(([label, value]) => sample.labels[label] === value)
  )
}

function isErrorLabel({ label, match }: ScrapeOptions['errors'], { labels }: Sample): boolean {
  const value = labels[label]
  if (value === undefined) return false
  return match.values?.includes(value) === true || (match.prefix !== undefined && value.startsWith(match.prefix))
}

/** Why a sample cannot be counted with, or null when it can. */
function problemOf(options: ScrapeOptions, pool: string, sample: Sample, measure: Measure, now: Instant): Fault | null {
  const series = seriesKey(sample.name, sample.labels)
  if (Number.isNaN(sample.value)) return { kind: 'nan', reason: `${series} is not a number` }
  if (!Number.isFinite(sample.value) || sample.value < 0)
    return malformed(`${series} is ${sample.value}, which is not a count`)
  if (measure.kind === 'bucket' && Number.isNaN(measure.upToSeconds))
    return malformed(`${series} has no bound in \`le\``)
  const age = sample.timestamp === null ? 0 : now - sample.timestamp
  if (age <= millisecondsOf(options.staleAfter)) return null
  const ageSeconds = age / 1_000
  return { kind: 'stale', reason: `the counters of ${pool} are ${Math.round(ageSeconds)} s old`, ageSeconds }
}

/** Short and unique within one page and pool; of a bucket the same however its bound is written. */
function idOf(measure: Measure, { labels }: Sample): string {
  const subject = measure.kind === 'event' ? `event:${measure.name}` : measure.kind
  return seriesKey(subject, measure.kind === 'bucket' ? { ...labels, le: String(measure.upToSeconds) } : labels)
}

function malformed(reason: string): Fault {
  return { kind: 'error', fault: 'malformed', reason }
}
