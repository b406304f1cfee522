import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { PrometheusOptions } from './options.ts'
import { type CountedSeries, countedSeries, part, requestSeries } from './series.ts'

/** A stretch of time after `start` up to and with `end`; both are multiples of the cell. */
export interface Window {
  readonly start: Instant
  readonly end: Instant
  /** Set in the first scrape interval of a release: series that had a sample by then are not counted in it. */
  readonly newSince: Instant | null
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
 * - `requests`, `errors`, `started`, `event:<name>`: how much the counters rose, per pool
 * - `bucket`: how much the cumulative buckets rose, per pool and `le`
 * - `carries:<part>`: there for each pool that reports the part in this window; of errors, that can tell them apart
 * - `new`: there for each pool with a series that may have begun in this window; see `originQuery`
 * - `restarts`: how often processes of the pool began anew
 * - `age`: seconds from the newest sample of the requests to the end, per pool that is still scraped
 *
 * `increase()` would extrapolate and lose a series' first samples. Here a rise is the sum over cells: the last sample in
 * the cell less the last one before it, or the whole sample when there is none before or the counter fell. Cells do not
 * overlap, so windows add up to exactly what the counters say. With `newSince`, series that had a sample by then are left
 * out: at the start of a release their next sample still counts requests from before it.
 */
export function windowQuery(options: PrometheusOptions, pools: readonly string[], window: Window): string {
  const { poolLabel } = options
  const series = countedSeries(options, pools)
  const length = `${window.end - window.start}ms`
  const told = requestSeries(options, pools, 'labelled')
  const signs = series.filter((one) => one.part !== 'errors')
  return [
    ...series.map((one) => part(one.part, riseOf(options, one, window))),
    part('carries:errors', `group by (${poolLabel}) (last_over_time(${told}[${length}]))`),
    ...signs.map((one) =>
      part(`carries:${one.part}`, `group by (${poolLabel}) (last_over_time(${one.sign}[${length}]))`),
    ),
    part('new', `group by (${poolLabel}) (${signs.map((one) => begunIn(options, one.sign, window)).join(' or ')})`),
    part('restarts', restartsIn(options, requestSeries(options, pools), window)),
    part('age', `time() - max by (${poolLabel}) (timestamp(${requestSeries(options, pools)}))`),
  ].join(' or ')
}

/** The age, as in {@link windowQuery}, of pools that are no longer scraped: to the cell, or to a thousandth of the gap. */
export function goneQuery(options: PrometheusOptions, pools: readonly string[]): string {
  const { poolLabel, longestGap } = options
  const step = Math.max(cellOf(options), Math.ceil(longestGap / 1_000))
  const newest = `max_over_time(timestamp(${requestSeries(options, pools)})[${longestGap}ms:${step}ms])`
  return part('age', `time() - max by (${poolLabel}) (${newest})`)
}

function riseOf(options: PrometheusOptions, { selector, by }: CountedSeries, window: Window): string {
  const [last, before] = [lastIn(options, selector), lastBefore(options, selector)]
  const perSeries = sumOverCells(options, `((${last} - ${before}) >= 0) or (${last} * 1)`, window)
  return `sum by (${by}) (${perSeries}${unlessKnown(options, selector, window)})`
}

/** What each series held at its first sample, if that is in this window and its target had none of `others` before it. */
export function firstSamples(options: PrometheusOptions, selector: string, window: Window, others?: string): string {
  const firsts = `(${lastIn(options, selector)} * 1) unless ${lastBefore(options, selector)}`
  const alone = others === undefined ? firsts : `(${firsts}) unless on (job, instance) ${lastBefore(options, others)}`
  return `${sumOverCells(options, alone, window)}${unlessKnown(options, selector, window)}`
}

function lastIn(options: PrometheusOptions, selector: string): string {
  return `last_over_time(${selector}[${cellOf(options)}ms])`
}

function lastBefore(options: PrometheusOptions, selector: string): string {
  return `last_over_time(${selector}[${options.longestGap}ms] offset ${cellOf(options)}ms)`
}

function sumOverCells(options: PrometheusOptions, expression: string, { start, end }: Window): string {
  // One millisecond short: whether a range takes in its left end depends on the version of Prometheus.
  return `sum_over_time((${expression})[${end - start - 1}ms:${cellOf(options)}ms])`
}

function unlessKnown({ longestGap }: PrometheusOptions, selector: string, { end, newSince }: Window): string {
  return newSince === null ? '' : ` unless last_over_time(${selector}[${longestGap}ms] offset ${end - newSince}ms)`
}

/**
 * Series that may have their first sample in the window. Looks back less far than a rise does, by the window's length, so
 * that a series that was away for just too long when it came back is among them.
 */
function begunIn({ longestGap }: PrometheusOptions, selector: string, { start, end }: Window): string {
  const [length, ago] = [end - start, longestGap - (end - start)]
  const there = `last_over_time(${selector}[${length}ms])`
  return ago <= 0 ? there : `(${there} unless last_over_time(${selector}[${ago}ms] offset ${length}ms))`
}

/** By whatever tells more of each target: its counters that fell, or its start where it says that. */
function restartsIn(options: PrometheusOptions, selector: string, { start, end }: Window): string {
  const { poolLabel, longestGap, scrapeInterval } = options
  const [length, target] = [end - start, `${poolLabel}, job, instance`]
  // Both ranges begin at the same time, so what is left are the resets of the window. One process has several series.
  const upToEnd = `resets(${selector}[${longestGap + length}ms])`
  const upToStart = `resets(${selector}[${longestGap}ms] offset ${length}ms)`
  const falls = `max by (${target}) (${upToEnd} - (${upToStart} or ${upToEnd} * 0))`
  const startAt = (offset: string) => `last_over_time(process_start_time_seconds[${4 * scrapeInterval}ms]${offset})`
  const isNew = `max by (job, instance) (${startAt('')} != bool ${startAt(` offset ${length}ms`)})`
  const starts = `max by (${target}) (last_over_time(${selector}[${length}ms]) * 0) + on (job, instance) group_left () ${isNew}`
  const most = `max by (${target}) (${part('falls', falls)} or ${part('starts', starts)})`
  return `sum by (${poolLabel}) (${most})`
}
