import { z } from 'zod'
import { parseDuration, type Milliseconds } from '../../domain/units.ts'
import { deadlineText } from '../../outbound/deadline.ts'
import { hasClearUnit, latencyUnit, UNCLEAR_UNIT } from '../latency-unit.ts'

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
const duration = z.string().transform((text, context): Milliseconds => {
  const parsed = parseDuration(text)
  if (parsed.ok && parsed.value > 0) return parsed.value
  context.addIssue({ code: 'custom', message: parsed.ok ? 'must be longer than 0' : `must be ${parsed.expected}` })
  return z.NEVER
})

/** The options of the Prometheus source in `sluice.yaml`; docs/metrics/prometheus.md has an example. */
export const prometheusOptions = z.strictObject({
  kind: z.literal('prometheus'),
  /** Base address; `/api/v1/query` is added to it. */
  url: z.string().refine(isBaseUrl, { error: 'must be an http or https address without user, query or fragment' }),
  /** The label whose values are the names of the pools. */
  poolLabel: labelName,
  scrapeInterval: duration,
  /** The counter of all requests that have been answered. */
  requests: series,
  /** Which of these requests failed: those whose label matches the regular expression as a whole. */
  errors: z.strictObject({ label: labelName, regex: z.string().min(1).max(200) }),
  /** The counter of requests that have been sent, answered or not. */
  started: series.optional(),
  /** The histogram of latencies, without `_bucket`; in seconds unless its unit is given. */
  latency: z
    .strictObject({ metric: metricName, labels, unit: latencyUnit.optional() })
    .refine(hasClearUnit, UNCLEAR_UNIT)
    .optional(),
  /** Further counters, by the name that checks use. */
  events: z.record(z.string().regex(/^[a-zA-Z][\w-]{0,63}$/, { error: 'must be a name' }), series).default({}),
  /** How long a sample may take from its target into the store; one scrape interval by default. */
  delay: duration.optional(),
  /** The longest gap of a series after which it still counts on from its last sample. */
  longestGap: duration.default(15 * 60_000),
  /** Total time of one look, query or record. */
  deadline: deadlineText.default('5s'),
  bearer: secret.optional(),
  basic: z.strictObject({ user: z.string().regex(/^[^:]{1,200}$/), password: secret }).optional(),
  /** Sent as X-Scope-OrgID (Mimir, Cortex). */
  tenant: secret.optional(),
})

export type PrometheusOptions = z.output<typeof prometheusOptions>

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return isPlain && (url.protocol === 'http:' || url.protocol === 'https:')
}
