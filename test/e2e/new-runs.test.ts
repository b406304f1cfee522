import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTemporal } from '../support/temporal.ts'
import { ERRORS, nextKey, openStage, planFor } from './harness.ts'

let env: TestWorkflowEnvironment
beforeAll(async () => {
  env = await startTemporal()
})
afterAll(async () => {
  await env.teardown()
})

describe('a release whose history grows long', () => {
  it('goes on in new runs with everything it knew, and every command that was accepted', async () => {
    const stage = await openStage(env)
    try {
      const plan = planFor(stage, {
        steps: [
          { ramp: { through: ['1%', '5%', '20%', '50%'], bake: '1s' } },
          { approve: { by: 'owners', need: 2 } },
          { bake: '1s' },
          { weight: '100%' },
        ],
        checks: ERRORS,
      })
      const id = await stage.start(plan, { longestHistory: 40 })
      const first = (await env.client.workflow.getHandle(id).describe()).runId
      const asked = await stage.untilCard(id, (card) => card.approval !== null)
      for (const person of ['bob', 'carol']) {
        await stage.command(id, 'approve', { actor: { person, entrance: 'slack' }, step: asked.step, key: nextKey() })
      }
      expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
      expect((await env.client.workflow.getHandle(id).describe()).runId).not.toBe(first)
      const card = await stage.releases.show(id)
      const story = card.trail.map(({ text }) => text)
      expect(story.filter((text) => text.startsWith('baseline read'))).toHaveLength(1)
      expect(story.filter((text) => text.endsWith('confirmed by the router')).length).toBeGreaterThanOrEqual(5)
      expect(new Set(stage.notices.map(({ ref }) => ref))).toEqual(new Set([null, `message-of-${id}`]))
      const weights = stage.router.landed.map(({ exposure }) => exposure.weight)
      expect(weights).toEqual([...weights].sort((left, right) => left - right))
      const fences = stage.router.landed.map(({ fence }) => fence.epoch)
      expect(fences).toEqual([...fences].sort((left, right) => left - right))
    } finally {
      await stage.close()
    }
  })

  it('is watched while a run that grows long waits for messages that nobody takes', async () => {
    const stage = await openStage(env)
    try {
      const plan = planFor(stage, { steps: [{ weight: '20%' }, { bake: '10m' }, { weight: '100%' }], checks: ERRORS })
      const id = await stage.start(plan, { longestHistory: 40 })
      await stage.untilCard(id, (card) => card.weight === 2_000)
      stage.messenger.isDown = true
      for (let round = 0; round < 8; round += 1) {
        const { step } = await stage.releases.show(id)
        const verb = round % 2 === 0 ? 'pause' : 'resume'
        await stage.command(id, verb, { actor: { person: 'bob', entrance: 'cli' }, step, key: nextKey() })
      }
      Object.assign(stage.script.pools['green'] ?? {}, { errorRate: 0.9 })
      expect((await stage.untilCard(id, (card) => card.weight === 0)).phase).not.toBe('promoted')
      stage.messenger.isDown = false
      expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    } finally {
      await stage.close()
    }
  })
})
