import { describe, expect, it } from 'vitest'
import { simulate, usualReleases } from '../../src/simulation/simulate.ts'
import { planWith, trafficWith } from './plans.ts'

const STEPS = [{ weight: '5%' }, { bake: '10m' }, { weight: '50%' }, { bake: '10m' }, { weight: '100%' }]
const CHECKS = {
  errors: { errorRate: { notWorseThan: '1.5x' } },
  queue: { query: { promql: 'queue_depth', fail: 'result[0] > 10' } },
}
const wish = { seed: 1, noticedAfter: 1_800_000 }
const quiet = async () => undefined

describe('a simulation', () => {
  it('stops bad versions, promotes good ones, and sets both beside a short plan and none', async () => {
    const plan = planWith({ steps: STEPS, checks: CHECKS })
    const told: number[] = []
    const found = await simulate(
      { plan, traffic: trafficWith({ errors: 0.02 }), releases: 40, ...wish },
      async (done) => {
        told.push(done)
      },
    )
    expect(found.good.promoted).toBeGreaterThanOrEqual(39)
    expect(found.bad.rolledBack).toBeGreaterThanOrEqual(39)
    expect(found.bad.extraFailures).toBeLessThan(found.atOnce.extraFailures / 20)
    expect(found.short.promoted).toBeGreaterThan(found.bad.promoted)
    expect(found.atOnce.served).toBe(180_000)
    expect(told).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
  })

  it('leaves out what nothing can be drawn for, and says which and why', async () => {
    const plan = planWith({ steps: STEPS, checks: CHECKS })
    const found = await simulate({ plan, traffic: trafficWith(), releases: 5, ...wish }, quiet)
    expect(found.leftOut).toEqual([{ check: 'queue', reason: expect.stringContaining('nobody to ask queries') }])
    expect(found.good.promoted).toBe(5)
  })

  it('has fewer releases of a longer plan', async () => {
    const short = planWith({ steps: STEPS, checks: CHECKS })
    const long = planWith({ steps: [{ weight: '5%' }, { bake: '7d' }, { weight: '100%' }], interval: '1m', checks: {} })
    expect([short, long, { ...short, interval: 600_000 }].map(usualReleases)).toEqual([833, 10, 1_000])
    const unasked = { ...planWith({ steps: STEPS, checks: {} }), interval: 300_000 }
    expect((await simulate({ plan: unasked, traffic: trafficWith(), ...wish }, quiet)).releases).toBe(1_000)
  })
})
