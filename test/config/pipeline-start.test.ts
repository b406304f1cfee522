import { expect, it } from 'vitest'
import { preparePipeline } from '../../src/config/pipeline-start.ts'
import type { Foresight } from '../../src/config/start.ts'
import { emptyLane } from '../../src/domain/lane/lane-state.ts'
import { laneView } from '../../src/domain/lane/lane-view.ts'
import { regions } from '../domain/pipeline/pipelines.ts'
import { demoInstallation } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const AUTHOR = { actor: { person: 'alice', entrance: 'cli' }, reason: '' } as const

it('has something to say of every stage, also where only one plan is looked at at a time', async () => {
  let isLooking = false
  const alone = async <T>(known: T, nothing: T) => {
    if (isLooking) return nothing
    isLooking = true
    await new Promise((resolve) => setImmediate(resolve))
    isLooking = false
    return known
  }
  const foresight: Foresight = {
    installation: demoInstallation(),
    releases: createFakeReleases(),
    foresee: () => alone<readonly string[]>(['its traffic is low'], []),
    learnWarmUp: async () => ({ notes: [] }),
  }
  const wish = { pipeline: regions('stop'), written: {}, version: '2.4.0', ...AUTHOR } as const
  const lookout = {
    lane: async (target: { service: string; environment: string }) => laneView(target, emptyLane<never>()),
    ...{ open: async () => [], hasBegun: async () => false },
  }
  expect(await preparePipeline(wish, foresight, lookout, 0)).toMatchObject({
    notes: ['canary', 'small', 'eu', 'us'].map((name) => `${name}: its traffic is low`),
  })
})
