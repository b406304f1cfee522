import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PoolRoles } from '../../src/domain/exposure.ts'
import type { ArmCounts, Cursor, MetricResult, Observation } from '../../src/domain/observation.ts'
import type { Instant } from '../../src/domain/units.ts'
import type { MetricSource } from '../../src/metrics/metric-source.ts'
import { open } from '../support/calls.ts'

/** Traffic that a pool has served and counts. */
export interface PoolTraffic {
  readonly requests: number
  /** How many of `requests` failed; the series of errors does not exist before the first one. */
  readonly errors?: number
  /** Latency of every request of this call, in seconds; 10 ms when absent. */
  readonly latencySeconds?: number
  readonly events?: Readonly<Record<string, number>>
  /** How many requests were sent, answered or not; as many as were answered when absent. */
  readonly started?: number
}

/** One live store without any series of the two pools, and the hands that a test needs on it. */
export interface MetricWorld {
  readonly roles: PoolRoles
  /** Names of events that the source is set up to count. */
  readonly events: readonly string[]
  /** What stands for an event in the set-up of the source, to be told when it is not there; null when nothing does. */
  seriesOf(event: string): string | null
  /** Another source over the same store, as another worker would have. */
  connect(): MetricSource
  /** Adds to the counters of a pool. */
  record(pool: string, traffic: PoolTraffic): Promise<void>
  /** Returns when a look sees all that was recorded, and all that was done to the pools. */
  settle(): Promise<void>
  /** The pool's process is gone: nothing reports its series any more. */
  kill(pool: string): Promise<void>
  /** The pool's process has restarted: its counters begin at 0. */
  restart(pool: string): Promise<void>
  /** Makes the pool's count of requests NaN; absent when the store cannot hold one. */
  spoil?(pool: string): Promise<void>
  /** The store goes on accepting calls and answers none. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Nothing listens any more; absent when the world cannot be switched off. */
  stop?(): Promise<void>
  /** The time now by the clock of the store. */
  now(): Instant
  teardown(): Promise<void>
}

/** Runs the promises of `src/metrics/metric-source.ts` against an adapter. `setup` makes a fresh world for each test. */
export function describeMetricSourceContract(name: string, setup: () => Promise<MetricWorld>): void {
  describe(`${name} keeps the promises of a metric source`, () => {
    let world: MetricWorld
    let sources: MetricSource[]
    const context: Context = {
      get world() {
        return world
      },
      connect: () => {
        const source = world.connect()
        sources.push(source)
        return source
      },
    }

    beforeEach(async () => {
      sources = []
      world = await setup()
    })
    afterEach(async () => {
      await Promise.all(sources.map((source) => source.close()))
      await world.teardown()
    })

    describe('counting', () => {
      countingPromises(context)
    })
    describe('windows', () => {
      windowPromises(context)
    })
    describe('what is not a number', () => {
      absencePromises(context)
    })
    describe('a store that is away', () => {
      outagePromises(context)
    })
  })
}

interface Context {
  readonly world: MetricWorld
  connect(): MetricSource
}

function countingPromises(context: Context): void {
  it('counts the first samples of series that did not exist at the starting point', async () => {
    const watch = await startWatch(context)
    await context.world.record(context.world.roles.canary, { requests: 200, errors: 50 })
    await watch.look()
    expect(watch.sum('canary')).toMatchObject({ requests: 200, errors: 50 })
  })

  it('reads absent series of errors as 0 errors of a pool with requests, and a pool without any series as no data', async () => {
    const { world } = context
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 120 })
    const seen = await watch.look()
    expect(watch.sum('canary')).toMatchObject({ requests: 120, errors: 0 })
    expect(seen.stable.kind).toBe('noData')
  })

  it('counts the first errors of a pool that had none before', async () => {
    const { world } = context
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 100 })
    await watch.look()
    await world.record(world.roles.canary, { requests: 40, errors: 9 })
    await watch.look()
    expect(watch.sum('canary')).toMatchObject({ requests: 140, errors: 9 })
  })

  it('keeps the pools apart, in either role', async () => {
    const { world } = context
    const watch = await startWatch(context)
    await world.record(world.roles.stable, { requests: 300, errors: 3 })
    await world.record(world.roles.canary, { requests: 30, errors: 2 })
    await watch.look()
    expect(watch.sum('stable')).toMatchObject({ requests: 300, errors: 3 })
    expect(watch.sum('canary')).toMatchObject({ requests: 30, errors: 2 })

    const swapped = await startWatch(context, { stable: world.roles.canary, canary: world.roles.stable })
    await world.record(world.roles.stable, { requests: 7 })
    await swapped.look()
    expect(swapped.sum('canary')).toMatchObject({ requests: 7, errors: 0 })
  })

  it('puts every request into the latency bucket where it belongs', async () => {
    const { world } = context
    const source = context.connect()
    if (!source.capabilities.latency) return
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 60, latencySeconds: 0.02 })
    await world.record(world.roles.canary, { requests: 40, latencySeconds: 0.3 })
    await world.record(world.roles.canary, { requests: 5, latencySeconds: 1e6 })
    await watch.look()
    expect(watch.latencyUpTo('canary', 0.1)).toBe(60)
    expect(watch.latencyUpTo('canary', 1)).toBe(100)
    expect(watch.latencyUpTo('canary', Number.POSITIVE_INFINITY)).toBe(105)
  })

  it('counts named events, 0 when none happened', async () => {
    const { world } = context
    const [event] = world.events
    if (event === undefined) return
    const watch = await startWatch(context)
    await world.record(world.roles.stable, { requests: 50, events: { [event]: 12 } })
    await world.record(world.roles.canary, { requests: 50, events: { [event]: 1 } })
    await watch.look()
    await world.record(world.roles.canary, { requests: 50 })
    await watch.look()
    expect(watch.sum('stable').events[event]).toBe(12)
    expect(watch.sum('canary').events[event]).toBe(1)
  })

  it('has no count of an event that neither pool has ever reported, and says what it looked for', async () => {
    const { world } = context
    const [event] = world.events
    if (event === undefined) return
    const watch = await startWatch(context)
    for (const pool of Object.values(world.roles)) await world.record(pool, { requests: 50 })
    const seen = await watch.look()
    for (const arm of [seen.stable, seen.canary]) {
      if (arm.kind !== 'value') throw new Error(arm.reason)
      expect(arm.value.events).toEqual({})
      const series = world.seriesOf(event)
      if (series !== null) expect(arm.value.missing?.events?.[event]).toContain(series)
    }
  })

  it('reads an event as 0 that only the other pool has reported, also after both have restarted', async () => {
    const { world } = context
    const [event] = world.events
    if (event === undefined) return
    const watch = await startWatch(context)
    await world.record(world.roles.stable, { requests: 50, events: { [event]: 12 } })
    await world.record(world.roles.canary, { requests: 50 })
    expect((await watch.look()).canary).toMatchObject({ value: { requests: 50, events: { [event]: 0 } } })
    for (const pool of Object.values(world.roles)) await world.restart(pool)
    await watch.look()
    for (const pool of Object.values(world.roles)) await world.record(pool, { requests: 20 })
    const seen = await watch.look({ withNewSource: true })
    expect([seen.stable, seen.canary]).toMatchObject([
      { value: { requests: 20, events: { [event]: 0 } } },
      { value: { requests: 20, events: { [event]: 0 } } },
    ])
  })

  it('counts requests that were sent, answered or not', async () => {
    const { world } = context
    const watch = await startWatch(context)
    await world.record(world.roles.stable, { requests: 40, started: 40 })
    await world.record(world.roles.canary, { requests: 3, started: 30 })
    const seen = await watch.look()
    expect([seen.stable, seen.canary]).toMatchObject([
      { value: { requests: 40, started: 40 } },
      { value: { requests: 3, started: 30 } },
    ])
  })
}

function windowPromises(context: Context): void {
  it('loses nothing and counts nothing twice when every look is made by a new instance with the cursor as JSON', async () => {
    const { world } = context
    const watch = await startWatch(context)
    const expected = { requests: 0, errors: 0 }
    for (const requests of [1, 40, 0, 7, 90]) {
      const errors = Math.floor(requests / 10)
      if (requests > 0) await world.record(world.roles.canary, { requests, errors })
      expected.requests += requests
      expected.errors += errors
      await watch.look({ withNewSource: true })
    }
    expect(watch.sum('canary')).toMatchObject(expected)
  })

  it('begins each window where the last one ended', async () => {
    const watch = await startWatch(context)
    for (let round = 0; round < 4; round += 1) {
      await context.world.record(context.world.roles.canary, { requests: 5 })
      await watch.look()
    }
    expect(watch.gaps()).toEqual([])
  })

  it('counts nothing from before the first exposure', async () => {
    const { world } = context
    await world.record(world.roles.stable, { requests: 1_000, errors: 100 })
    await world.record(world.roles.canary, { requests: 1_000, errors: 100 })
    await world.settle()
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 20, errors: 1 })
    await watch.look()
    expect(watch.sum('canary')).toMatchObject({ requests: 20, errors: 1 })
  })

  it('counts from 0 after a restart of the pool, and never a negative number', async () => {
    const { world } = context
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 500, errors: 20 })
    await watch.look()
    await world.restart(world.roles.canary)
    await watch.look()
    await world.record(world.roles.canary, { requests: 30, errors: 2 })
    await watch.look()
    expect(watch.sum('canary')).toMatchObject({ requests: 530, errors: 22 })
    expect(watch.negatives()).toEqual([])
  })

  it('counts how often a pool has begun anew', async () => {
    const { world } = context
    const watch = await startWatch(context)
    for (const pool of Object.values(world.roles)) await world.record(pool, { requests: 50, errors: 5 })
    await watch.look()
    // Each time a little less: where no process says when it began, only a counter that falls tells.
    for (const requests of [9, 7, 5]) {
      await world.restart(world.roles.canary)
      await world.record(world.roles.canary, { requests, errors: 1 })
      await watch.look()
    }
    expect(watch.restarts('canary')).toBe(3)
    expect(watch.restarts('stable')).toBe(0)
  })
}

function absencePromises(context: Context): void {
  it('has no value for a pool that is gone', async () => {
    const { world } = context
    const watch = await startWatch(context)
    for (const pool of [world.roles.stable, world.roles.canary]) await world.record(pool, { requests: 100 })
    await watch.look()
    await world.kill(world.roles.canary)
    await watch.look()
    const seen = await watch.look()
    expect(['noData', 'stale', 'error']).toContain(seen.canary.kind)
  })

  it('has no value before any series exists', async () => {
    const watch = await startWatch(context)
    const seen = await watch.look()
    expect([seen.stable.kind, seen.canary.kind]).toEqual(['noData', 'noData'])
  })

  it('calls NaN by its name', async () => {
    const { world } = context
    if (world.spoil === undefined) return
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 100 })
    await watch.look()
    await world.spoil(world.roles.canary)
    const seen = await watch.look()
    expect(seen.canary.kind).toBe('nan')
  })
}

function outagePromises(context: Context): void {
  it('answers with a timeout when the store hangs, and counts everything once it is back', async () => {
    const { world } = context
    const watch = await startWatch(context)
    await world.record(world.roles.canary, { requests: 25, errors: 1 })
    await world.settle()
    await world.freeze()
    const before = watch.cursor()
    const seen = await watch.lookNow()
    expect([seen.stable, seen.canary]).toMatchObject([
      { kind: 'error', fault: 'timeout' },
      { kind: 'error', fault: 'timeout' },
    ])
    expect(seen.cursor).toEqual(before)
    await world.thaw()
    await watch.look()
    expect(watch.sum('canary')).toMatchObject({ requests: 25, errors: 1 })
  })

  it('answers with an error when the store is off', async () => {
    if (context.world.stop === undefined) return
    const watch = await startWatch(context)
    await context.world.stop()
    const seen = await watch.lookNow()
    expect([seen.stable, seen.canary]).toMatchObject([
      { kind: 'error', fault: 'unavailable' },
      { kind: 'error', fault: 'unavailable' },
    ])
    expect(seen.cursor).toEqual(watch.cursor())
  })

  it('throws the reason of a signal that had aborted before', async () => {
    const source = context.connect()
    const reason = new Error('no longer wanted')
    await expect(source.observe(request(context.world, null), AbortSignal.abort(reason))).rejects.toBe(reason)
    await expect(source.query({ query: 'up', now: context.world.now() }, AbortSignal.abort(reason))).rejects.toBe(
      reason,
    )
  })

  it('ends with the reason of the signal while the store hangs', async () => {
    const source = context.connect()
    await context.world.freeze()
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const ended = source.observe(request(context.world, null), controller.signal).catch((error: unknown) => error)
    await delay(30)
    controller.abort(reason)
    expect(await ended).toBe(reason)
    await context.world.thaw()
  })

  it('answers a query with a timeout when the store hangs, and says so when it takes no queries', async () => {
    const source = context.connect()
    await context.world.freeze()
    const answer = await source.query({ query: 'up', now: context.world.now() }, open())
    const fault = source.capabilities.queries === null ? 'badQuery' : 'timeout'
    expect(answer).toMatchObject({ kind: 'error', fault })
    await context.world.thaw()
  })

  it('has no data for a query that matches nothing', async () => {
    const source = context.connect()
    if (source.capabilities.queries === null) return
    const answer = await source.query({ query: 'no_such_series_at_all', now: context.world.now() }, open())
    expect(answer.kind).toBe('noData')
  })

  it('can be closed twice', async () => {
    const source = context.connect()
    await source.close()
    await expect(source.close()).resolves.toBeUndefined()
  })
}

type Role = 'stable' | 'canary'

interface Watch {
  /** Waits until everything is visible, looks, and adds what it saw. */
  look(how?: { readonly withNewSource?: boolean }): Promise<Observation>
  /** Looks without waiting, adds nothing and leaves the cursor. */
  lookNow(): Promise<Observation>
  cursor(): Cursor | null
  sum(role: Role): { requests: number; errors: number; events: Record<string, number> }
  /** Requests up to a latency, for bounds near the given one that the source has. */
  latencyUpTo(role: Role, seconds: number): number
  restarts(role: Role): number
  /** Pairs of neighbouring windows that do not touch. */
  gaps(): readonly string[]
  negatives(): readonly number[]
}

/** Watches both pools as the guard does, from now on: the first look has set the starting point when this returns. */
async function startWatch(context: Context, roles: PoolRoles = context.world.roles): Promise<Watch> {
  const { world } = context
  const notBefore = world.now()
  const seen: Observation[] = []
  let source = context.connect()
  let since: Cursor | null = null
  const lookNow = () => source.observe({ roles, since, now: world.now(), notBefore }, open())
  const look = async ({ withNewSource = false } = {}) => {
    await world.settle()
    if (withNewSource) source = context.connect()
    const observation = await lookNow()
    since = observation.cursor === null ? null : JSON.parse(JSON.stringify(observation.cursor))
    seen.push(observation)
    return observation
  }
  const values = (role: Role) => seen.flatMap((observation) => valueOf(observation[role]))
  await look()
  return {
    look,
    lookNow,
    cursor: () => since,
    sum: (role) => sumOf(values(role)),
    latencyUpTo: (role, seconds) => values(role).reduce((sum, counts) => sum + countUpTo(counts, seconds), 0),
    restarts: (role) => values(role).reduce((sum, { restarts = 0 }) => sum + restarts, 0),
    gaps: () => gapsBetween(seen),
    negatives: () => [...values('stable'), ...values('canary')].flatMap(figuresOf).filter((figure) => !(figure >= 0)),
  }
}

function request(world: MetricWorld, since: Cursor | null) {
  return { roles: world.roles, since, now: world.now(), notBefore: world.now() }
}

function valueOf(result: MetricResult<ArmCounts>): readonly ArmCounts[] {
  return result.kind === 'value' ? [result.value] : []
}

function sumOf(counts: readonly ArmCounts[]) {
  const sum = { requests: 0, errors: 0, events: {} as Record<string, number> }
  for (const { requests, errors, events } of counts) {
    sum.requests += requests
    sum.errors += errors
    for (const [name, count] of Object.entries(events)) sum.events[name] = (sum.events[name] ?? 0) + count
  }
  return sum
}

function countUpTo({ latency }: ArmCounts, seconds: number): number {
  if (latency === null) return 0
  return latency.counts.reduce((sum, count, index) => {
    const bound = latency.upperBoundsSeconds[index] ?? Number.POSITIVE_INFINITY
    return bound <= seconds ? sum + count : sum
  }, 0)
}

function gapsBetween(seen: readonly Observation[]): readonly string[] {
  return seen.slice(1).flatMap(({ window }, index) => {
    const end = seen[index]?.window.end
    return window.start === end && window.end >= window.start ? [] : [`${end} to ${window.start}`]
  })
}

function figuresOf({ requests, errors, latency, events }: ArmCounts): readonly number[] {
  return [requests, errors, ...(latency?.counts ?? []), ...Object.values(events)]
}
