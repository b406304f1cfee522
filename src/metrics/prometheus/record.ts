import type { MetricResult, RecordedWindow } from '../../domain/observation.ts'
import { formatDuration, type Milliseconds } from '../../domain/units.ts'
import { armOf, type Measure, type Rise } from '../cumulative.ts'
import type { RecordRequest } from '../metric-source.ts'
import { type ApiSettings, rangeQuery, type Series } from './http-api.ts'
import type { PrometheusOptions } from './options.ts'
import { recordQuery } from './window-query.ts'

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
  measureOf: (labels: Readonly<Record<string, string>>) => Measure,
  signal: AbortSignal,
): Promise<MetricResult<readonly RecordedWindow[]>> {
  signal.throwIfAborted()
  if (!(step >= options.scrapeInterval)) {
    const reason = `A window of ${formatDuration(step)} is shorter than the ${formatDuration(options.scrapeInterval)} between two scrapes.`
    return { kind: 'error', fault: 'badQuery', reason }
  }
  const query = recordQuery(options, pool, step)
  const ends = { first: (Math.ceil(start / step) + 1) * step, last: Math.floor(end / step) * step }
  const windows: RecordedWindow[] = []
  for (let from = ends.first; from <= ends.last; from += MOST_POINTS * step) {
    const to = Math.min(ends.last, from + (MOST_POINTS - 1) * step)
    const answer = await rangeQuery(api, query, { start: from, end: to, step }, signal)
    if (answer.kind !== 'value') return answer
    windows.push(...windowsOf(answer.value, pool, step, { measureOf, events: Object.keys(options.events) }))
  }
  if (windows.length > 0) return { kind: 'value', value: windows }
  return { kind: 'noData', reason: `Prometheus has no requests of ${pool} in that time.` }
}

interface Reading {
  readonly measureOf: (labels: Readonly<Record<string, string>>) => Measure
  readonly events: readonly string[]
}

function windowsOf(series: readonly Series[], pool: string, step: Milliseconds, reading: Reading): RecordedWindow[] {
  const byEnd = new Map<Milliseconds, Rise[]>()
  for (const { labels, values } of series) {
    const measure = reading.measureOf(labels)
    for (const [at, by] of values) {
      const rises = byEnd.get(at) ?? []
      rises.push({ measure, by })
      byEnd.set(at, rises)
    }
  }
  return [...byEnd]
    .toSorted(([left], [right]) => left - right)
    .flatMap(([end, rises]) => {
      if (!rises.every(({ by }) => Number.isFinite(by))) return []
      const arm = armOf(pool, rises, reading.events)
      return arm.kind === 'value' ? [{ start: end - step, end, counts: arm.value }] : []
    })
}
