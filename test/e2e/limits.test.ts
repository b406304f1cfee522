import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTemporal } from '../support/temporal.ts'
import { openStage, planFor } from './harness.ts'

let env: TestWorkflowEnvironment
beforeAll(async () => {
  env = await startTemporal({ extraArgs: ['--dynamic-config-value', 'history.maxInFlightUpdates=1'] })
})
afterAll(async () => {
  await env.teardown()
})

describe('a release that Temporal lets take no further command for now', () => {
  it('is aborted through the second door, and no other command is said to be taken', async () => {
    const stage = await openStage(env, { patience: 8_000 })
    try {
      const id = await stage.start(planFor(stage, { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }))
      await stage.untilCard(id, ({ phase }) => phase === 'baking')
      await stage.stopWorkers()
      // Nobody answers the first, so the second is one too many.
      const commands = [stage.command(id, 'pause'), stage.command(id, 'pause')].map((command) =>
        command.then(
          () => 'taken',
          ({ code }: { code: string }) => code,
        ),
      )
      expect(await stage.command(id, 'abort')).toContain('not carried out yet')
      for (const code of await Promise.all(commands)) expect(code).toMatch(/^request\.(?:not-taken|unsettled)$/)
      await stage.startWorker()
      expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
      expect((await stage.releases.show(id)).reason).toBe('abort by bob')
    } finally {
      await stage.close()
    }
  })
})
