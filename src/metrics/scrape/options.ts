import { z } from 'zod'
import { deadlineText } from '../../outbound/deadline.ts'
import { parseDuration } from '../../domain/units.ts'
import { hasClearUnit, latencyUnit, UNCLEAR_UNIT } from '../latency-unit.ts'

const metricName = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, { error: 'must be the name of a metric' })
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be the name of a label' })
const selector = { metric: metricName, labels: z.record(labelName, z.string()).optional() }
const duration = z.string().refine((text) => parseDuration(text).ok, { error: 'must be a duration such as 3s' })

/** The options of the scrape source in `sluice.yaml`; docs/metrics/scrape.md has an example. */
export const scrapeOptions = z.strictObject({
  kind: z.literal('scrape'),
  /** Each names the metrics page of one process. A balancer in between would mix the counters of several. */
  urls: z
    .array(
      z
        .url({ protocol: /^https?$/ })
        .refine((text) => new URL(text).username === '', { error: 'must not hold a user' }),
    )
    .min(1)
    .max(32)
    .refine((urls) => new Set(urls).size === urls.length, { error: 'must not name a page twice' }),
  /** The label that holds the name of the pool. */
  poolLabel: labelName.default('pool'),
  /** Requests that have been answered. */
  requests: z.strictObject(selector),
  /** Failed requests: the series of `metric` whose `label` matches, e.g. `code` with the prefix `5`. */
  errors: z.strictObject({
    ...selector,
    label: labelName,
    match: z
      .strictObject({ prefix: z.string().min(1).optional(), values: z.array(z.string()).min(1).optional() })
      .refine(({ prefix, values }) => prefix !== undefined || values !== undefined, {
        error: 'must have a prefix, values or both',
      }),
  }),
  /** Requests that have been sent, answered or not. */
  started: z.strictObject(selector).optional(),
  /** A histogram, by its name without `_bucket`; in seconds unless its unit is given. */
  latency: z
    .strictObject({ ...selector, unit: latencyUnit.optional() })
    .refine(hasClearUnit, UNCLEAR_UNIT)
    .optional(),
  /** Counters of further events, by the name that checks use. */
  events: z.record(z.string().min(1), z.strictObject(selector)).default({}),
  /** How long one look may take altogether. */
  deadline: deadlineText.default('3s'),
  /** Samples that carry a timestamp older than this are stale. */
  staleAfter: duration.default('1m'),
  /** Largest page that is read. */
  maxBytes: z.int().min(1_024).max(8_388_608).default(1_048_576),
})

export type ScrapeOptions = z.output<typeof scrapeOptions>
