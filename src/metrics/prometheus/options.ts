import { z } from 'zod'
import { type Milliseconds, parseDuration } from '../../domain/units.ts'
import { deadlineText } from '../../outbound/deadline.ts'
import { hasClearUnit, LATENCY_MEANING, latencyUnit, UNCLEAR_UNIT } from '../latency-unit.ts'

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,99}$/

const metricName = z.string().regex(METRIC_NAME, { error: 'must be the name of a metric' })
const labelName = z.string().regex(LABEL_NAME, { error: 'must be the name of a label' })
/** Any text; {@link quote} makes it one string of PromQL. */
const labelValue = z.string().max(200)
const labels = z.record(labelName, labelValue).default({})
const series = z.strictObject({ metric: metricName, labels })
const secret = z.strictObject({
  env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, { error: 'must be a variable' }),
})

/** A duration as text that comes out as milliseconds. */
const duration = z
  .string()
  .transform((text, context): Milliseconds => {
    const parsed = parseDuration(text)
    if (parsed.ok && parsed.value > 0) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.ok ? 'must be longer than 0' : `must be ${parsed.expected}` })
    return z.NEVER
  })
  .meta({ title: 'duration' })

/** The options of the Prometheus source in `sluice.yaml`; docs/metrics/prometheus.md has an example. */
export const prometheusOptions = z.strictObject({
  kind: z.literal('prometheus').describe('the kind'),
  url: z
    .string()
    .refine(isBaseUrl, { error: 'must be an http or https address without user, query or fragment' })
    .describe('base address; `/api/v1/query` is added'),
  poolLabel: labelName.describe('label that tells the pools apart; its values are their names'),
  cohortLabel: labelName
    .optional()
    .describe('label that holds the cohort of a request, so that checks can be of one `cohort`'),
  scrapeInterval: duration.describe('of the jobs that scrape the pools; windows hold at least one'),
  requests: series.describe('counter of the requests that were answered, and `labels` that must match'),
  errors: z
    .strictObject({ label: labelName, regex: z.string().min(1).max(200) })
    .describe('which of them failed: `label`, and the `regex` that its whole value matches'),
  started: series
    .optional()
    .describe('counter of the requests that were sent, answered or not, so that a version that hangs is seen'),
  latency: z
    .strictObject({ metric: metricName, labels, unit: latencyUnit.optional() })
    .refine(hasClearUnit, UNCLEAR_UNIT)
    .optional()
    .describe(LATENCY_MEANING),
  events: z
    .record(z.string().regex(/^[a-zA-Z][\w-]{0,63}$/, { error: 'must be a name' }), series)
    .default({})
    .describe('further counters, by the name that checks use'),
  delay: duration
    .optional()
    .describe('how long a sample may take into the store (one scrape interval); the end of a window is that far back'),
  longestGap: duration
    .default(15 * 60_000)
    .describe('the longest gap after which a series still counts on from its last sample'),
  deadline: deadlineText
    .default('5s')
    .describe('for one look, query or call of a record, bodies included, from `100ms` to `1m`'),
  bearer: secret.optional().describe('environment variable of the worker with a token'),
  basic: z
    .strictObject({ user: z.string().regex(/^[^:]{1,200}$/), password: secret })
    .optional()
    .describe('user, and the environment variable with the password; not beside `bearer`'),
  tenant: secret.optional().describe('environment variable whose value is sent as `X-Scope-OrgID` (Mimir, Cortex)'),
})

export type PrometheusOptions = z.output<typeof prometheusOptions>

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return isPlain && (url.protocol === 'http:' || url.protocol === 'https:')
}

/** The same options for the requests of one cohort alone. */
export function optionsOfCohort(options: PrometheusOptions, cohort: string | undefined): PrometheusOptions {
  const { cohortLabel, requests, started, latency, events } = options
  if (cohort === undefined || cohortLabel === undefined) return options
  const only = <Series extends PrometheusOptions['requests']>(series: Series): Series => ({
    ...series,
    labels: { ...series.labels, [cohortLabel]: cohort },
  })
  return {
    ...options,
    requests: only(requests),
    started: started && only(started),
    latency: latency && only(latency),
    events: Object.fromEntries(Object.entries(events).map(([name, event]) => [name, only(event)])),
  }
}
