import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { MetricResult } from '../domain/observation.ts'
import { millisecondsOf } from '../outbound/deadline.ts'
import { defineMetricSource } from './define.ts'
import type { MetricSource, QueryRequest, QueryValue } from './metric-source.ts'
import { type ApiSettings, instantQuery, type VectorSample } from './prometheus/http-api.ts'
import { observeWindow } from './prometheus/look.ts'
import { optionsOfCohort, type PrometheusOptions, prometheusOptions } from './prometheus/options.ts'
import { recordPool } from './prometheus/record.ts'

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

function capabilitiesOf({ latency, events, cohortLabel }: PrometheusOptions): MetricSourceCapabilities {
  return {
    ...{ counts: true, latency: latency !== undefined, events: Object.keys(events), queries: 'promql', records: true },
    ...(cohortLabel !== undefined && { cohorts: true }),
  }
}

function createPrometheusSource(options: PrometheusOptions, api: ApiSettings): MetricSource {
  return {
    capabilities: capabilitiesOf(options),
    observe: (request, signal) => observeWindow(optionsOfCohort(options, request.cohort), api, request, signal),
    async query({ query, now }: QueryRequest, signal) {
      const answer = await instantQuery(api, query, now, signal)
      return answer.kind === 'value' ? valuesOf(answer.value) : answer
    },
    record: (request, signal) => recordPool(options, api, request, signal),
    // A scrape may come late; with two of them in a window none is without a sample.
    shortestRecord: 2 * options.scrapeInterval,
    async close() {},
  }
}

function valuesOf(samples: readonly VectorSample[]): MetricResult<QueryValue> {
  if (samples.length === 0) return { kind: 'noData', reason: 'the query has no result' }
  const odd = samples.find(({ value }) => !Number.isFinite(value))
  if (odd !== undefined) {
    const what = Number.isNaN(odd.value) ? 'something that is not a number' : 'an infinite number'
    return { kind: 'nan', reason: `the query gives ${what}`, answers: samples.map(({ value }) => value) }
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
  const received = secret === undefined || secret === '' ? 'nothing' : 'characters that cannot be sent in a header'
  throw misconfigured(`a secret in the environment variable ${variable}`, received)
}

function checkPools(pools: readonly [string, string]): void {
  if (pools[0] === pools[1] || pools.includes('')) throw misconfigured('two different pools', pools.join(', '))
}

function misconfigured(expected: string, received: string): SluiceError {
  return new SluiceError('metrics.misconfigured', {
    message: 'the Prometheus source cannot work with its options',
    expected,
    received,
    fix: 'set the metric source of the target in sluice.yaml, or the environment of the worker, as docs/metrics/prometheus.md says',
  })
}
