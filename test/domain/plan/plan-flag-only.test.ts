import { describe, expect, it } from 'vitest'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import type { TargetFacts } from '../../../src/domain/plan/plan-context.ts'
import { FACTS, planContext } from './plan-context.ts'

const STORE = { weightStep: 1, cohorts: true, readBack: 'evaluation' } as const
const TARGET: TargetFacts = {
  router: null,
  metrics: { prometheus: FACTS.metrics['prometheus']! },
  groups: { 'checkout-owners': ['alice'] },
  flags: { kind: 'flagd', capabilities: STORE, names: ['new-checkout', 'banner'] },
  cohorts: ['internal', 'beta'],
}
const ERRORS = { errors: { errorRate: { notWorseThan: '1.5x' } } }

function read(steps: readonly object[], rest: object = {}) {
  return readPlan({ service: 'checkout', environment: 'production', steps, ...rest }, planContext(TARGET))
}

function said(steps: readonly object[], rest: object = {}) {
  const result = read(steps, rest)
  return 'problems' in result ? result.problems.map(({ rule, path, fix }) => `${rule} ${path.join('.')}: ${fix}`) : []
}

const set = (reach: unknown, name = 'new-checkout') => ({ flag: { [name]: reach } })
const BAKE = { bake: '10m' }

describe('a plan for a target without a router', () => {
  it('goes by whom its flags reach, so that checks compare those who have it with those who do not', () => {
    const result = read([set(['internal', 'beta']), BAKE, set(['beta', 'internal', '25%']), BAKE, set('on'), BAKE], {
      checks: ERRORS,
    })
    if ('problems' in result) throw new Error(JSON.stringify(result.problems))
    const exposures = result.plan.actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure] : []))
    const reaches = [
      { weight: 0, cohorts: ['beta', 'internal'] },
      { weight: 2_500, cohorts: ['beta', 'internal'] },
      { weight: 10_000, cohorts: [] },
    ]
    expect(exposures).toEqual(reaches.map((reach) => ({ ...reach, byFlags: true, flags: { 'new-checkout': reach } })))
  })

  it('has everything else that needs no router', () => {
    const steps = [
      set('10%'),
      BAKE,
      { approve: { by: 'checkout-owners' } },
      set('on'),
      { notify: { text: 'it is on' } },
    ]
    expect(said(steps, { checks: ERRORS, after: { watch: '1h' } })).toEqual([])
  })

  it('is refused where it asks something of a router, with the flag step that stands for it', () => {
    expect(
      said([{ weight: '5%' }, { cohort: 'internal' }, { ramp: { through: ['10%', '100%'], bake: '10m' } }]),
    ).toEqual([
      'no-router steps.0.weight: write flag: { new-checkout: 5% }',
      'no-router steps.1.cohort: write flag: { new-checkout: [internal] }',
      'no-router steps.2.ramp: write flag: { new-checkout: 10% }',
    ])
    expect(said([{ try: 'on' }, set('on')])).toEqual(['no-router steps.0.try: remove the step'])
    expect(said([set('on')], { capacity: { ready: '80%' } })).toEqual([
      'router-cannot capacity: remove capacity, or use a target whose router knows',
    ])
    expect(said([set('on')], { after: { keep: '2h' } })).toEqual([
      'after after.keep: remove keep: a plan that sets the flag off is the way back, and no freeze holds it',
    ])
  })

  it('ends with everybody having each flag, or nobody', () => {
    expect(said([set('25%')])).toEqual(['never-full steps: add the step flag: { new-checkout: on }'])
    expect(said([set(['beta'])])).toEqual(['never-full steps: add the step flag: { new-checkout: on }'])
    expect(said([BAKE])).toEqual(['never-full steps: add one, such as flag: { new-checkout: on }'])
    expect(said([set('off')])).toEqual([])
    expect(said([set('on'), set('off', 'banner')])).toEqual([])
  })

  it.each([
    [['internal'], '10%', '[internal, 10%]'],
    ['50%', '10%', '50%'],
    ['10%', ['beta'], '[beta, 10%]'],
    ['on', '50%', 'on'],
  ])('takes a flag from nobody on the way: %j to %j', (before, after, fix) => {
    expect(said([set(before), set(after), set('on')])).toContain(
      `flag-narrower steps.1.flag.new-checkout: write ${fix}`,
    )
  })

  it('compares only what one flag tells apart, and what is new', () => {
    const fix = 'use a check that compares nobody, such as a query'
    const two = [set('10%'), set('10%', 'banner'), BAKE, { flag: { banner: 'on', 'new-checkout': 'on' } }]
    expect(said(two, { checks: ERRORS })).toEqual([
      `nothing-to-compare checks.errors: release one flag at a time, or ${fix}`,
    ])
    expect(said([set('50%'), BAKE, set('off')], { checks: ERRORS })).toEqual([
      `nothing-to-compare checks.errors: ${fix}`,
    ])
    expect(said([set('on'), BAKE], { checks: ERRORS })).toEqual([
      'nothing-to-compare steps.1: add a bake at a lower share before it, or use a fixed limit (max) here',
    ])
    expect(said([BAKE, set('on')], { checks: ERRORS })).toEqual([
      'nothing-to-compare steps.0: set the flag for some users before it',
    ])
  })

  it('has no check that sets off the flag which is all there is', () => {
    const checks = { errors: { errorRate: { max: '3%' }, onFail: { flag: 'new-checkout', set: 'off' } } }
    expect(said([set('10%'), BAKE, set('on')], { checks })).toEqual([
      'flag-is-the-release checks.errors.onFail: write onFail: rollback',
    ])
  })
})
