import { describe, expect, it } from 'vitest'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { planContext } from './plan-context.ts'

const compared = { errors: { errorRate: { notWorseThan: '1.5x' } } }
const limited = { ceiling: { errorRate: { max: '3%' } } }

function rulesOf(steps: readonly unknown[], checks: object): readonly (readonly [string, unknown])[] {
  const read = readPlan({ service: 'checkout', environment: 'production', steps, checks }, planContext())
  return 'problems' in read ? read.problems.map(({ rule, path }) => [rule, path.join('.')] as const) : []
}

describe('a wait in which nothing can be compared', () => {
  it.each([
    ['at 100% without a wait before', [{ weight: '100%' }, { bake: '10m' }], 'steps.1'],
    [
      'before anybody is on the canary',
      [{ bake: '10m' }, { weight: '5%' }, { bake: '10m' }, { weight: '100%' }],
      'steps.0',
    ],
    [
      'for a further check that is first asked at 100%',
      [
        { weight: '5%' },
        { bake: '1m' },
        { weight: '100%' },
        { analyse: { for: '1m', checks: { more: compared.errors } } },
      ],
      'steps.3',
    ],
  ])('%s is a problem at its step', (_where, steps, path) => {
    expect(rulesOf(steps, compared)).toEqual([['nothing-to-compare', path]])
  })

  it.each([
    [
      'a check was asked at a lower weight',
      [{ weight: '5%' }, { bake: '1m' }, { weight: '100%' }, { bake: '1m' }],
      compared,
    ],
    ['cohorts were watched before', [{ cohort: 'beta' }, { bake: '1m' }, { weight: '100%' }, { bake: '1m' }], compared],
    ['the checks have fixed limits', [{ weight: '100%' }, { bake: '1m' }], limited],
    ['there is no wait', [{ weight: '100%' }], compared],
  ])('is none when %s', (_why, steps, checks) => {
    expect(rulesOf(steps, checks)).toEqual([])
  })
})
