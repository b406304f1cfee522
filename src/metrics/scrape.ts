import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import type { MetricResult } from '../domain/observation.ts'
import type { AdapterContext } from '../outbound/adapter.ts'
import { millisecondsOf } from '../outbound/deadline.ts'
import { fetchOrFault } from './bounded-fetch.ts'
import { defineMetricSource } from './define.ts'
import { lookNotTaken, NOT_COUNTED } from './look.ts'
import type { MetricSource, ObserveRequest } from './metric-source.ts'
import { countPages, readCursor } from './scrape/count.ts'
import { optionsOfCohort, type ScrapeOptions, scrapeOptions } from './scrape/options.ts'
import { type Page, readPage } from './scrape/page.ts'
import { parseExposition } from './text-exposition.ts'

const CAPABILITIES: MetricSourceCapabilities = { counts: true, latency: true, queries: null, records: false }
/** More series than this do not fit a cursor that travels in every heartbeat. */
const MOST_SERIES = 4_000

/** Reads the metrics pages of the processes themselves and takes differences: no store is needed. */
export const scrapeSource = defineMetricSource({
  kind: 'scrape',
  options: scrapeOptions,
  capabilities: CAPABILITIES,
  summary: 'Reads Prometheus metrics pages directly and takes exact differences of their counters: no store needed.',
  capabilitiesOf,
  create: createScrapeSource,
})

function capabilitiesOf({ latency, events, cohortLabel }: ScrapeOptions): MetricSourceCapabilities {
  const cohorts = cohortLabel === undefined ? {} : { cohorts: true }
  return { ...CAPABILITIES, latency: latency !== undefined, events: Object.keys(events), ...cohorts }
}

function createScrapeSource(options: ScrapeOptions, context: AdapterContext): MetricSource {
  const send = context.fetch ?? fetch
  return {
    capabilities: capabilitiesOf(options),
    async observe(request, signal) {
      const own = optionsOfCohort(options, request.cohort)
      const past = readCursor(request)
      const pages = await fetchPages(own, send, request, signal)
      if (pages.ok) return countPages(own, request, past, pages.pages)
      return lookNotTaken(request, past.since?.at ?? request.now, pages)
    },
    async query(_, signal) {
      signal.throwIfAborted()
      return { kind: 'error', fault: 'badQuery', reason: 'the scrape source takes no free queries' }
    },
    async close() {},
  }
}

type Pages =
  | { readonly ok: true; readonly pages: readonly Page[] }
  | ({ readonly ok: false } & Record<'stable' | 'canary', MetricResult<never>>)

/** All pages, or why the look cannot be taken: with one page missing the sums would be too low. */
async function fetchPages(
  options: ScrapeOptions,
  send: typeof fetch,
  request: ObserveRequest,
  signal: AbortSignal,
): Promise<Pages> {
  const bounds = { signal, deadline: millisecondsOf(options.deadline), maxBytes: options.maxBytes }
  const headers = { accept: 'text/plain;version=0.0.4' }
  const answers = await Promise.all(options.urls.map((url) => fetchOrFault(send, url, { headers }, bounds)))
  const pages: Page[] = []
  for (const [index, answer] of answers.entries()) {
    const url = options.urls[index] ?? ''
    if (!answer.ok) return bothArms({ kind: 'error', fault: answer.fault, reason: answer.reason })
    const exposition = parseExposition(answer.text)
    if (!exposition.ok) {
      return bothArms(malformed(`line ${exposition.line} of ${url} is not readable: ${exposition.problem}`))
    }
    const { stable, canary } = request.roles
    pages.push(readPage(options, url, [stable, canary], exposition, request.now))
  }
  return unusable(request, pages) ?? { ok: true, pages }
}

/** Why the look cannot be taken with these pages, or null: requests that cannot be counted, or too much to follow. */
function unusable({ roles }: ObserveRequest, pages: readonly Page[]): Extract<Pages, { ok: false }> | null {
  const faultOf = (pool: string) => pages.flatMap(({ pools }) => pools[pool]?.broken.requests ?? []).at(0)
  const [stable, canary] = [faultOf(roles.stable), faultOf(roles.canary)]
  if (stable !== undefined || canary !== undefined)
    return { ok: false, stable: stable ?? NOT_COUNTED, canary: canary ?? NOT_COUNTED }
  const series = pages.flatMap(({ pools }) => Object.values(pools).flatMap(({ counters }) => counters)).length
  if (series <= MOST_SERIES) return null
  return bothArms(malformed(`the pages hold ${series} series of the two pools; at most ${MOST_SERIES} can be followed`))
}

function bothArms(result: MetricResult<never>): Extract<Pages, { ok: false }> {
  return { ok: false, stable: result, canary: result }
}

function malformed(reason: string): MetricResult<never> {
  return { kind: 'error', fault: 'malformed', reason }
}
