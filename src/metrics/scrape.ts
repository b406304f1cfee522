import { z } from 'zod'
import type { ArmCounts, MetricResult } from '../domain/observation.ts'
import { parseDuration, type Milliseconds } from '../domain/units.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import { fetchText } from './bounded-fetch.ts'
import { armOf, risesSince, tallyAfter, type Counter, type Measure, type Tally } from './cumulative.ts'
import { defineMetricSource, type MetricSourceContext } from './define.ts'
import { lookNotTaken, NOT_COUNTED, STARTED } from './look.ts'
import type { MetricSource, MetricSourceCapabilities, Observation, ObserveRequest } from './metric-source.ts'
import { parseExposition, parseSampleValue, seriesKey, type Sample } from './text-exposition.ts'

const CAPABILITIES: MetricSourceCapabilities = { counts: true, latency: true, queries: null, records: false }
/** More series than this do not fit a cursor that travels in every heartbeat. */
const MOST_SERIES = 4_000

const metricName = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, { error: 'must be the name of a metric' })
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be the name of a label' })
const selector = { metric: metricName, labels: z.record(labelName, z.string()).optional() }
const duration = z.string().refine((text) => parseDuration(text).ok, { error: 'must be a duration such as 3s' })

const optionsSchema = z.strictObject({
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
  requests: z.strictObject(selector),
  /** Failed requests: the series of `metric` whose `label` matches, e.g. `code` with the prefix `5`. */
  errors: z.strictObject({
    ...selector,
    label: labelName,
    match: z.union([
      z.strictObject({ prefix: z.string().min(1) }),
      z.strictObject({ values: z.array(z.string()).min(1) }),
    ]),
  }),
  /** A histogram, by its name without `_bucket`. */
  latency: z.strictObject({ ...selector, unit: z.enum(['seconds', 'milliseconds']).default('seconds') }).optional(),
  /** Counters of further events, by the name that checks use. */
  events: z.record(z.string().min(1), z.strictObject(selector)).default({}),
  /** How long one look may take altogether. */
  deadline: deadlineText.default('3s'),
  /** Samples that carry a timestamp older than this are stale. */
  staleAfter: duration.default('1m'),
  /** Largest page that is read. */
  maxBytes: z.int().min(1_024).max(8_388_608).default(1_048_576),
})

type ScrapeOptions = z.output<typeof optionsSchema>

/** Reads the metrics pages of the processes themselves and takes differences: no store is needed. */
export const scrapeSource = defineMetricSource({
  kind: 'scrape',
  options: optionsSchema,
  capabilities: CAPABILITIES,
  summary: 'Reads Prometheus metrics pages directly and takes exact differences of their counters: no store needed.',
  capabilitiesOf,
  create: createScrapeSource,
})

function capabilitiesOf({ latency, events }: ScrapeOptions): MetricSourceCapabilities {
  return { ...CAPABILITIES, latency: latency !== undefined, events: Object.keys(events) }
}

function createScrapeSource(options: ScrapeOptions, context: MetricSourceContext): MetricSource {
  const call = context.fetch ?? fetch
  return {
    capabilities: capabilitiesOf(options),
    async observe(request, signal) {
      const since = cursorOf(request)
      const pages = await fetchPages(options, call, request, signal)
      if (pages.ok) return compare(options, request, since, pages.pages)
      return lookNotTaken(request, since?.at ?? request.now, pages)
    },
    async query(_, signal) {
      signal.throwIfAborted()
      return { kind: 'error', fault: 'badQuery', reason: 'The scrape source takes no free queries.' }
    },
    async close() {},
  }
}

interface ScrapeCursor {
  readonly at: Milliseconds
  /** By URL and pool. */
  readonly tallies: Readonly<Record<string, Readonly<Record<string, Tally>>>>
}

const cursorSchema = z.object({
  at: z.number(),
  tallies: z.record(
    z.string(),
    z.record(z.string(), z.object({ incarnation: z.string().nullable(), counters: z.record(z.string(), z.number()) })),
  ),
})

/** The cursor, unless it was set before anything may be counted. */
function cursorOf({ since, notBefore }: ObserveRequest): ScrapeCursor | null {
  const parsed = cursorSchema.safeParse(since)
  return parsed.success && parsed.data.at >= notBefore ? parsed.data : null
}

/** What one process reports of the two pools. */
interface Page {
  readonly url: string
  /** When the process started, as it says; null when it does not. */
  readonly incarnation: string | null
  readonly pools: Readonly<Record<string, readonly Counter[]>>
}

type Pages =
  | { readonly ok: true; readonly pages: readonly Page[] }
  | ({ readonly ok: false } & Record<'stable' | 'canary', MetricResult<never>>)

/** All pages, or why the look cannot be taken: with one page missing the sums would be too low. */
async function fetchPages(
  options: ScrapeOptions,
  call: typeof fetch,
  request: ObserveRequest,
  signal: AbortSignal,
): Promise<Pages> {
  const bounds = { signal, deadline: millisecondsOf(options.deadline), maxBytes: options.maxBytes }
  const headers = { accept: 'text/plain;version=0.0.4' }
  const answers = await Promise.all(options.urls.map((url) => fetchText(call, url, { headers }, bounds)))
  const pages: Page[] = []
  for (const [index, answer] of answers.entries()) {
    const url = options.urls[index] ?? ''
    if (!answer.ok) return bothArms({ kind: 'error', fault: answer.fault, reason: answer.reason })
    const exposition = parseExposition(answer.text)
    if (!exposition.ok) {
      return bothArms(malformed(`Line ${exposition.line} of ${url} is not readable: ${exposition.problem}.`))
    }
    const found = pageOf(options, request, url, exposition.samples)
    if ('ok' in found) return found
    pages.push(found)
  }
  const series = pages.flatMap(({ pools }) => Object.values(pools).flat()).length
  if (series <= MOST_SERIES) return { ok: true, pages }
  return bothArms(
    malformed(`The pages hold ${series} series of the two pools; at most ${MOST_SERIES} can be followed.`),
  )
}

/** The counters of one page, or why they cannot be used. */
function pageOf(
  options: ScrapeOptions,
  { roles, now }: ObserveRequest,
  url: string,
  samples: readonly Sample[],
): Page | Extract<Pages, { ok: false }> {
  const start = samples.find(({ name }) => name === 'process_start_time_seconds')
  const arms = [roles.stable, roles.canary].map((pool) => readPool(options, pool, samples, now))
  const [stable, canary] = arms
  if (stable?.ok && canary?.ok) {
    const pools = { [roles.stable]: stable.counters, [roles.canary]: canary.counters }
    return { url, incarnation: start === undefined ? null : String(start.value), pools }
  }
  const resultOf = (arm: PoolReading | undefined) => (arm === undefined || arm.ok ? NOT_COUNTED : arm.result)
  return { ok: false, stable: resultOf(stable), canary: resultOf(canary) }
}

type PoolReading =
  | { readonly ok: true; readonly counters: readonly Counter[] }
  | { readonly ok: false; readonly result: MetricResult<never> }

function readPool(options: ScrapeOptions, pool: string, samples: readonly Sample[], now: Milliseconds): PoolReading {
  const own = samples.filter(({ labels }) => labels[options.poolLabel] === pool)
  const counters: Counter[] = []
  for (const sample of own) {
    for (const measure of measuresOf(options, sample)) {
      const problem = problemOf(pool, sample, measure, now, millisecondsOf(options.staleAfter))
      if (problem !== null) return { ok: false, result: problem }
      counters.push({ id: idOf(measure, sample), measure, value: sample.value })
    }
  }
  return { ok: true, counters }
}

/** What a sample counts: nothing that matters, one thing, or several (a failed request is a request too). */
function measuresOf(options: ScrapeOptions, sample: Sample): readonly Measure[] {
  const measures: Measure[] = []
  if (isSelected(options.requests, sample)) measures.push({ kind: 'requests' })
  if (isSelected(options.errors, sample) && isErrorLabel(options.errors, sample)) measures.push({ kind: 'errors' })
  const { latency } = options
  if (latency !== undefined && isSelected({ ...latency, metric: `${latency.metric}_bucket` }, sample)) {
    const bound = parseSampleValue(sample.labels['le'] ?? '') ?? Number.NaN
    measures.push({ kind: 'bucket', upToSeconds: latency.unit === 'seconds' ? bound : bound / 1_000 })
  }
  for (const [name, event] of Object.entries(options.events)) {
    if (isSelected(event, sample)) measures.push({ kind: 'event', name })
  }
  return measures
}

function isSelected({ metric, labels }: ScrapeOptions['requests'], sample: Sample): boolean {
  return (
    sample.name === metric && Object.entries(labels ?? {}).every(([label, value]) => sample.labels[label] === value)
  )
}

function isErrorLabel({ label, match }: ScrapeOptions['errors'], { labels }: Sample): boolean {
  const value = labels[label]
  if (value === undefined) return false
  return 'prefix' in match ? value.startsWith(match.prefix) : match.values.includes(value)
}

/** Why a sample cannot be counted with, or null when it can. */
function problemOf(
  pool: string,
  sample: Sample,
  measure: Measure,
  now: Milliseconds,
  staleAfter: Milliseconds,
): MetricResult<never> | null {
  const series = seriesKey(sample.name, sample.labels)
  if (Number.isNaN(sample.value)) return { kind: 'nan', reason: `${series} is not a number.` }
  if (!Number.isFinite(sample.value) || sample.value < 0) return malformed(`${series} is ${sample.value}, no count.`)
  if (measure.kind === 'bucket' && Number.isNaN(measure.upToSeconds))
    return malformed(`${series} has no bound in \`le\`.`)
  const age = sample.timestamp === null ? 0 : now - sample.timestamp
  if (age <= staleAfter) return null
  const ageSeconds = age / 1_000
  return { kind: 'stale', reason: `The counters of ${pool} are ${Math.round(ageSeconds)} s old.`, ageSeconds }
}

/** Short and unique within one page and pool. */
function idOf(measure: Measure, { labels }: Sample): string {
  const subject = measure.kind === 'event' ? `event:${measure.name}` : measure.kind
  return seriesKey(subject, labels)
}

function compare(
  options: ScrapeOptions,
  request: ObserveRequest,
  since: ScrapeCursor | null,
  pages: readonly Page[],
): Observation {
  const { roles, now } = request
  const end = Math.max(now, since?.at ?? now)
  const cursor = { at: end, tallies: talliesAfter(since, pages) }
  if (since === null) return { stable: STARTED, canary: STARTED, window: { start: end, end }, cursor }
  const stable = countArm(options, since, pages, roles.stable)
  const canary = countArm(options, since, pages, roles.canary)
  if (stable.kind !== 'error' && canary.kind !== 'error') {
    return { stable, canary, window: { start: since.at, end }, cursor }
  }
  return lookNotTaken(request, since.at, {
    stable: stable.kind === 'error' ? stable : NOT_COUNTED,
    canary: canary.kind === 'error' ? canary : NOT_COUNTED,
  })
}

function countArm(
  options: ScrapeOptions,
  since: ScrapeCursor,
  pages: readonly Page[],
  pool: string,
): MetricResult<ArmCounts> {
  const rises = pages.flatMap(({ url, incarnation, pools }) => {
    const before = since.tallies[url]?.[pool]
    return before === undefined ? [] : risesSince(before, pools[pool] ?? [], incarnation)
  })
  return armOf(pool, rises, Object.keys(options.events))
}

function talliesAfter(since: ScrapeCursor | null, pages: readonly Page[]): ScrapeCursor['tallies'] {
  return Object.fromEntries(
    pages.map(({ url, incarnation, pools }) => {
      const byPool = Object.entries(pools).map(([pool, counters]) => {
        return [pool, tallyAfter(since?.tallies[url]?.[pool] ?? null, counters, incarnation)] as const
      })
      return [url, Object.fromEntries(byPool)]
    }),
  )
}

function bothArms(result: MetricResult<never>): Extract<Pages, { ok: false }> {
  return { ok: false, stable: result, canary: result }
}

function malformed(reason: string): MetricResult<never> {
  return { kind: 'error', fault: 'malformed', reason }
}
