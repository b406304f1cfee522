import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import { simulateRelease } from '../../src/simulation/run-release.ts'
import { startTimeSkipping } from '../support/temporal.ts'
import { ERRORS, openStage, planFor, type Stage } from './harness.ts'

const DAY = 86_400_000

let env: TestWorkflowEnvironment
// A server each: the lane that a test leaves behind has no worker any more, and would keep the clock from skipping.
beforeEach(async () => {
  env = await startTimeSkipping()
})
afterEach(async () => {
  await env.teardown()
})

/** Waits through the time that is skipped and counts what the history holds. */
async function lived(stage: Stage, id: string) {
  const handle = stage.env.client.workflow.getHandle(id)
  const result = await handle.result()
  const { events } = await handle.fetchHistory()
  return { result, events: events ?? [] }
}

describe('an approval that nobody gives', () => {
  it('expires after three days to the second, and the release rolls back by itself', async () => {
    const stage = await openStage(env)
    try {
      const plan = planFor(stage, {
        steps: [{ weight: '10%' }, { approve: { by: 'owners', within: '3d' } }, { weight: '100%' }],
        interval: '1h',
      })
      const began = await env.currentTimeMs()
      const { result } = await lived(stage, await stage.start(plan))
      expect(result).toMatchObject({ outcome: 'rolled-back' })
      const took = (await env.currentTimeMs()) - began
      expect(took).toBeGreaterThanOrEqual(3 * DAY)
      expect(took).toBeLessThan(3 * DAY + 600_000)
      expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
    } finally {
      await stage.close()
    }
  })
})

describe('bakes of days', () => {
  it('hold for their whole time while the guard looks every minute, with a handful of events', async () => {
    const stage = await openStage(env)
    try {
      const plan = planFor(stage, {
        steps: [{ weight: '10%' }, { bake: '1d' }, { weight: '100%' }],
        checks: ERRORS,
        interval: '1m',
      })
      const began = await env.currentTimeMs()
      const id = await stage.start(plan)
      const { result, events } = await lived(stage, id)
      expect(result).toMatchObject({ outcome: 'promoted' })
      expect((await env.currentTimeMs()) - began).toBeGreaterThanOrEqual(DAY)
      expect(events.length).toBeLessThanOrEqual(80)
    } finally {
      await stage.close()
    }
  })
})

describe('a simulation of a plan', () => {
  it.each([
    // Whole numbers of failures in each look: the script has no others.
    ['promotes a good version', 0.005],
    ['rolls a bad one back', 0.015],
  ])('%s as the real release does, and as soon', async (_, errors) => {
    const stage = await openStage(env)
    try {
      const steps = [{ weight: '5%' }, { bake: '20m' }, { weight: '50%' }, { bake: '20m' }, { weight: '100%' }]
      const plan = planFor(stage, { steps, checks: ERRORS, interval: '10s' })
      stage.script.pools['blue'] = { requestsPerSecond: 400, errorRate: 0.005, slowShare: 0.01 }
      stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: errors, slowShare: 0.01 }
      const began = await env.currentTimeMs()
      const { result } = await lived(stage, await stage.start(plan))
      const took = (await env.currentTimeMs()) - began
      const behaviour = (share: number) => ({ errors: share, slower: 1, events: {} })
      const traffic = {
        ...{ requestsPerSecond: 400, cohortShare: 0.02, latency: null, lag: 0 },
        ...{ stable: behaviour(0.005), canary: behaviour(errors) },
      }
      const simulated = await Promise.all(
        Array.from({ length: 100 }, (__, seed) => simulateRelease(plan, traffic, createRandom(seed))),
      )
      const alike = simulated.filter(({ outcome }) => outcome === result.outcome)
      expect(alike.length).toBeGreaterThanOrEqual(95)
      // The script gives what is expected and nothing else: the real release is an average one.
      const times = alike.map(({ took: time }) => time).toSorted((left, right) => left - right)
      expect(took).toBeGreaterThanOrEqual((times[2] ?? 0) - 30_000)
      expect(took).toBeLessThanOrEqual((times.at(-3) ?? 0) + 30_000)
    } finally {
      await stage.close()
    }
  })
})
