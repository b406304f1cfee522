import { expect, it } from 'vitest'
import { startPipeline } from '../../src/config/pipeline-start.ts'
import { regions } from '../domain/pipeline/pipelines.ts'
import { apiParts } from '../support/api-parts.ts'

it('has something to say of every stage, also where only one plan is looked at at a time', async () => {
  let isLooking = false
  const alone = async <T>(known: T, nothing: T) => {
    if (isLooking) return nothing
    isLooking = true
    await new Promise((resolve) => setImmediate(resolve))
    isLooking = false
    return known
  }
  const doors = apiParts({
    foresee: () => alone<readonly string[]>(['its traffic is low'], []),
    readPipeline: async () => ({ pipeline: regions('stop'), written: {} }),
  })
  const wish = { actor: { person: 'alice', entrance: 'cli' }, version: '2.4.0', reason: '', key: 'k' } as const
  expect(await startPipeline({ pipeline: {} }, wish, doors, 0)).toMatchObject({
    notes: ['canary', 'small', 'eu', 'us'].map((name) => `${name}: its traffic is low`),
  })
})
