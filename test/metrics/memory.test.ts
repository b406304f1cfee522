import { describe, expect, it } from 'vitest'
import { createMemoryMetricSource, createMemoryMetricWorld, memorySource } from '../../src/metrics/memory.ts'
import { describeMetricSourceContract, type MetricWorld } from '../contracts/metric-source-contract.ts'
import { createObstructableWorld } from '../support/memory-metrics.ts'

const signal = new AbortController().signal
const roles = { stable: 'blue', canary: 'green' }

describeMetricSourceContract('the memory source', async (): Promise<MetricWorld> => {
  const core = createObstructableWorld({ deadline: 150 })
  let clock = 1_000
  return {
    roles,
    events: ['orders'],
    seriesOf: () => null,
    connect: () => core.connect(),
    record: async (pool, { requests, latencySeconds = 0.01, errors = 0, events = {}, started = requests }) => {
      core.record(pool, {
        requests,
        errors,
        events,
        started,
        latenciesSeconds: Array.from({ length: requests }, () => latencySeconds),
      })
    },
    settle: async () => {
      clock += 1_000
    },
    kill: async (pool) => core.forget(pool),
    restart: async (pool) => {
      core.forget(pool)
      core.record(pool, { requests: 0 })
    },
    spoil: async (pool) => core.record(pool, { requests: Number.NaN }),
    freeze: async () => core.obstruct({ kind: 'hang' }),
    thaw: async () => core.obstruct(null),
    stop: async () => core.obstruct({ kind: 'error', fault: 'unavailable' }),
    now: () => clock,
    teardown: async () => {},
  }
})

describe('the memory source', () => {
  it('gives the answers it was told to give', async () => {
    const world = createMemoryMetricWorld()
    world.answer('saturation', { kind: 'value', value: [0.7] })
    const source = createMemoryMetricSource(world)
    expect(await source.query({ query: 'saturation', now: 0 }, signal)).toEqual({ kind: 'value', value: [0.7] })
  })

  it('begins anew when its cursor was set before the first exposure or is not its own', async () => {
    const world = createMemoryMetricWorld()
    const source = createMemoryMetricSource(world)
    world.record('green', { requests: 10 })
    const first = await source.observe({ roles, since: null, now: 100, notBefore: 0 }, signal)
    world.record('green', { requests: 10 })
    for (const since of [first.cursor, { at: 'yesterday' }]) {
      const again = await source.observe({ roles, since, now: 300, notBefore: 200 }, signal)
      expect(again).toMatchObject({ canary: { kind: 'noData' }, window: { start: 300, end: 300 } })
    }
  })

  it('shares the counters of one name between instances', async () => {
    const open = () => memorySource.open({ kind: 'memory', world: 'shared' }, { pools: ['blue', 'green'] })
    const { cursor } = await open().observe({ roles, since: null, now: 1, notBefore: 0 }, signal)
    expect(await open().observe({ roles, since: cursor, now: 2, notBefore: 0 }, signal)).toMatchObject({
      window: { start: 1, end: 2 },
    })
  })
})
