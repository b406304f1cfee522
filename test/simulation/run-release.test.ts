import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import { simulateRelease } from '../../src/simulation/run-release.ts'
import { FINE_ROUTER } from '../domain/plan/plan-context.ts'
import { planWith, trafficWith } from './plans.ts'

const STEPS = [
  { weight: '5%' },
  { bake: '10m' },
  { weight: '50%' },
  { bake: '10m' },
  { weight: '100%' },
  { bake: '10m' },
]
const ERRORS = { errors: { errorRate: { notWorseThan: '1.5x' } } }
const MINUTE = 60_000

describe('a simulated release', () => {
  it('of a good version is promoted after the time of its plan', async () => {
    const plan = planWith({ steps: STEPS, checks: ERRORS })
    const release = await simulateRelease(plan, trafficWith(), createRandom(1))
    expect(release).toMatchObject({ outcome: 'promoted', reason: 'every step passed' })
    expect(release.took).toBeGreaterThanOrEqual(30 * MINUTE)
    expect(release.took).toBeLessThan(35 * MINUTE)
    expect(release.spans.map(({ exposure }) => exposure.weight)).toEqual([500, 5_000, 10_000])
  })

  it('of a bad version is rolled back by the check that sees it, in its words', async () => {
    const plan = planWith({ steps: STEPS, checks: ERRORS })
    const release = await simulateRelease(plan, trafficWith({ errors: 0.05 }), createRandom(1))
    expect(release).toMatchObject({ outcome: 'rolled-back', step: 2 })
    expect(release.reason).toMatch(/^errors [\d.]+% on canary against 0\.\d+% on stable/)
    expect(release.spans).toHaveLength(1)
    expect(release.spans[0]?.until).toBe(release.startedAt + release.took)
  })

  it('of a dead version is rolled back within a few looks, whatever the checks compare', async () => {
    const plan = planWith({ steps: STEPS, checks: { orders: { rate: { of: 'orders', notBelow: '0.8x' } } } })
    const release = await simulateRelease(plan, trafficWith({ errors: 1 }), createRandom(1))
    expect(release.outcome).toBe('rolled-back')
    expect(release.took).toBeLessThan(2 * MINUTE)
  })

  it('pauses where the plan or the check says so', async () => {
    const paused = planWith({ steps: STEPS, checks: ERRORS, onFail: 'pause' })
    expect(await simulateRelease(paused, trafficWith({ errors: 0.05 }), createRandom(1))).toMatchObject({
      outcome: 'paused',
      reason: expect.stringContaining('errors'),
    })
    const blind = planWith({ steps: STEPS, checks: { signups: { rate: { of: 'signups', notBelow: '0.8x' } } } })
    expect(await simulateRelease(blind, trafficWith(), createRandom(1))).toMatchObject({
      outcome: 'paused',
      reason: expect.stringContaining('signups'),
    })
  })

  it('waits for the canary to warm up, and a bake may end once everything is proven', async () => {
    const steps = [{ weight: '50%' }, { bake: { until: 'proven', upTo: '2h' } }, { weight: '100%' }]
    const plan = planWith({ steps, checks: ERRORS, warmUp: '3m' })
    const { outcome, took } = await simulateRelease(plan, trafficWith(), createRandom(1))
    expect(outcome).toBe('promoted')
    expect(took).toBeGreaterThan(3 * MINUTE)
    expect(took).toBeLessThan(120 * MINUTE)
  })

  it('is held by a check that holds, and left alone by one that warns', async () => {
    const orders = (onFail: string) => ({ orders: { rate: { of: 'orders', notBelow: '0.8x' }, onFail } })
    const traffic = trafficWith({ events: { orders: 0.01 } })
    const warned = await simulateRelease(
      planWith({ steps: STEPS, checks: { ...ERRORS, ...orders('warn') } }),
      traffic,
      createRandom(1),
    )
    expect(warned.outcome).toBe('promoted')
    const held = await simulateRelease(
      planWith({ steps: STEPS, checks: { ...ERRORS, ...orders('hold') } }),
      traffic,
      createRandom(1),
    )
    expect(held).toMatchObject({
      outcome: 'paused',
      reason: expect.stringMatching(/^held for longer than the plan lasts: orders/),
    })
  })

  it('asks the checks of an analysis as well, and counts approvals as given at once', async () => {
    const analyse = { analyse: { for: '5m', checks: { ceiling: { errorRate: { max: '2%', minRequests: 50 } } } } }
    const steps = [{ weight: '20%' }, analyse, { approve: { by: 'owners', within: '4h' } }, { weight: '100%' }]
    const plan = planWith({ steps, checks: {} })
    expect(await simulateRelease(plan, trafficWith({ errors: 0.1 }), createRandom(1))).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringContaining('ceiling'),
    })
    expect(await simulateRelease(plan, trafficWith(), createRandom(1))).toMatchObject({ outcome: 'promoted' })
  })

  it('shows what the plan asked of the router, tickets and copies among it, so that nothing looks drifted', async () => {
    const capabilities = { ...FINE_ROUTER.capabilities, tickets: true, mirror: true }
    const first = [{ try: 'on' }, { mirror: '10%' }, { bake: '10m' }]
    const plan = planWith({ steps: [...first, ...STEPS], checks: ERRORS }, { router: { kind: 'test', capabilities } })
    const release = await simulateRelease(plan, trafficWith(), createRandom(1))
    expect(release).toMatchObject({ outcome: 'promoted', reason: 'every step passed' })
  })

  it('is the same for the same seed', async () => {
    const plan = planWith({ steps: STEPS, checks: ERRORS })
    const [one, two] = [1, 2].map(() => simulateRelease(plan, trafficWith({ errors: 0.02 }), createRandom(9)))
    expect(await one).toEqual(await two)
  })
})
