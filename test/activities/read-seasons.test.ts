import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Season } from '../../src/analysis/traffic/season.ts'
import type { RecordedWindow } from '../../src/domain/observation.ts'
import type { GuardState } from '../../src/domain/release/guard.ts'
import type { RecordRequest } from '../../src/metrics/metric-source.ts'
import { errorCheck } from '../analysis/judges/looks.ts'
import { watchedTraffic } from '../support/watched-traffic.ts'

const ERRORS = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20, alpha: 0.01 }), source: 'store' }

/** A source that keeps the past, in which one pool has it all and every window says the same. */
function withRecord(answer: (request: RecordRequest) => Promise<readonly RecordedWindow[]>) {
  const traffic = watchedTraffic({ checks: [ERRORS] })
  const asked: RecordRequest[] = []
  const record = async (request: RecordRequest) => {
    asked.push(request)
    return { kind: 'value', value: await answer(request) } as const
  }
  Object.assign(traffic.adapters.metrics.store, { record, shortestRecord: 10_000 })
  return { ...traffic, asked }
}

async function even({ pool, start, end, step }: RecordRequest): Promise<readonly RecordedWindow[]> {
  if (pool !== 'blue') return []
  const counts = { requests: 10_000, errors: 50, latency: null, events: {} }
  return Array.from({ length: Math.floor((end - start) / step) }, (_, index) => ({
    ...{ start: start + index * step, end: start + (index + 1) * step, counts },
  }))
}

const seasonOf = (state: GuardState) => (state.seasons as Record<string, Season | null> | undefined)?.['store']

describe('the season that a guard goes by', () => {
  it('is read once everybody is on the canary, beside the looks, and told in the verdict', async () => {
    const { watch, asked } = withRecord(even)
    expect(seasonOf((await watch(5_000, 10)).state)).toBeUndefined()
    expect(asked.filter(({ step }) => step > 60_000)).toEqual([])
    asked.length = 0
    await watch(10_000, 1)
    await setImmediate()
    const { state } = await watch(10_000, 5)
    expect(asked.map(({ pool, step }) => [pool, step])).toEqual([
      ['blue', 1_800_000],
      ['green', 1_800_000],
      ['blue', 60_000],
      ['green', 60_000],
    ])
    expect(seasonOf(state)?.errors?.share).toBeCloseTo(0.005, 4)
    expect(state.checks['errors']?.verdict.reason).toContain('0.5% usual at this hour')
    expect(JSON.stringify(state.seasons).length).toBeLessThan(12_000)
  })

  it('is done without while it is being read, where nothing was kept, and where reading fails', async () => {
    const slow = withRecord(() => new Promise(() => undefined))
    await slow.watch(5_000, 10)
    expect(seasonOf((await slow.watch(10_000, 5)).state)).toBeUndefined()
    const failing = withRecord(() => Promise.reject(new Error('no')))
    await failing.watch(5_000, 10)
    await failing.watch(10_000, 1)
    await setImmediate()
    const { state } = await failing.watch(10_000, 5)
    expect(seasonOf(state)).toBeNull()
    expect(state.checks['errors']?.verdict.outcome).toBe('pass')
    const none = watchedTraffic({ checks: [ERRORS] })
    await none.watch(5_000, 10)
    expect(seasonOf((await none.watch(10_000, 2)).state)).toBeNull()
  })
})
