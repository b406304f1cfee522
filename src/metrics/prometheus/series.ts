import type { Measure } from '../cumulative.ts'
import { boundInSeconds } from '../latency-unit.ts'
import { parseSampleValue } from '../text-exposition.ts'
import type { PrometheusOptions } from './options.ts'

/** The label that tells the parts of an answer apart. */
export const PART_LABEL = 'sluice_part'

/** The counters of one part of the counts, as PromQL. */
export interface CountedSeries {
  /** `requests`, `errors`, `started`, `bucket` or `event:<name>`. */
  readonly part: string
  readonly selector: string
  /** The labels that tell its sums apart. */
  readonly by: string
  /** Selects some of these series wherever there are any: cheaper where only their presence matters. */
  readonly sign: string
}

/** All counters of these pools that the source is set up to count. */
export function countedSeries(options: PrometheusOptions, pools: readonly string[]): readonly CountedSeries[] {
  const { poolLabel, requests, errors, started, latency, events } = options
  const plain = (part: string, selector: string): CountedSeries => ({ part, selector, by: poolLabel, sign: selector })
  const select = ({ metric, labels }: PrometheusOptions['requests'], more: readonly string[] = []) =>
    selectorOf(metric, [poolMatcher(poolLabel, pools), ...matchersOf(labels), ...more])
  return [
    plain('requests', select(requests)),
    plain('errors', select(requests, [`${errors.label}=~${quote(errors.regex)}`])),
    ...(started === undefined ? [] : [plain('started', select(started))]),
    ...(latency === undefined ? [] : [bucketsOf(latency, poolLabel, select)]),
    ...Object.entries(events).map(([name, event]) => plain(`event:${name}`, select(event))),
  ]
}

function bucketsOf(
  { metric, labels }: PrometheusOptions['requests'],
  poolLabel: string,
  select: (series: PrometheusOptions['requests'], more?: readonly string[]) => string,
): CountedSeries {
  const buckets = { metric: `${metric}_bucket`, labels }
  return { part: 'bucket', selector: select(buckets), by: `${poolLabel},le`, sign: select(buckets, ['le="+Inf"']) }
}

/** The requests of these pools, or those of them that say whether they failed. */
export function requestSeries(
  { poolLabel, requests, errors }: PrometheusOptions,
  pools: readonly string[],
  which: 'all' | 'labelled' = 'all',
): string {
  const labelled = which === 'labelled' ? [`${errors.label}!=""`] : []
  return selectorOf(requests.metric, [poolMatcher(poolLabel, pools), ...matchersOf(requests.labels), ...labelled])
}

/** What a series of an answer counts. */
export function measureOf({ latency }: PrometheusOptions, labels: Readonly<Record<string, string>>): Measure {
  const part = labels[PART_LABEL] ?? ''
  if (part === 'requests' || part === 'errors' || part === 'started') return { kind: part }
  if (part !== 'bucket') return { kind: 'event', name: part.slice('event:'.length) }
  return { kind: 'bucket', upToSeconds: boundInSeconds(parseSampleValue(labels['le'] ?? ''), latency?.unit) }
}

/** The expression as one part of an answer. */
export function part(name: string, expression: string): string {
  return `label_replace(${expression}, "${PART_LABEL}", ${quote(name)}, "", "")`
}

/** A string literal of PromQL for any text. */
export function quote(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replace(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

const CONTROL = /\p{Cc}/gu

function selectorOf(metric: string, matchers: readonly string[]): string {
  return `${metric}{${matchers.join(',')}}`
}

function poolMatcher(label: string, pools: readonly string[]): string {
  const alternatives = pools.map((pool) => pool.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return `${label}=~${quote(alternatives.join('|'))}`
}

function matchersOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${quote(value)}`)
}
