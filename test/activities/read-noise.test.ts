import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import type { RecordedWindow } from '../../src/domain/observation.ts'
import type { RecordedStable } from '../../src/domain/recorded-noise.ts'
import type { GuardState } from '../../src/domain/release/guard.ts'
import type { RecordRequest } from '../../src/metrics/metric-source.ts'
import { errorCheck } from '../analysis/judges/looks.ts'
import { watchedTraffic } from '../support/watched-traffic.ts'

const ERRORS = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20, alpha: 0.01 }), source: 'store' }

function withRecord(record: (request: RecordRequest) => Promise<readonly RecordedWindow[]>, shortest = 10_000) {
  const traffic = watchedTraffic({ checks: [ERRORS] })
  const asked: RecordRequest[] = []
  Object.assign(traffic.adapters.metrics.store, {
    shortestRecord: shortest,
    async record(request: RecordRequest) {
      asked.push(request)
      return { kind: 'value', value: await record(request) } as const
    },
  })
  return { ...traffic, asked }
}

async function uneven({ pool, start, end, step }: RecordRequest): Promise<readonly RecordedWindow[]> {
  if (pool !== 'blue') return []
  const random = createRandom(8)
  return Array.from({ length: Math.floor((end - start) / step) }, (_, index) => ({
    ...{ start: start + index * step, end: start + (index + 1) * step },
    counts: { requests: 10_000, errors: random.poisson(50 * random.logNormal(0, 0.5)), latency: null, events: {} },
  }))
}

const noiseOf = (state: GuardState) => (state.noises as Record<string, RecordedStable | null> | undefined)?.['store']

describe('the noise that a guard goes by', () => {
  it('is that of the day before the exposure, read once beside the looks and used from the next look on', async () => {
    const { watch, asked } = withRecord(uneven)
    const first = await watch(500, 1)
    expect(noiseOf(first.state)).toBeUndefined()
    await setImmediate()
    const { state } = await watch(500, 4)
    expect(asked.map(({ pool, step }) => [pool, step])).toEqual([
      ['blue', 60_000],
      ['green', 60_000],
    ])
    expect(asked.map(({ start, end }) => end - start)).toEqual([86_400_000, 86_400_000])
    expect(noiseOf(state)?.errors?.noise[0]?.variation).toBeGreaterThan(0.1)
    expect(state.checks['errors']?.state).toMatchObject({ ofRecord: expect.any(Number) })
    expect(JSON.stringify(state.noises).length).toBeLessThan(500)
    await watch(1_000, 3)
    expect(asked).toHaveLength(2)
  })

  it('is unknown where windows of a minute are not kept, and while or when they cannot be read', async () => {
    const coarse = withRecord(uneven, 300_000)
    expect(noiseOf((await coarse.watch(500, 2)).state)).toBeNull()
    expect(coarse.asked).toEqual([])
    const slow = withRecord(() => new Promise(() => undefined))
    expect(noiseOf((await slow.watch(500, 3)).state)).toBeUndefined()
    const failing = withRecord(() => Promise.reject(new Error('no')))
    await failing.watch(500, 1)
    await setImmediate()
    const { state } = await failing.watch(500, 2)
    expect(noiseOf(state)).toBeNull()
    expect(state.checks['errors']?.state).not.toHaveProperty('ofRecord')
  })
})
