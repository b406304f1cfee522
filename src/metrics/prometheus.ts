import { z } from 'zod'
import { SluiceError } from '../domain/errors.ts'
import type { ArmCounts, MetricResult } from '../domain/observation.ts'
import type { Milliseconds } from '../domain/units.ts'
import { millisecondsOf } from '../outbound/deadline.ts'
import { armOf, type Measure, type Rise } from './cumulative.ts'
import { defineMetricSource } from './define.ts'
import { lookNotTaken } from './look.ts'
import type {
  MetricSource,
  MetricSourceCapabilities,
  Observation,
  ObserveRequest,
  QueryRequest,
  QueryValue,
} from './metric-source.ts'
import { instantQuery, type ApiSettings, type Sample } from './prometheus/http-api.ts'
import { recordPool } from './prometheus/record.ts'
import { prometheusOptions, type PrometheusOptions } from './prometheus/options.ts'
import { cellOf, goneQuery, PART_LABEL, windowQuery, type Window } from './prometheus/window-query.ts'

/** Counts from the counters and histograms that Prometheus, or a store with its HTTP API, has scraped. */
export const prometheusSource = defineMetricSource({
  kind: 'prometheus',
  options: prometheusOptions,
  capabilities: { counts: true, latency: true, queries: 'promql', records: true },
  summary: 'Prometheus, or a store with its HTTP API and query engine: exact counts, no extrapolation.',
  capabilitiesOf,
  create: (options, context) => {
    checkPools(context.pools)
    const api: ApiSettings = {
      endpoint: `${options.url.replace(/\/+$/, '')}/api/v1/query`,
      headers: headersOf(options),
      deadline: millisecondsOf(options.deadline),
      fetch: context.fetch ?? globalThis.fetch,
    }
    return createPrometheusSource(options, api)
  },
})

function capabilitiesOf({ latency, events }: PrometheusOptions): MetricSourceCapabilities {
  return {
    ...{ counts: true, latency: latency !== undefined, events: Object.keys(events), queries: 'promql', records: true },
  }
}

function createPrometheusSource(options: PrometheusOptions, api: ApiSettings): MetricSource {
  return {
    capabilities: capabilitiesOf(options),
    observe: (request, signal) => observe(options, api, request, signal),
    async query({ query, now }: QueryRequest, signal) {
      const answer = await instantQuery(api, query, now, signal)
      return answer.kind === 'value' ? valuesOf(answer.value) : answer
    },
    record: (request, signal) => recordPool(options, api, request, measureOf, signal),
    // A scrape may come late; with two of them in a window none is without a sample.
    shortestRecord: 2 * options.scrapeInterval,
    async close() {},
  }
}

async function observe(
  options: PrometheusOptions,
  api: ApiSettings,
  request: ObserveRequest,
  signal: AbortSignal,
): Promise<Observation> {
  signal.throwIfAborted()
  const plan = planLook(options, request)
  const { window } = plan
  if (window.end === window.start) {
    // Asked all the same: an outage or a wrong secret shows now and not only after the first scrape.
    const probe = await instantQuery(api, 'time()', request.now, signal)
    const arm = probe.kind === 'value' ? WAITING : probe
    const cursor = probe.kind === 'value' ? plan.cursor : request.since
    return { stable: arm, canary: arm, window, cursor }
  }
  const pools = [request.roles.stable, request.roles.canary]
  const answers = await Promise.all(
    plan.queries.map(({ part, newSince }) =>
      instantQuery(api, windowQuery(options, pools, part, newSince), part.end, signal),
    ),
  )
  const samples = answers.flatMap((answer) => (answer.kind === 'value' ? answer.value : []))
  const isUnseen = (pool: string) => !samples.some(({ labels }) => labels[options.poolLabel] === pool)
  if (pools.some(isUnseen))
    answers.push(await instantQuery(api, goneQuery(options, pools.filter(isUnseen)), window.end, signal))
  const failed = answers.find((answer) => answer.kind !== 'value')
  if (failed !== undefined) return lookNotTaken(request, window.start, { stable: failed, canary: failed })
  const all = answers.flatMap((answer) => (answer.kind === 'value' ? answer.value : []))
  return {
    stable: readArm(options, request.roles.stable, all),
    canary: readArm(options, request.roles.canary, all),
    window,
    cursor: { end: window.end, isOpening: false },
  }
}

const WAITING: MetricResult<never> = { kind: 'noData', reason: 'Waiting for the next scrape.' }

const cursorSchema = z.object({ end: z.int(), isOpening: z.boolean() })

interface Look {
  readonly window: Window
  readonly cursor: Observation['cursor']
  readonly queries: readonly { readonly part: Window; readonly newSince: Milliseconds | null }[]
}

/** Longest window of one look, in cells: a caller that was away catches up in several. */
const MOST_CELLS = 1_000

/**
 * A window holds at least one scrape, so that every target has a sample in it. In the first scrape interval of a release
 * only new series count.
 */
function planLook(options: PrometheusOptions, { since, now, notBefore }: ObserveRequest): Look {
  const cell = cellOf(options)
  const parsed = cursorSchema.safeParse(since)
  const isGoingOn = parsed.success && parsed.data.end >= notBefore
  const start = isGoingOn ? parsed.data.end : Math.ceil(notBefore)
  const isOpening = !isGoingOn || parsed.data.isOpening
  const latest = Math.floor((now - (options.delay ?? options.scrapeInterval)) / cell) * cell
  const end = Math.min(latest, Math.floor(start / cell) * cell + MOST_CELLS * cell)
  if (end - start < options.scrapeInterval) {
    return { window: { start, end: start }, cursor: { end: start, isOpening }, queries: [] }
  }
  const window = { start, end }
  if (!isOpening) return { window, cursor: since, queries: [{ part: window, newSince: null }] }
  const firstCell = Math.floor(start / cell) * cell
  const firstScrape = Math.min(end, Math.ceil((start + options.scrapeInterval) / cell) * cell)
  const parts = [
    { part: { start: firstCell, end: firstScrape }, newSince: start },
    { part: { start: firstScrape, end }, newSince: null },
  ]
  return { window, cursor: since, queries: parts.filter(({ part }) => part.end > part.start) }
}

function readArm(options: PrometheusOptions, pool: string, samples: readonly Sample[]): MetricResult<ArmCounts> {
  const ofPool = samples.filter(({ labels }) => labels[options.poolLabel] === pool)
  const counted = ofPool.filter(({ labels }) => labels[PART_LABEL] !== 'age')
  if (counted.some(({ value }) => !Number.isFinite(value))) {
    return { kind: 'nan', reason: `Prometheus counts something that is not a number for ${pool}.` }
  }
  const rises = sumBySeries(counted).map(({ labels, value }): Rise => ({ measure: measureOf(labels), by: value }))
  if (rises.some(({ measure }) => measure.kind === 'requests')) return armOf(pool, rises, Object.keys(options.events))
  const age = ofPool.findLast(({ labels }) => labels[PART_LABEL] === 'age')?.value
  if (age === undefined) return { kind: 'noData', reason: `Prometheus has no requests of ${pool}.` }
  if (age <= staleAfterSeconds(options)) return { kind: 'noData', reason: `${pool} was not scraped in this window.` }
  return { kind: 'stale', ageSeconds: age, reason: `The last sample of ${pool} is ${Math.round(age)} s old.` }
}

/** Two queries may each have a part of the same series' rise. */
function sumBySeries(samples: readonly Sample[]): readonly Sample[] {
  const sums = new Map<string, Sample>()
  for (const { labels, value } of samples) {
    const key = JSON.stringify([labels[PART_LABEL], labels['le']])
    sums.set(key, { labels, value: value + (sums.get(key)?.value ?? 0) })
  }
  return [...sums.values()]
}

function measureOf(labels: Readonly<Record<string, string>>): Measure {
  const part = labels[PART_LABEL] ?? ''
  if (part === 'requests' || part === 'errors') return { kind: part }
  if (part !== 'bucket') return { kind: 'event', name: part.slice('event:'.length) }
  const le = labels['le'] ?? ''
  return { kind: 'bucket', upToSeconds: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) }
}

/** Two scrapes may be missed, and a little for the scrape itself. */
function staleAfterSeconds({ scrapeInterval }: PrometheusOptions): number {
  const slack: Milliseconds = 500
  return (2 * scrapeInterval + slack) / 1_000
}

function valuesOf(samples: readonly Sample[]): MetricResult<QueryValue> {
  if (samples.length === 0) return { kind: 'noData', reason: 'The query has no result.' }
  const odd = samples.find(({ value }) => !Number.isFinite(value))
  if (odd !== undefined) {
    const what = Number.isNaN(odd.value) ? 'something that is not a number' : 'an infinite number'
    return { kind: 'nan', reason: `The query gives ${what}.` }
  }
  return { kind: 'value', value: samples.map(({ value }) => value) }
}

function headersOf({ bearer, basic, tenant }: PrometheusOptions): Record<string, string> {
  if (bearer !== undefined && basic !== undefined) throw misconfigured('either bearer or basic', 'both')
  const authorization =
    bearer !== undefined
      ? `Bearer ${secretOf(bearer.env)}`
      : basic !== undefined
        ? `Basic ${Buffer.from(`${basic.user}:${secretOf(basic.password.env)}`).toString('base64')}`
        : null
  return {
    ...(authorization === null ? {} : { authorization }),
    ...(tenant === undefined ? {} : { 'x-scope-orgid': secretOf(tenant.env) }),
  }
}

function secretOf(variable: string): string {
  const secret = process.env[variable]
  if (secret !== undefined && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(secret)) return secret
  const received = secret === undefined || secret === '' ? 'nothing' : 'characters that no header can carry'
  throw misconfigured(`a secret in the environment variable ${variable}`, received)
}

function checkPools(pools: readonly [string, string]): void {
  if (pools[0] === pools[1] || pools.includes('')) throw misconfigured('two different pools', pools.join(', '))
}

function misconfigured(expected: string, received: string): SluiceError {
  return new SluiceError('metrics.misconfigured', {
    message: 'The Prometheus source cannot work with its options.',
    expected,
    received,
    fix: 'Correct the metric source of the target in sluice.yaml, or the environment of the worker.',
  })
}
