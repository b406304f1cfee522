import type { PoolRoles } from '../../domain/exposure.ts'
import type { ArmCounts, MetricResult } from '../../domain/observation.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { armOf, type Gaps, isReported } from '../arm.ts'
import type { Part } from '../cumulative.ts'
import { neverReported, type Selector, selectorText } from '../selector.ts'
import type { VectorSample } from './http-api.ts'
import type { PrometheusOptions } from './options.ts'
import { soundRises, sumRises } from './rises.ts'
import { measureOf, PART_LABEL } from './series.ts'

/** What a look has brought together: the answers of {@link windowQuery} and {@link originQuery} for its windows. */
interface Answers {
  readonly samples: readonly VectorSample[]
  /** First samples that count nothing of the window, in the parts of the rises that they are to be taken from. */
  readonly past: readonly VectorSample[]
}

/** What one pool did in a look. `seen` is what has been reported by either pool, in this look or before. */
export function readArm(
  options: PrometheusOptions,
  roles: PoolRoles,
  pool: string,
  { samples, past }: Answers,
  seen: readonly string[],
): MetricResult<ArmCounts> {
  const isOwn = ({ labels }: VectorSample) => labels[options.poolLabel] === pool
  const own = samples.filter(isOwn)
  const isCount = ({ labels }: VectorSample) => !/^(?:carries:|new$|restarts$|age$)/.test(partIn(labels))
  const rise = ({ labels, value }: VectorSample) => ({ measure: measureOf(options, labels), by: value })
  const foreign = past.filter(isOwn).map(rise)
  const sums = sumRises([...own.filter(isCount).map(rise), ...foreign.map(({ measure, by }) => ({ measure, by: -by }))])
  const sound = soundRises(pool, sums)
  if (sound === null) return { kind: 'nan', reason: `what Prometheus holds as requests of ${pool} is not a count` }
  const requests = sums.filter(({ measure }) => measure.kind === 'requests')
  if (!isReported(sums)) return absent(options, pool, own)
  if (foreign.length > 0 && requests.every(({ by }) => by === 0)) {
    const reason = `Prometheus has only just discovered ${pool}: its counts so far are the starting point`
    return { kind: 'noData', reason }
  }
  return armOf(pool, sound.rises, {
    events: Object.keys(options.events),
    countsStarted: options.started !== undefined,
    gaps: { ...gapsOf(options, roles, pool, own, seen), ...sound.gaps },
    restarts: sumOf(own, 'restarts'),
  })
}

/** Keys of the parts that these answers show to be reported by any pool. */
export function seenIn(options: PrometheusOptions, samples: readonly VectorSample[]): readonly string[] {
  const carried = new Set(samples.map(({ labels }) => partIn(labels)).filter((name) => name.startsWith('carries:')))
  return optionalParts(options).flatMap(([, name, selector]) =>
    carried.has(`carries:${name}`) ? [selectorText(selector)] : [],
  )
}

function absent(options: PrometheusOptions, pool: string, own: readonly VectorSample[]): MetricResult<never> {
  const age = own.findLast(({ labels }) => partIn(labels) === 'age')?.value
  if (age === undefined) return { kind: 'noData', reason: `Prometheus has no requests of ${pool}` }
  if (age <= staleAfterSeconds(options)) return { kind: 'noData', reason: `${pool} was not scraped in this window` }
  return { kind: 'stale', ageSeconds: age, reason: `the last sample of ${pool} is ${Math.round(age)} s old` }
}

function gapsOf(
  options: PrometheusOptions,
  roles: PoolRoles,
  pool: string,
  own: readonly VectorSample[],
  seen: readonly string[],
): Gaps {
  const gaps: Partial<Record<Part, string>> = {}
  for (const [part, , selector] of optionalParts(options)) {
    const text = selectorText(selector)
    if (!seen.includes(text)) gaps[part] = neverReported(roles, text)
  }
  const carries = (what: string) => own.some(({ labels }) => partIn(labels) === `carries:${what}`)
  if (carries('requests') && !carries('errors')) {
    const { requests, errors } = options
    gaps.errors = `${selectorText(requests)} of ${pool} comes without the label ${errors.label}`
  }
  return gaps
}

/** Parts that a source may be set up to count: by its key here, its name in an answer, and the series that do. */
function optionalParts({
  started,
  latency,
  events,
}: PrometheusOptions): readonly (readonly [Part, string, Selector])[] {
  return [
    ...(started === undefined ? [] : [['started', 'started', started] as const]),
    ...(latency === undefined
      ? []
      : [['latency', 'bucket', { metric: `${latency.metric}_bucket`, labels: latency.labels }] as const]),
    ...Object.entries(events).map(([name, event]) => [`event:${name}`, `event:${name}`, event] as const),
  ]
}

function sumOf(samples: readonly VectorSample[], part: string): number {
  const found = samples.filter(({ labels }) => partIn(labels) === part)
  return found.reduce((sum, { value }) => sum + value, 0)
}

function partIn(labels: Readonly<Record<string, string>>): string {
  return labels[PART_LABEL] ?? ''
}

/** Two scrapes may be missed, and a little for the scrape itself. */
function staleAfterSeconds({ scrapeInterval }: PrometheusOptions): number {
  const leeway: Milliseconds = 500
  return (2 * scrapeInterval + leeway) / 1_000
}
