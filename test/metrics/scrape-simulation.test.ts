import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArmCounts, Cursor, MetricResult } from '../../src/domain/observation.ts'
import { scrapeSource } from '../../src/metrics/scrape.ts'

const POOLS = ['blue', 'green'] as const
const URLS = ['http://one.test/metrics', 'http://two.test/metrics']
const roles = { stable: 'blue', canary: 'green' }
const signal = new AbortController().signal

type Pool = (typeof POOLS)[number]
const slot = fc.constantFrom(0, 1)

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('traffic' as const),
      slot,
      pool: fc.constantFrom(...POOLS),
      ok: fc.nat(50),
      failed: fc.nat(9),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('look' as const), after: fc.integer({ min: 1, max: 30 }) }) },
  fc.record({ kind: fc.constant('restart' as const), slot }),
  fc.record({ kind: fc.constant('replace' as const), slot, past: fc.nat(100_000) }),
  fc.record({ kind: fc.constant('away' as const), slot }),
  fc.record({ kind: fc.constant('blank' as const), slot }),
)

/** One process behind a page: its counters, and what was served before anybody looked at it. */
interface Process {
  readonly startedAt: number
  readonly served: Record<Pool, { ok: number; failed: number }>
}

const nothing = () => ({ blue: { ok: 0, failed: 0 }, green: { ok: 0, failed: 0 } })

/** Pages of processes that serve, restart, are replaced, go away and come back, with a clock that only a look moves. */
function simulate(saysStart: boolean) {
  let clock = 1_000_000
  const processes: Process[] = URLS.map(() => ({ startedAt: clock / 1_000 - 500, served: nothing() }))
  const hidden = new Map<number, 'away' | 'blank'>()
  const truth = { blue: { requests: 0, errors: 0 }, green: { requests: 0, errors: 0 } }
  const textOf = ({ startedAt, served }: Process) =>
    [
      ...(saysStart ? [`process_start_time_seconds ${startedAt}`] : []),
      ...POOLS.flatMap((pool) => [
        ...(served[pool].ok > 0 ? [`requests_total{pool="${pool}",code="200"} ${served[pool].ok}`] : []),
        ...(served[pool].failed > 0 ? [`requests_total{pool="${pool}",code="500"} ${served[pool].failed}`] : []),
      ]),
      '',
    ].join('\n')
  const send = async (url: unknown) => {
    const index = URLS.indexOf(String(url))
    const process = processes[index]
    if (process === undefined || hidden.get(index) === 'away') throw new Error('refused')
    return new Response(hidden.get(index) === 'blank' ? '' : textOf(process))
  }
  return {
    send: send as typeof fetch,
    truth,
    hidden,
    now: () => clock,
    pass: (seconds: number) => void (clock += seconds * 1_000),
    serve(index: number, pool: Pool, ok: number, failed: number) {
      const served = processes[index]?.served[pool] ?? { ok: 0, failed: 0 }
      served.ok += ok
      served.failed += failed
      truth[pool].requests += ok + failed
      truth[pool].errors += failed
    },
    restart: (index: number) => void (processes[index] = { startedAt: clock / 1_000 + 0.5, served: nothing() }),
    /** Another process answers from now on, which has run for long and served others. */
    replace(index: number, past: number) {
      const served = () => ({ ok: past, failed: Math.floor(past / 3) })
      processes[index] = { startedAt: clock / 1_000 - 10_000, served: { blue: served(), green: served() } }
    },
  }
}

type World = ReturnType<typeof simulate>

/** Looks on with the cursor as JSON, and adds up what it is told. */
function watcher(world: World) {
  const options = {
    kind: 'scrape',
    urls: URLS,
    requests: { metric: 'requests_total' },
    errors: { metric: 'requests_total', label: 'code', match: { prefix: '5' } },
  }
  const start = world.now()
  let cursor: Cursor | null = null
  const told = { blue: { requests: 0, errors: 0 }, green: { requests: 0, errors: 0 } }
  const add = (pool: Pool, arm: MetricResult<ArmCounts>) => {
    if (arm.kind !== 'value') return
    told[pool].requests += arm.value.requests
    told[pool].errors += arm.value.errors
  }
  return {
    told,
    async look() {
      const source = scrapeSource.open(options, { pools: POOLS, fetch: world.send })
      const seen = await source.observe({ roles, since: cursor, now: world.now(), notBefore: start }, signal)
      cursor = seen.cursor === null ? null : JSON.parse(JSON.stringify(seen.cursor))
      add('blue', seen.stable)
      add('green', seen.canary)
      return seen
    },
  }
}

describe('scraping simulated processes', () => {
  it('never counts a request that was not served since it began to look, and never an error too many', async () => {
    const scenario = fc.record({ saysStart: fc.boolean(), steps: fc.array(step, { maxLength: 40 }) })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ saysStart, steps }) => {
        const world = simulate(saysStart)
        world.serve(0, 'blue', 5_000, 500)
        world.serve(1, 'green', 3_000, 900)
        const watch = watcher(world)
        await watch.look()
        for (const pool of POOLS) Object.assign(world.truth[pool], { requests: 0, errors: 0 })
        for (const one of steps) {
          switch (one.kind) {
            case 'traffic':
              world.serve(one.slot, one.pool, one.ok, one.failed)
              break
            case 'restart':
              world.restart(one.slot)
              break
            case 'replace':
              // Without its start such a process cannot be told from one that has served all that since.
              if (saysStart) world.replace(one.slot, one.past)
              break
            case 'away':
            case 'blank':
              world.hidden.set(one.slot, one.kind)
              break
            case 'look':
              world.pass(one.after)
              await watch.look()
              world.hidden.clear()
              for (const pool of POOLS) {
                expect(watch.told[pool].requests).toBeLessThanOrEqual(world.truth[pool].requests)
                expect(watch.told[pool].errors).toBeLessThanOrEqual(world.truth[pool].errors)
              }
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('counts every request and every error of processes that go on, whatever looks fail in between', async () => {
    const steps = fc.array(step, { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps, async (saysStart, all) => {
        const world = simulate(saysStart)
        const watch = watcher(world)
        await watch.look()
        for (const one of all) {
          if (one.kind === 'traffic') world.serve(one.slot, one.pool, one.ok, one.failed)
          if (one.kind === 'away' || one.kind === 'blank') world.hidden.set(one.slot, one.kind)
          if (one.kind !== 'look') continue
          world.pass(one.after)
          await watch.look()
          world.hidden.clear()
        }
        world.hidden.clear()
        world.pass(10)
        await watch.look()
        expect(watch.told).toEqual(world.truth)
      }),
      { numRuns: 300 },
    )
  })

  it('counts all that a process has served since it restarted, when it says when that was', async () => {
    const world = simulate(true)
    world.serve(0, 'green', 100, 10)
    const watch = watcher(world)
    await watch.look()
    world.pass(10)
    world.restart(0)
    world.serve(0, 'green', 500, 50)
    world.pass(10)
    expect(await watch.look()).toMatchObject({ canary: { value: { requests: 550, errors: 50, restarts: 1 } } })
  })

  it('takes what an older process has counted for a starting point, and says so', async () => {
    const world = simulate(true)
    for (const index of [0, 1]) world.serve(index, 'green', 100, 10)
    const watch = watcher(world)
    await watch.look()
    for (const index of [0, 1]) world.replace(index, 9_000)
    world.pass(10)
    expect((await watch.look()).canary).toMatchObject({
      kind: 'noData',
      reason: expect.stringContaining('starting point'),
    })
    world.serve(0, 'green', 7, 1)
    world.pass(10)
    expect((await watch.look()).canary).toMatchObject({ value: { requests: 8, errors: 1 } })
  })

  it('does not take the first full page after a blank one for new, when the process is older than that', async () => {
    const world = simulate(true)
    world.serve(0, 'green', 9_000, 900)
    world.hidden.set(0, 'blank')
    const watch = watcher(world)
    await watch.look()
    world.hidden.clear()
    world.serve(0, 'green', 10, 0)
    world.pass(10)
    expect((await watch.look()).canary.kind).toBe('noData')
    world.serve(0, 'green', 20, 2)
    world.pass(10)
    expect((await watch.look()).canary).toMatchObject({ value: { requests: 22, errors: 2 } })
  })
})
