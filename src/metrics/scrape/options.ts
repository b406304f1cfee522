import { z } from 'zod'
import { parseDuration } from '../../domain/units.ts'
import { deadlineText } from '../../outbound/deadline.ts'
import { hasClearUnit, LATENCY_MEANING, latencyUnit, UNCLEAR_UNIT } from '../latency-unit.ts'

const metricName = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, { error: 'must be the name of a metric' })
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be the name of a label' })
const selector = { metric: metricName, labels: z.record(labelName, z.string()).optional() }
const duration = z
  .string()
  .refine((text) => parseDuration(text).ok, { error: 'must be a duration such as 3s' })
  .meta({ title: 'duration' })

/** The options of the scrape source in `sluice.yaml`; docs/metrics/scrape.md has an example. */
export const scrapeOptions = z.strictObject({
  kind: z.literal('scrape').describe('the kind'),
  urls: z
    .array(
      z
        .url({ protocol: /^https?$/, error: 'expected an http or https address', abort: true })
        .refine((text) => new URL(text).username === '', { error: 'expected an address without a user' }),
    )
    .min(1)
    .max(32)
    .refine((urls) => new Set(urls).size === urls.length, { error: 'expected each page once' })
    .describe('1 to 32 metrics pages, one per process: a balancer in between would mix the counters of several'),
  poolLabel: labelName.default('pool').describe('the label that holds the name of the pool'),
  cohortLabel: labelName
    .optional()
    .describe('the label that holds the cohort of a request, so that checks can be of one `cohort`'),
  requests: z
    .strictObject(selector)
    .describe('the counter of requests that were answered, and labels that its series must have'),
  errors: z
    .strictObject({
      ...selector,
      label: labelName,
      match: z
        .strictObject({ prefix: z.string().min(1).optional(), values: z.array(z.string()).min(1).optional() })
        .refine(({ prefix, values }) => prefix !== undefined || values !== undefined, {
          error: 'expected a prefix, values or both',
        }),
    })
    .describe(
      'which failed: the series whose `label` matches; `match` is `{ prefix: "5" }`, `{ values: ["500"] }` or both',
    ),
  started: z
    .strictObject(selector)
    .optional()
    .describe('the counter of requests that were sent, answered or not, so that a version that hangs is seen'),
  latency: z
    .strictObject({ ...selector, unit: latencyUnit.optional() })
    .refine(hasClearUnit, UNCLEAR_UNIT)
    .optional()
    .describe(LATENCY_MEANING),
  events: z
    .record(z.string().min(1), z.strictObject(selector))
    .default({})
    .describe('counters of further events, by the name that checks use'),
  deadline: deadlineText.default('3s').describe('how long one look may take altogether, from `100ms` to `1m`'),
  staleAfter: duration.default('1m').describe('samples with a timestamp older than this are stale'),
  maxBytes: z
    .int()
    .min(1_024)
    .max(8_388_608)
    .default(1_048_576)
    .describe('largest page that is read, in bytes, up to 8 MiB'),
})

export type ScrapeOptions = z.output<typeof scrapeOptions>

/** The same options for the requests of one cohort alone. */
export function optionsOfCohort(options: ScrapeOptions, cohort: string | undefined): ScrapeOptions {
  const { cohortLabel, requests, errors, started, latency, events } = options
  if (cohort === undefined || cohortLabel === undefined) return options
  const only = <Series extends { readonly labels?: Record<string, string> | undefined }>(series: Series): Series => ({
    ...series,
    labels: { ...series.labels, [cohortLabel]: cohort },
  })
  return {
    ...options,
    ...{
      requests: only(requests),
      errors: only(errors),
      started: started && only(started),
      latency: latency && only(latency),
    },
    events: Object.fromEntries(Object.entries(events).map(([name, event]) => [name, only(event)])),
  }
}
