import { z } from 'zod'
import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { MetricResult, Observation } from '../domain/observation.ts'
import type { Instant } from '../domain/units.ts'
import { armOf } from './arm.ts'
import {
  type Counter,
  type CounterTally,
  type Part,
  partOf,
  restartsSince,
  risesSince,
  type Succession,
  tallyAfter,
  tallySchema,
} from './cumulative.ts'
import { defineMetricSource } from './define.ts'
import { lookNotTaken, NOT_COUNTED, STARTED } from './look.ts'
import type { MetricSource, ObserveRequest, QueryRequest, QueryValue } from './metric-source.ts'

const CAPABILITIES: MetricSourceCapabilities = { counts: true, latency: true, queries: 'promql', records: false }

/** Latency buckets of the memory source in seconds: 1 ms to 11.2 s, each a third of an octave wider. */
const BOUNDS_SECONDS = Array.from({ length: 41 }, (_, index) => 0.001 * 2 ** (index / 3))

/** Traffic of one pool to add to its counters. */
interface RecordedTraffic {
  /** Requests answered. */
  readonly requests: number
  /** Requests sent, answered or not; counted from the first time that it is given. */
  readonly started?: number
  readonly errors?: number
  /** One entry per measured request. */
  readonly latenciesSeconds?: readonly number[]
  readonly events?: Readonly<Record<string, number>>
}

/** The counters that several sources of one process share; whoever has it may record. */
interface MemoryMetricWorld {
  /** Adds traffic to a pool's counters; its series exist from the first call on. */
  record(pool: string, traffic: RecordedTraffic): void
  /** Takes a pool out of sight until it is recorded to again; its counters then begin at 0, as after a restart. */
  forget(pool: string): void
  /** The answer to a query from now on; a query without one has no data. */
  answer(query: string, result: MetricResult<QueryValue>): void
  /** The counters of one pool, or null when it is out of sight. */
  countersOf(pool: string): { readonly incarnation: string; readonly counters: readonly Counter[] } | null
  answerTo(query: string): MetricResult<QueryValue>
}

/** Makes a world without any traffic. */
export function createMemoryMetricWorld(): MemoryMetricWorld {
  const pools = new Map<string, PoolCounters>()
  const answers = new Map<string, MetricResult<QueryValue>>()
  let incarnations = 0
  const begin = (pool: string) => {
    incarnations += 1
    const incarnation = String(incarnations)
    const fresh: PoolCounters = { incarnation, requests: 0, errors: 0, started: null, latencies: null, events: {} }
    pools.set(pool, fresh)
    return fresh
  }
  return {
    record: (pool, traffic) => add(pools.get(pool) ?? begin(pool), traffic),
    forget: (pool) => void pools.delete(pool),
    answer: (query, result) => void answers.set(query, result),
    countersOf: (pool) => {
      const found = pools.get(pool)
      return found === undefined ? null : { incarnation: found.incarnation, counters: countersFrom(found) }
    },
    answerTo: (query) =>
      answers.get(query) ?? { kind: 'noData', reason: 'the memory source has no answer to this query' },
  }
}

/** A source over a world; as many as wanted may share one. */
export function createMemoryMetricSource(world: MemoryMetricWorld): MetricSource {
  return {
    capabilities: CAPABILITIES,
    async observe(request, signal) {
      signal.throwIfAborted()
      return observeWorld(world, request)
    },
    async query({ query }: QueryRequest, signal) {
      signal.throwIfAborted()
      return world.answerTo(query)
    },
    async close() {},
  }
}

/** Counts what the process itself records: a dry run, and a double for tests. */
export const memorySource = defineMetricSource({
  kind: 'memory',
  options: z.strictObject({
    kind: z.literal('memory').describe('the kind'),
    world: z
      .string()
      .min(1)
      .describe('the name of the counters in this process; sources with the same name share them'),
  }),
  capabilities: CAPABILITIES,
  summary: 'Counts what is recorded in the memory of one process: for dry runs and tests.',
  create: (options) => createMemoryMetricSource(worldOf(options.world)),
})

const worlds = new Map<string, MemoryMetricWorld>()

/** The world of that name in this process, made at the first call. */
function worldOf(name: string): MemoryMetricWorld {
  const world = worlds.get(name) ?? createMemoryMetricWorld()
  worlds.set(name, world)
  return world
}

interface PoolCounters {
  readonly incarnation: string
  requests: number
  errors: number
  started: number | null
  /** Cumulative counts per bound and, last, of all; null until a latency is recorded. */
  latencies: number[] | null
  events: Record<string, number>
}

interface MemoryCursor {
  readonly at: Instant
  readonly tallies: Readonly<Record<string, CounterTally>>
  /** Parts that either pool has reported: only those are 0 where they are absent. */
  readonly seen: readonly string[]
}

function observeWorld(world: MemoryMetricWorld, request: ObserveRequest): Observation {
  const { stable, canary } = request.roles
  const found = { stable: seenOf(world, stable), canary: seenOf(world, canary) }
  if (isSpoilt(found.stable) || isSpoilt(found.canary)) {
    return notTaken(request, {
      stable: isSpoilt(found.stable) ? notANumber(stable) : NOT_COUNTED,
      canary: isSpoilt(found.canary) ? notANumber(canary) : NOT_COUNTED,
    })
  }
  const since = cursorOf(request)
  const after = (pool: string, { counters, incarnation }: Seen) => {
    const before = since?.tallies[pool] ?? null
    return tallyAfter(before, counters, incarnation, successionOf(before, incarnation), [])
  }
  const tallies = { [stable]: after(stable, found.stable), [canary]: after(canary, found.canary) }
  const end = Math.max(request.now, since?.at ?? request.now)
  const seen = [...new Set([...seenBefore(request), ...partsIn(found.stable), ...partsIn(found.canary)])]
  const cursor: MemoryCursor = { at: end, tallies, seen }
  if (since === null) return { stable: STARTED, canary: STARTED, window: { start: end, end }, cursor: { ...cursor } }
  return {
    stable: risenSince(since, stable, found.stable, seen),
    canary: risenSince(since, canary, found.canary, seen),
    window: { start: since.at, end },
    cursor: { ...cursor },
  }
}

interface Seen {
  readonly incarnation: string | null
  readonly counters: readonly Counter[]
}

function notANumber(pool: string): MetricResult<never> {
  return { kind: 'nan', reason: `the requests of ${pool} are not a number` }
}

function seenOf(world: MemoryMetricWorld, pool: string): Seen {
  return world.countersOf(pool) ?? { incarnation: null, counters: [] }
}

function isSpoilt({ counters }: Seen): boolean {
  return counters.some(({ value }) => Number.isNaN(value))
}

function risenSince(since: MemoryCursor, pool: string, { counters, incarnation }: Seen, seen: readonly string[]) {
  const before = since.tallies[pool] ?? { incarnation: null, counters: {}, unread: [] }
  const succession = successionOf(before, incarnation)
  const restarts = restartsSince(before, counters, succession)
  const events = seen.flatMap((part) => (part.startsWith('event:') ? [part.slice('event:'.length)] : []))
  const known = { events, countsStarted: seen.includes('started'), gaps: {}, restarts }
  return armOf(pool, risesSince(before, counters, succession), known)
}

function partsIn({ counters }: Seen): readonly Part[] {
  return counters.map(({ measure }) => partOf(measure))
}

/** A pool that was out of sight, or has restarted, begins at 0. */
function successionOf(before: CounterTally | null, incarnation: string | null): Succession {
  if (incarnation === null) return 'untold'
  return before?.incarnation === incarnation ? 'same' : 'new'
}

function notTaken(request: ObserveRequest, arms: Pick<Observation, 'stable' | 'canary'>): Observation {
  return lookNotTaken(request, cursorOf(request)?.at ?? request.now, arms)
}

/** The cursor, unless it was set before anything may be counted. */
function cursorOf({ since, notBefore }: ObserveRequest): MemoryCursor | null {
  const parsed = cursorSchema.safeParse(since)
  return parsed.success && parsed.data.at >= notBefore ? parsed.data : null
}

/** What was seen before, also by a look from before anything may be counted. */
function seenBefore({ since }: ObserveRequest): readonly string[] {
  const parsed = cursorSchema.safeParse(since)
  return parsed.success ? parsed.data.seen : []
}

const cursorSchema = z.object({
  at: z.number(),
  tallies: z.record(z.string(), tallySchema),
  seen: z.array(z.string()).default([]),
})

function add(pool: PoolCounters, traffic: RecordedTraffic): void {
  const { requests, errors = 0, started, latenciesSeconds = [], events = {} } = traffic
  if (errors > requests) {
    throw new SluiceError('request.invalid', { message: 'a pool cannot have more errors than requests' })
  }
  pool.requests += requests
  pool.errors += errors
  if (started !== undefined) pool.started = (pool.started ?? 0) + started
  for (const seconds of latenciesSeconds) {
    pool.latencies ??= [...BOUNDS_SECONDS, Number.POSITIVE_INFINITY].map(() => 0)
    pool.latencies = pool.latencies.map((count, index) =>
      (BOUNDS_SECONDS[index] ?? seconds) >= seconds ? count + 1 : count,
    )
  }
  for (const [name, count] of Object.entries(events)) pool.events[name] = (pool.events[name] ?? 0) + count
}

function countersFrom(pool: PoolCounters): readonly Counter[] {
  return [
    { id: 'requests', measure: { kind: 'requests' }, value: pool.requests },
    { id: 'errors', measure: { kind: 'errors' }, value: pool.errors },
    ...(pool.started === null
      ? []
      : [{ id: 'started', measure: { kind: 'started' }, value: pool.started } satisfies Counter]),
    ...(pool.latencies ?? []).map((value, index): Counter => {
      const upToSeconds = BOUNDS_SECONDS[index] ?? Number.POSITIVE_INFINITY
      return { id: `upTo:${upToSeconds}`, measure: { kind: 'bucket', upToSeconds }, value }
    }),
    ...Object.entries(pool.events).map(
      ([name, value]): Counter => ({ id: `event:${name}`, measure: { kind: 'event', name }, value }),
    ),
  ]
}
