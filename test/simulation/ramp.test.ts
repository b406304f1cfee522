import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import { simulateRelease } from '../../src/simulation/run-release.ts'
import { planWith, trafficWith } from './plans.ts'

const plan = planWith({
  steps: [{ weight: '1%' }, { ramp: { to: '50%', spend: '0.5x', atLeast: '5m' } }, { bake: '10m' }, { weight: '100%' }],
  checks: { errors: { errorRate: { notWorseThan: '1.5x', minRequests: 10 } } },
  ...{ warmUp: '0s', onInconclusive: { holdFor: '15m', then: 'rollback' } },
})

async function releases(errors: number) {
  return Promise.all(
    Array.from({ length: 12 }, (_, seed) => simulateRelease(plan, trafficWith({ errors }), createRandom(seed))),
  )
}

describe('a simulated ramp with a budget', () => {
  it('takes a healthy version to half of the users in some minutes, never down and never past a weight', async () => {
    const found = await releases(0.005)
    const halves = found.map(({ spans, startedAt }) => {
      const weights = spans.map(({ exposure }) => exposure.weight)
      expect(weights.slice(0, 6)).toEqual([100, 200, 500, 1_000, 2_500, 5_000])
      return (spans[5]?.from ?? Number.POSITIVE_INFINITY) - startedAt
    })
    expect(found.every(({ outcome }) => outcome === 'promoted')).toBe(true)
    for (const half of halves) expect(half).toBeGreaterThanOrEqual(300_000)
    expect(halves.toSorted((left, right) => left - right)[6]).toBeLessThan(10 * 60_000)
  })

  it('holds a version that fails twice as often below half of the users', async () => {
    const found = await releases(0.01)
    const reached = found.filter(({ spans }) => spans.some(({ exposure }) => exposure.weight >= 5_000))
    expect(reached.length).toBeLessThanOrEqual(2)
    const held = found.map(({ reason }) => reason).filter((reason) => reason.startsWith('still inconclusive'))
    const waits = / waits: .* canary fails [\d.]+ times as many requests as stable .*, over the budget of 0\.5;/
    expect(held.filter((reason) => !waits.test(reason) && !reason.includes(': not yet sure of 1.5 times'))).toEqual([])
    expect(held.some((reason) => waits.test(reason))).toBe(true)
  })
})
