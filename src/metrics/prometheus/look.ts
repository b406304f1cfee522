import { z } from 'zod'
import type { MetricResult, Observation } from '../../domain/observation.ts'
import type { Instant } from '../../domain/units.ts'
import { lookNotTaken } from '../look.ts'
import type { ObserveRequest } from '../metric-source.ts'
import { readArm, seenIn } from './arms.ts'
import { type ApiSettings, instantQuery, type VectorSample } from './http-api.ts'
import type { PrometheusOptions } from './options.ts'
import { originQuery } from './origin-query.ts'
import { PART_LABEL } from './series.ts'
import { cellOf, goneQuery, type Window, windowQuery } from './window-query.ts'

/** One look at both pools; all its calls together take no longer than the deadline. */
export async function observeWindow(
  options: PrometheusOptions,
  api: ApiSettings,
  request: ObserveRequest,
  signal: AbortSignal,
): Promise<Observation> {
  signal.throwIfAborted()
  const ask = askWithin(api, signal)
  const { start, end, windows, cursor } = planLook(options, request)
  if (windows.length === 0) {
    // Asked all the same: an outage or a wrong secret shows now and not only after the first scrape.
    const probe = await ask('time()', request.now)
    if (probe.kind !== 'value') return lookNotTaken(request, start, { stable: probe, canary: probe })
    return { stable: WAITING, canary: WAITING, window: { start, end: start }, cursor }
  }
  const pools = [request.roles.stable, request.roles.canary]
  const answers = await Promise.all(windows.map((window) => askWindow(options, ask, pools, window)))
  const known = answers.flatMap((answer) => (answer.kind === 'value' ? [answer.value] : []))
  const samples = known.flatMap((answer) => answer.samples)
  const isUnseen = (pool: string) =>
    !samples.some(
      ({ labels }) => labels[options.poolLabel] === pool && ['requests', 'age'].includes(labels[PART_LABEL] ?? ''),
    )
  const failed = answers.find((answer) => answer.kind !== 'value')
  if (failed !== undefined) return lookNotTaken(request, start, { stable: failed, canary: failed })
  const unseen = pools.filter(isUnseen)
  const ages = unseen.length === 0 ? NO_SAMPLES : await ask(goneQuery(options, unseen), end)
  if (ages.kind !== 'value') return lookNotTaken(request, start, { stable: ages, canary: ages })
  const all = { samples: [...samples, ...ages.value], past: known.flatMap(({ past }) => past) }
  const seen = [...new Set([...cursor.seen, ...seenIn(options, samples)])]
  return {
    stable: readArm(options, request.roles, request.roles.stable, all, seen),
    canary: readArm(options, request.roles, request.roles.canary, all, seen),
    window: { start, end },
    cursor: { end, isOpening: false, seen },
  }
}

const WAITING: MetricResult<never> = { kind: 'noData', reason: 'waiting for the next scrape' }
const NO_SAMPLES: MetricResult<readonly VectorSample[]> = { kind: 'value', value: [] }

type Ask = (query: string, at: Instant) => Promise<MetricResult<readonly VectorSample[]>>

/** Asks with what is left of the deadline. */
function askWithin(api: ApiSettings, signal: AbortSignal): Ask {
  const givesUpAt = performance.now() + api.deadline
  return (query, at) => instantQuery({ ...api, deadline: givesUpAt - performance.now() }, query, at, signal)
}

/** The rises in one window, and those first samples that are none. */
async function askWindow(
  options: PrometheusOptions,
  ask: Ask,
  pools: readonly string[],
  window: Window,
): Promise<MetricResult<{ readonly samples: readonly VectorSample[]; readonly past: readonly VectorSample[] }>> {
  const answer = await ask(windowQuery(options, pools, window), window.end)
  if (answer.kind !== 'value') return answer
  const samples = answer.value
  if (!samples.some(({ labels }) => labels[PART_LABEL] === 'new'))
    return { kind: 'value', value: { samples, past: [] } }
  const origins = await ask(originQuery(options, pools, window), window.end)
  if (origins.kind !== 'value') return origins
  const reaches = origins.value.some(({ labels }) => labels[PART_LABEL] === 'reach')
  const prefix = reaches ? 'old:' : 'first:'
  const past = origins.value.flatMap(({ labels, value }) => {
    const name = labels[PART_LABEL] ?? ''
    return name.startsWith(prefix) ? [{ labels: { ...labels, [PART_LABEL]: name.slice(prefix.length) }, value }] : []
  })
  return { kind: 'value', value: { samples, past } }
}

const cursorSchema = z.object({ end: z.int(), isOpening: z.boolean(), seen: z.array(z.string()).default([]) })

interface Look {
  readonly start: Instant
  readonly end: Instant
  /** None while the next scrape is to come. */
  readonly windows: readonly Window[]
  readonly cursor: z.output<typeof cursorSchema>
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
  const seen = parsed.success ? parsed.data.seen : []
  const latest = Math.floor((now - (options.delay ?? options.scrapeInterval)) / cell) * cell
  const end = Math.min(latest, Math.floor(start / cell) * cell + MOST_CELLS * cell)
  const cursor = { end: start, isOpening, seen }
  if (end - start < options.scrapeInterval) return { start, end: start, windows: [], cursor }
  if (!isOpening) return { start, end, windows: [{ start, end, newSince: null }], cursor }
  const firstCell = Math.floor(start / cell) * cell
  const firstScrape = Math.min(end, Math.ceil((start + options.scrapeInterval) / cell) * cell)
  const windows = [
    { start: firstCell, end: firstScrape, newSince: start },
    { start: firstScrape, end, newSince: null },
  ]
  return { start, end, windows: windows.filter((window) => window.end > window.start), cursor }
}
