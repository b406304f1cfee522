import type { Milliseconds } from '../../domain/units.ts'
import type { PrometheusOptions } from './options.ts'

/** The label that tells the parts of the answer apart. */
export const PART_LABEL = 'sluice_part'

/** A stretch of time after `start` up to and with `end`; both are multiples of the cell. */
export interface Window {
  readonly start: Milliseconds
  readonly end: Milliseconds
}

/**
 * The length of one cell: half a scrape interval, so that no cell holds two samples of a series and no reset can hide
 * between them. Windows begin and end at multiples of it.
 */
export function cellOf(options: Pick<PrometheusOptions, 'scrapeInterval'>): Milliseconds {
  return Math.max(1, Math.floor(options.scrapeInterval / 2))
}

/**
 * One PromQL expression, to be evaluated at the end of the window, that answers everything about it:
 *
 * - `requests`, `errors`, `event:<name>`: how much the counters rose, per pool
 * - `bucket`: how much the cumulative buckets rose, per pool and `le`
 * - `age`: seconds from the newest sample of the requests to the end, per pool that is still scraped
 *
 * `increase()` would extrapolate and lose a series' first samples. Here a rise is the sum over cells: the last sample in
 * the cell less the last one before it, or the whole sample when there is none before or the counter fell. Cells do not
 * overlap, so windows add up to exactly what the counters say. With `newSince`, series that had a sample by then are left
 * out: at the start of a release their next sample still counts requests from before it.
 */
export function windowQuery(
  options: PrometheusOptions,
  pools: readonly string[],
  window: Window,
  newSince: Milliseconds | null,
): string {
  const { poolLabel, requests, errors, latency, events } = options
  const rise = (selector: string, by: string) => risesOf(options, selector, by, window, newSince)
  const select = (metric: string, labels: Readonly<Record<string, string>>, more: readonly string[] = []) =>
    `${metric}{${[poolMatcher(poolLabel, pools), ...matchersOf(labels), ...more].join(',')}}`
  const all = select(requests.metric, requests.labels)
  const failed = select(requests.metric, requests.labels, [`${errors.label}=~${quote(errors.regex)}`])
  return [
    part('requests', rise(all, poolLabel)),
    part('errors', rise(failed, poolLabel)),
    ...(latency === undefined
      ? []
      : [part('bucket', rise(select(`${latency.metric}_bucket`, latency.labels), `${poolLabel},le`))]),
    ...Object.entries(events).map(([name, { metric, labels }]) =>
      part(`event:${name}`, rise(select(metric, labels), poolLabel)),
    ),
    part('age', `time() - max by (${poolLabel}) (timestamp(${all}))`),
  ].join(' or ')
}

/** The age, as in {@link windowQuery}, of pools that are no longer scraped: to the cell, or to a thousandth of the gap. */
export function goneQuery(options: PrometheusOptions, pools: readonly string[]): string {
  const { poolLabel, requests, longestGap } = options
  const step = Math.max(cellOf(options), Math.ceil(longestGap / 1_000))
  const selector = `${requests.metric}{${[poolMatcher(poolLabel, pools), ...matchersOf(requests.labels)].join(',')}}`
  const newest = `max_over_time(timestamp(${selector})[${longestGap}ms:${step}ms])`
  return part('age', `time() - max by (${poolLabel}) (${newest})`)
}

/**
 * One PromQL expression for a range query with this step: at each point how much the counters rose within the step before
 * it, in the parts `requests`, `errors`, `event:<name>` and `bucket` of {@link windowQuery}.
 *
 * Coarser than that one, because it reaches over weeks: of a counter that fell within a step, what it counted before the
 * fall is lost. A step right after one in which the pool was not scraped has no value, for the rise would belong to both;
 * so a store that has only begun to remember does not report a counter's whole life as one step.
 */
export function recordQuery(options: PrometheusOptions, pool: string, step: Milliseconds): string {
  const { poolLabel, requests, errors, latency, events, longestGap } = options
  const select = (metric: string, labels: Readonly<Record<string, string>>, more: readonly string[] = []) =>
    `${metric}{${[poolMatcher(poolLabel, [pool]), ...matchersOf(labels), ...more].join(',')}}`
  const all = select(requests.metric, requests.labels)
  const seenBefore = `group by (${poolLabel}) (last_over_time(${all}[${step}ms] offset ${step}ms))`
  const rise = (selector: string, by: string) => {
    const last = `last_over_time(${selector}[${step}ms])`
    const before = `last_over_time(${selector}[${Math.max(step, longestGap)}ms] offset ${step}ms)`
    return `sum by (${by}) (((${last} - ${before}) >= 0) or (${last} * 1)) and on (${poolLabel}) ${seenBefore}`
  }
  return [
    part('requests', rise(all, poolLabel)),
    part(
      'errors',
      rise(select(requests.metric, requests.labels, [`${errors.label}=~${quote(errors.regex)}`]), poolLabel),
    ),
    ...(latency === undefined
      ? []
      : [part('bucket', rise(select(`${latency.metric}_bucket`, latency.labels), `${poolLabel},le`))]),
    ...Object.entries(events).map(([name, { metric, labels }]) =>
      part(`event:${name}`, rise(select(metric, labels), poolLabel)),
    ),
  ].join(' or ')
}

/** A string literal of PromQL for any text. */
export function quote(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replace(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

const CONTROL = /\p{Cc}/gu

function risesOf(
  options: PrometheusOptions,
  selector: string,
  by: string,
  { start, end }: Window,
  newSince: Milliseconds | null,
): string {
  const cell = cellOf(options)
  const last = `last_over_time(${selector}[${cell}ms])`
  const before = `last_over_time(${selector}[${options.longestGap}ms] offset ${cell}ms)`
  const inCell = `((${last} - ${before}) >= 0) or (${last} * 1)`
  // One millisecond short: whether a range takes in its left end depends on the version of Prometheus.
  const perSeries = `sum_over_time((${inCell})[${end - start - 1}ms:${cell}ms])`
  const known = `last_over_time(${selector}[${options.longestGap}ms] offset ${end - (newSince ?? start)}ms)`
  return `sum by (${by}) (${newSince === null ? perSeries : `${perSeries} unless ${known}`})`
}

function part(name: string, expression: string): string {
  return `label_replace(${expression}, "${PART_LABEL}", ${quote(name)}, "", "")`
}

function poolMatcher(label: string, pools: readonly string[]): string {
  const alternatives = pools.map((pool) => pool.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return `${label}=~${quote(alternatives.join('|'))}`
}

function matchersOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${quote(value)}`)
}
