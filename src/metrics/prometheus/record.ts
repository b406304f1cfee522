import type { MetricResult, RecordedWindow } from '../../domain/observation.ts'
import { formatDuration, type Instant, type Milliseconds } from '../../domain/units.ts'
import { armOf, type Gaps } from '../arm.ts'
import type { Part, Rise } from '../cumulative.ts'
import type { RecordRequest } from '../metric-source.ts'
import { selectorText } from '../selector.ts'
import { type ApiSettings, rangeQuery, type Series } from './http-api.ts'
import type { PrometheusOptions } from './options.ts'
import { recordQuery } from './record-query.ts'
import { soundRises, sumRises } from './rises.ts'
import { measureOf, PART_LABEL } from './series.ts'

/** Points of one range query: far below Prometheus's 11,000, so that each call is quick and its answer small. */
const MOST_POINTS = 1_000

/**
 * The past of one pool in windows of `step`, by as many range queries as it takes, one after the other. One that fails
 * fails the whole: half a record would be taken for the whole of it.
 */
export async function recordPool(
  options: PrometheusOptions,
  api: ApiSettings,
  { pool, start, end, step }: RecordRequest,
  signal: AbortSignal,
): Promise<MetricResult<readonly RecordedWindow[]>> {
  signal.throwIfAborted()
  if (!(step >= options.scrapeInterval)) {
    const reason = `a window of ${formatDuration(step)} is shorter than the ${formatDuration(options.scrapeInterval)} between two scrapes`
    return { kind: 'error', fault: 'badQuery', reason }
  }
  const query = recordQuery(options, pool, step)
  const ends = { first: (Math.ceil(start / step) + 1) * step, last: Math.floor(end / step) * step }
  const series: Series[] = []
  for (let from = ends.first; from <= ends.last; from += MOST_POINTS * step) {
    const to = Math.min(ends.last, from + (MOST_POINTS - 1) * step)
    const answer = await rangeQuery(api, query, { start: from, end: to, step }, signal)
    if (answer.kind !== 'value') return answer
    series.push(...answer.value)
  }
  const windows = windowsOf(options, series, pool, step)
  if (windows.length > 0) return { kind: 'value', value: windows }
  return { kind: 'noData', reason: `Prometheus has no requests of ${pool} from that time` }
}

function windowsOf(
  options: PrometheusOptions,
  series: readonly Series[],
  pool: string,
  step: Milliseconds,
): RecordedWindow[] {
  const [events, missing] = [Object.keys(options.events), gapsOf(options, series, pool)]
  const byEnd = new Map<Instant, Rise[]>()
  for (const { labels, values } of series) {
    if (labels[PART_LABEL]?.startsWith('carries:')) continue
    const measure = measureOf(options, labels)
    for (const [at, by] of values) {
      const rises = byEnd.get(at) ?? []
      rises.push({ measure, by })
      byEnd.set(at, rises)
    }
  }
  return [...byEnd]
    .toSorted(([left], [right]) => left - right)
    .flatMap(([end, rises]) => {
      const sound = soundRises(pool, sumRises(rises))
      if (sound === null) return []
      const arm = armOf(pool, sound.rises, { events, gaps: { ...missing, ...sound.gaps } })
      return arm.kind === 'value' ? [{ start: end - step, end, counts: arm.value }] : []
    })
}

/** What the pool has never reported in that time: it is not known, and not 0. */
function gapsOf({ requests, errors, events }: PrometheusOptions, series: readonly Series[], pool: string): Gaps {
  const parts = new Set(series.map(({ labels }) => labels[PART_LABEL]))
  const gaps: Partial<Record<Part, string>> = {}
  for (const [name, event] of Object.entries(events)) {
    if (!parts.has(`event:${name}`))
      gaps[`event:${name}`] = `${pool} has not reported ${selectorText(event)} in that time`
  }
  if (!parts.has('errors') && !parts.has('carries:errors'))
    gaps.errors = `${selectorText(requests)} of ${pool} comes without the label ${errors.label}`
  return gaps
}
