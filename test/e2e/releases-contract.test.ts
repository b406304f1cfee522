import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll } from 'vitest'
import { describeReleases } from '../contracts/releases-contract.ts'
import { startTemporal } from '../support/temporal.ts'
import { openStage, planFor, until } from './harness.ts'

let env: TestWorkflowEnvironment
beforeAll(async () => {
  env = await startTemporal()
})
afterAll(async () => {
  await env.teardown()
})

describeReleases('over Temporal', async () => {
  const stage = await openStage(env)
  const { releases, service, close } = stage
  return {
    ...{ releases, until, close },
    target: { service, environment: 'production' },
    planOf: (source) => planFor(stage, source),
    untilCard: (releaseId, wanted) => until(() => releases.show(releaseId), wanted),
  }
})
