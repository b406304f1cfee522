import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTimeSkipping } from '../support/temporal.ts'
import { ERRORS, openStage, planFor, type Stage } from './harness.ts'

const DAY = 86_400_000

let env: TestWorkflowEnvironment
beforeAll(async () => {
  env = await startTimeSkipping()
})
afterAll(async () => {
  await env.teardown()
})

/** Waits through the time that is skipped and counts what the history holds. */
async function lived(stage: Stage, id: string) {
  const handle = stage.env.client.workflow.getHandle(id)
  const result = await handle.result()
  const { events } = await handle.fetchHistory()
  return { result, events: events ?? [] }
}

describe('bakes of days', () => {
  it('hold for their whole time while the guard looks every ten seconds, with a handful of events', async () => {
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
