import { describe, expect, it } from 'vitest'
import type { Checklist } from '../../../src/activities/readiness/checklist.ts'
import { PROBES } from '../../../src/activities/readiness/probes.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { memoryStore } from '../../../src/flags/memory.ts'
import { routerWithFlags } from '../../../src/flags/router-with-flags.ts'
import { FACTS, planContext } from '../../domain/plan/plan-context.ts'
import { createMemoryRouterWorld } from '../../support/memory-router.ts'

const POOLS = ['blue', 'green'] as const
const FLAGS = { kind: 'memory', capabilities: memoryStore.capabilities, names: null }

/** A plan that names one of each, for a target that has what is handed in. */
const planWith = (groups: Readonly<Record<string, readonly string[]>>, cohorts: readonly string[]) =>
  readPlan(
    {
      ...{ service: 'checkout', environment: 'production' },
      steps: [
        { cohort: 'internal' },
        { flag: { basket: 'on' } },
        { approve: { by: 'checkout-owners', within: '4h' } },
        { weight: '100%' },
      ],
      checks: { errors: { errorRate: { notWorseThan: '1.5x', source: 'proxy' } } },
    },
    planContext({ ...FACTS, groups, cohorts, flags: FLAGS }),
  )

async function ask(author: string, flags: readonly string[], people = ['alice', 'bob']) {
  const read = planWith({ 'checkout-owners': people }, ['internal'])
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const world = `names ${flags.join(' ')}`
  const store = memoryStore.open({ kind: 'memory', world, flags: [...flags] }, { pools: [...POOLS] })
  const router = routerWithFlags(createMemoryRouterWorld({ pools: [...POOLS] }).connect(), store)
  const asked = { input: { plan: read.plan, author }, adapters: { router } } as unknown as Checklist
  return PROBES.find(({ item }) => item === 'names')?.ask(asked, new AbortController().signal)
}

describe('the names of a plan', () => {
  it('are all there', async () => {
    expect(await ask('carol', ['basket'])).toEqual({
      outcome: 'pass',
      text: 'all exist: cohorts internal; flags basket; approvers checkout-owners',
    })
  })

  it('lack a flag that its store does not have', async () => {
    expect(await ask('carol', ['other'])).toEqual({
      outcome: 'fail',
      text: 'the flag store has no basket',
      fix: 'create it there, or correct its name in the plan',
    })
  })

  it('lack an approver where the group is the author alone', async () => {
    expect(await ask('alice', ['basket'], ['alice'])).toEqual({
      outcome: 'fail',
      text: 'step 3 needs 1 of checkout-owners, and 0 of them may approve',
      fix: 'add people to the group checkout-owners in sluice.yaml, or ask for fewer',
    })
  })

  it.each([
    ['group', {}, ['internal'], { path: ['steps', 2, 'approve', 'by'], received: 'checkout-owners' }],
    ['cohort', { 'checkout-owners': ['alice'] }, ['beta'], { path: ['steps', 0, 'cohort'], received: 'internal' }],
  ] as const)(
    'are not even asked for where a %s is missing: the plan is refused, with what to do',
    (_, groups, cohorts, at) => {
      const read = planWith(groups, cohorts)
      expect(read).toMatchObject({ problems: [{ ...at, fix: expect.any(String) }] })
    },
  )
})
