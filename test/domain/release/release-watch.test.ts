import { describe, expect, it } from 'vitest'
import type { Plan } from '../../../src/domain/plan/plan.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState } from '../../../src/domain/release/release-state.ts'
import { mustProveVersion, watchFor } from '../../../src/domain/release/release-watch.ts'
import { planContext } from '../plan/plan-context.ts'

const KIND = { errorRate: { notWorseThan: '1.5x' } }

function planWith(checks: Record<string, unknown>, onFail: string): Plan {
  const head = { service: 'checkout', environment: 'production', onFail, checks }
  const read = readPlan({ ...head, steps: [{ weight: '10%' }, { bake: '10m' }, { weight: '100%' }] }, planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
const paused = (cause: 'failed-check' | 'command') =>
  reduce(
    { ...beginState('release/checkout/production/1'), epoch: 1 },
    { type: 'paused', at: 1, cause, by: 'sluice', reason: '' },
  )

describe('the watch in a pause for a check that failed', () => {
  it('is of the router alone where every failure pauses, as in older plans', () => {
    const plan = planWith({ errors: KIND }, 'pause')
    expect(watchFor(paused('failed-check'), plan)).toMatchObject({ mode: 'keep' })
    expect(watchFor(paused('failed-check'), plan)).not.toHaveProperty('acting')
  })

  it('goes on judging what rolls back, restarts among it where the plan rolls back', () => {
    const checks = { errors: { ...KIND, onFail: 'rollback' }, orders: { ...KIND, onFail: 'pause' } }
    expect(watchFor(paused('failed-check'), planWith(checks, 'pause'))).toMatchObject({
      ...{ mode: 'judge', acting: ['errors'], blindLimit: null },
    })
    expect(watchFor(paused('failed-check'), planWith(checks, 'rollback'))).toMatchObject({
      acting: ['errors', 'restarts'],
    })
  })
})

describe('the watch before anybody has the new version', () => {
  const begun = beginState('release/checkout/production/1')

  it('is of the router alone: what is being deployed is judged by nobody', () => {
    expect(watchFor(begun, planWith({ errors: KIND }, 'rollback'))).toMatchObject({ mode: 'keep', blindLimit: null })
  })

  it('judges once somebody has it, and where the plan bakes before', () => {
    const plan = planWith({ errors: KIND }, 'rollback')
    expect(watchFor({ ...begun, epoch: 1 }, plan)).toMatchObject({ mode: 'judge' })
    const baking = { ...plan, actions: plan.actions.slice(1) }
    expect(watchFor(begun, baking)).toMatchObject({ mode: 'judge' })
  })
})

describe('the version of what is live', () => {
  const proof = { within: 60_000 }
  const exposed = { ...beginState('release/checkout/production/1'), live: { weight: 1_000, cohorts: [] } }
  const held = { ...exposed, pause: { cause: 'command', by: 'bob', reason: '', at: 1 } as const }

  it.each([
    [true, exposed, { proof, onFail: 'pause' }],
    [false, exposed, { onFail: 'rollback' }],
    [false, { ...exposed, live: { weight: 0, cohorts: [] } }, { proof, onFail: 'rollback' }],
    [false, { ...exposed, phase: 'promoted' }, { proof, onFail: 'rollback' }],
    [true, held, { proof, onFail: 'rollback' }],
    [false, held, { proof, onFail: 'pause' }],
  ] as const)('must be proven again: %s', (isAsked, state, plan) => {
    expect(mustProveVersion(state, plan)).toBe(isAsked)
  })
})
