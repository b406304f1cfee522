import { z } from 'zod'
import type { Instant } from '../domain/units.ts'

/** What a cumulative counter counts: requests answered or sent, failed ones, those up to a latency, or a named event. */
export type Measure =
  | { readonly kind: 'requests' | 'errors' | 'started' }
  | { readonly kind: 'bucket'; readonly upToSeconds: number }
  | { readonly kind: 'event'; readonly name: string }

/** A part of what an arm did, that can be known or missing by itself. */
export type Part = 'requests' | 'errors' | 'latency' | 'started' | `event:${string}`

/** The part that a measure belongs to. */
export function partOf(measure: Measure): Part {
  switch (measure.kind) {
    case 'requests':
    case 'errors':
    case 'started':
      return measure.kind
    case 'bucket':
      return 'latency'
    case 'event':
      return `event:${measure.name}`
  }
}

/** One counter of one pool since its process started. `id` is stable and unique among all counters of a look. */
export interface Counter {
  readonly id: string
  readonly measure: Measure
  readonly value: number
}

/** A {@link CounterTally} as it comes out of a cursor. */
export const tallySchema = z.object({
  /** Differs when the process has restarted; null when it has never said. */
  incarnation: z.string().nullable(),
  counters: z.record(z.string(), z.number()),
  /** Parts that could not be read at that look: their next reading is a starting point. */
  unread: z.array(z.string()).default([]),
})

/** The counters of one process as far as they were taken into account: plain JSON for a cursor. */
export type CounterTally = Readonly<z.output<typeof tallySchema>>

/** How much a counter rose between two looks. */
export interface Rise {
  readonly measure: Measure
  readonly by: number
}

/**
 * How the process that was read stands to the one of the look before:
 *
 * - `same`: it says so.
 * - `new`: it began after that look, so that its counters hold nothing older.
 * - `untold`: it does not say; it is taken for the same until a counter falls.
 * - `unsure`: it says for the first time, and that it began before that look; the one before may have been another.
 * - `other`: another one, which began before that look: what its counters rose by since then nobody knows.
 */
export type Succession = 'same' | 'new' | 'untold' | 'unsure' | 'other'

/**
 * The succession of two processes that say when they began, or null. `begunAt` is when the one that was read did, and
 * `lookedAt` when the one before was read.
 */
export function successionOf(
  before: string | null,
  now: string | null,
  begunAt: Instant | null,
  lookedAt: Instant,
): Succession {
  if (now === null) return 'untold'
  if (before === now) return 'same'
  if (begunAt !== null && begunAt > lookedAt) return 'new'
  return before === null ? 'unsure' : 'other'
}

/**
 * How much each counter rose since `before`; never less than 0 and never more than it counted since then. A counter that
 * was not there counts from 0 where its process was read without it or is new, and so does one that fell where its process
 * may have restarted. Of a counter whose past is not known nothing is told: this look is its starting point.
 */
export function risesSince(
  before: CounterTally,
  counters: readonly Counter[],
  succession: Succession,
): readonly Rise[] {
  return counters.flatMap(({ id, measure, value }) => {
    if (succession === 'other' || before.unread.includes(partOf(measure))) return []
    const old = Object.hasOwn(before.counters, id) ? (before.counters[id] ?? 0) : null
    const by = riseOf(old, value, succession)
    return by === null ? [] : [{ measure, by }]
  })
}

function riseOf(old: number | null, value: number, succession: Exclude<Succession, 'other'>): number | null {
  if (succession === 'new') return value
  if (old === null) return succession === 'unsure' ? null : value
  if (value >= old) return value - old
  return succession === 'untold' ? value : 0
}

/** 1 when the process has begun anew since `before`: it says so, or a counter of requests fell; else 0. */
export function restartsSince(before: CounterTally, counters: readonly Counter[], succession: Succession): number {
  if (Object.keys(before.counters).length === 0) return 0
  if (succession === 'new' || succession === 'other') return 1
  const requests = counters.filter(({ measure }) => measure.kind === 'requests')
  return succession === 'untold' && haveFallen(before, requests) ? 1 : 0
}

function haveFallen(before: CounterTally, counters: readonly Counter[]): boolean {
  return counters.some(({ id, value }) => value < (before.counters[id] ?? 0))
}

/**
 * The tally after a look. Counters that were not seen keep their value while the process may be the same, so that they are
 * not counted twice when they come back; those of parts that could not be read lose it.
 */
export function tallyAfter(
  before: CounterTally | null,
  counters: readonly Counter[],
  incarnation: string | null,
  succession: Succession,
  unread: readonly Part[],
): CounterTally {
  const kept = before !== null && goesOn(before, counters, succession) ? before.counters : {}
  const seen = Object.fromEntries(counters.map(({ id, value }) => [id, value]))
  return {
    incarnation: incarnation ?? before?.incarnation ?? null,
    counters: { ...kept, ...seen },
    unread: [...unread],
  }
}

function goesOn(before: CounterTally, counters: readonly Counter[], succession: Succession): boolean {
  switch (succession) {
    case 'same':
    case 'unsure':
      return true
    case 'untold':
      return !haveFallen(before, counters)
    case 'new':
    case 'other':
      return false
  }
}
