import { z } from 'zod'
import type { PoolRoles } from '../../domain/exposure.ts'
import type { ArmCounts, MetricResult, Observation } from '../../domain/observation.ts'
import type { Instant } from '../../domain/units.ts'
import { armOf, type Gaps } from '../arm.ts'
import {
  type CounterTally,
  type Part,
  partOf,
  restartsSince,
  risesSince,
  successionOf,
  tallyAfter,
  tallySchema,
} from '../cumulative.ts'
import { lookNotTaken, NOT_COUNTED, STARTED } from '../look.ts'
import type { ObserveRequest } from '../metric-source.ts'
import { neverReported, type Selector, selectorText } from '../selector.ts'
import type { ScrapeOptions } from './options.ts'
import type { Page, PoolPage } from './page.ts'

/** Where a look ended, as it travels with the release. */
interface ScrapeCursor {
  readonly at: Instant
  /** By URL and pool. */
  readonly tallies: Readonly<Record<string, Readonly<Record<string, CounterTally>>>>
  /** What has been seen to be reported at all, by either pool: only that is 0 where it is absent. */
  readonly seen: readonly string[]
}

const cursorSchema = z.object({
  at: z.number(),
  tallies: z.record(z.string(), z.record(z.string(), tallySchema)),
  // A cursor without it is of an older version, which named buckets otherwise: it is no place to go on from.
  seen: z.array(z.string()),
})

/** Where a look goes on, and what was seen before. */
interface Past {
  /** Null when nothing of it may be counted from. */
  readonly since: ScrapeCursor | null
  readonly seen: readonly string[]
}

/** The past of a look: a cursor that was set before anything may be counted is worth no more than what was seen. */
export function readCursor({ since, notBefore }: ObserveRequest): Past {
  const parsed = cursorSchema.safeParse(since)
  if (!parsed.success) return { since: null, seen: [] }
  return { since: parsed.data.at >= notBefore ? parsed.data : null, seen: parsed.data.seen }
}

/** What both pools did since the last look, by the pages of this one. */
export function countPages(
  options: ScrapeOptions,
  request: ObserveRequest,
  past: Past,
  pages: readonly Page[],
): Observation {
  const { roles, now } = request
  const { since } = past
  const end = Math.max(now, since?.at ?? now)
  const seen = [...new Set([...past.seen, ...seenOn(options, pages)])]
  const cursor = { at: end, tallies: talliesAfter(since, pages), seen }
  if (since === null) return { stable: STARTED, canary: STARTED, window: { start: end, end }, cursor }
  const stable = countArm(options, since, seen, pages, roles, roles.stable)
  const canary = countArm(options, since, seen, pages, roles, roles.canary)
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
  seen: readonly string[],
  pages: readonly Page[],
  roles: PoolRoles,
  pool: string,
): MetricResult<ArmCounts> {
  const readings = pages.flatMap(({ url, incarnation, begunAt, pools }) => {
    const [before, page] = [since.tallies[url]?.[pool], pools[pool]]
    if (before === undefined || page === undefined) return []
    const succession = successionOf(before.incarnation, incarnation, begunAt, since.at)
    return [{ url, before, page, succession }]
  })
  const isReplaced = readings.some(({ succession, page }) => succession === 'other' && page.counters.length > 0)
  const rises = readings.flatMap(({ before, page, succession }) => risesSince(before, page.counters, succession))
  if (isReplaced && !rises.some(({ measure }) => measure.kind === 'requests')) {
    const reason = `another process, which has run for longer, now reports ${pool}: its counts so far are the new starting point`
    return { kind: 'noData', reason }
  }
  const restarts = readings.map(({ before, page, succession }) => restartsSince(before, page.counters, succession))
  return armOf(pool, rises, {
    events: Object.keys(options.events),
    countsStarted: options.started !== undefined,
    gaps: gapsOf(options, seen, pages, readings, roles, pool),
    restarts: restarts.reduce((sum, count) => sum + count, 0),
  })
}

/** Why parts of a pool's counts are not known: they are nowhere, broken at this look, or were at the last one. */
function gapsOf(
  options: ScrapeOptions,
  seen: readonly string[],
  pages: readonly Page[],
  readings: readonly { readonly before: CounterTally; readonly page: PoolPage }[],
  roles: PoolRoles,
  pool: string,
): Gaps {
  const gaps: Partial<Record<Part, string>> = {}
  for (const [part, selector] of optionalParts(options)) {
    if (!seen.includes(selectorText(selector))) gaps[part] = neverReported(roles, selectorText(selector))
  }
  const { errors } = options
  const own = pages.flatMap(({ pools }) => pools[pool]?.carriesErrorLabel ?? [])
  if (own.includes(false)) gaps.errors = `${selectorText(errors)} of ${pool} comes without the label ${errors.label}`
  else if (!seen.includes(errorsKey(options)))
    gaps.errors = neverReported(roles, `${selectorText(errors)} with the label ${errors.label}`)
  for (const { before, page } of readings) {
    for (const part of before.unread) {
      gaps[part as Part] = `${part} of ${pool} could not be read at the look before: counted again from this one on`
    }
    for (const [part, fault] of Object.entries(page.broken)) gaps[part as Part] = fault?.reason ?? ''
  }
  return gaps
}

/** Parts that a source may be set up to count, with the series that do. */
function optionalParts({ started, latency, events }: ScrapeOptions): readonly (readonly [Part, Selector])[] {
  return [
    ...(started === undefined ? [] : [['started', started] as const]),
    ...(latency === undefined ? [] : [['latency', { ...latency, metric: `${latency.metric}_bucket` }] as const]),
    ...Object.entries(events).map(([name, event]) => [`event:${name}`, event] as const),
  ]
}

/** The keys of what these pages report of either pool. */
function seenOn(options: ScrapeOptions, pages: readonly Page[]): readonly string[] {
  const pools = pages.flatMap((page) => Object.values(page.pools))
  const parts = new Set(pools.flatMap(({ counters }) => counters.map(({ measure }) => partOf(measure))))
  const keys = optionalParts(options).flatMap(([part, selector]) => (parts.has(part) ? [selectorText(selector)] : []))
  const isTold = pools.some(({ carriesErrorLabel }) => carriesErrorLabel === true)
  return isTold ? [...keys, errorsKey(options)] : keys
}

function errorsKey({ errors }: ScrapeOptions): string {
  return `${selectorText(errors)} by ${errors.label}`
}

function talliesAfter(since: ScrapeCursor | null, pages: readonly Page[]): ScrapeCursor['tallies'] {
  return Object.fromEntries(
    pages.map(({ url, incarnation, begunAt, pools }) => {
      const byPool = Object.entries(pools).map(([pool, { counters, broken }]) => {
        const before = since?.tallies[url]?.[pool] ?? null
        const succession = successionOf(before?.incarnation ?? null, incarnation, begunAt, since?.at ?? 0)
        const unread = Object.keys(broken) as Part[]
        return [pool, tallyAfter(before, counters, incarnation, succession, unread)] as const
      })
      return [url, Object.fromEntries(byPool)]
    }),
  )
}
