import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../../../src/domain/plan/plan.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import {
  longestWarmUp,
  raisesLoad,
  usualWarmUp,
  warmUpOf,
  warmUpText,
  warmUpWarnings,
  withLearnedWarmUp,
} from '../../../src/domain/plan/plan-warm-up.ts'
import { planContext } from './plan-context.ts'

const ERRORS = { errorRate: { notWorseThan: '1.5x' } }
const HEAD = { service: 'checkout', environment: 'production', checks: { errors: ERRORS } }

function planOf(steps: readonly unknown[], more: object = {}): Plan {
  const read = readPlan({ ...HEAD, steps, ...more }, planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
const warmUps = ({ actions }: Plan) =>
  actions.flatMap((action) => (action.kind === 'expose' ? [action.warmsUpFor ?? null] : []))
const at = (weight: number, ...cohorts: string[]) => ({ weight, cohorts })

describe('the warm-up of a plan that states none', () => {
  it('is a minute where that is no more than a fifth of the bake, else the fifth', () => {
    expect(usualWarmUp(3_600_000, 10_000)).toBe(60_000)
    expect(usualWarmUp(300_000, 10_000)).toBe(60_000)
    expect(usualWarmUp(100_000, 10_000)).toBe(20_000)
  })

  it('is none where the bake has no look to spare for it', () => {
    expect(usualWarmUp(49_000, 10_000)).toBe(0)
    expect(usualWarmUp(0, 1_000)).toBe(0)
    expect(usualWarmUp(600_000, 600_000)).toBe(0)
  })

  it('never takes more than a fifth of a bake, nor more than a minute', () => {
    const time = fc.integer({ min: 0, max: 100_000_000 })
    fc.assert(
      fc.property(time, fc.integer({ min: 1_000, max: 3_600_000 }), (bake, interval) => {
        const warmUp = usualWarmUp(bake, interval)
        expect(warmUp).toBeGreaterThanOrEqual(0)
        expect(warmUp).toBeLessThanOrEqual(Math.min(60_000, bake / 5))
      }),
    )
  })

  it('comes with each exposure that makes the canary new or doubles its load, and follows the bake after it', () => {
    const steps = [
      { cohort: 'internal' },
      { bake: '100s' },
      { weight: '5%' },
      { bake: '10m' },
      { weight: '8%' },
      { bake: '10m' },
      { weight: '50%' },
      { approve: { by: 'checkout-owners' } },
      { bake: '20s' },
      { bake: '1h' },
      { weight: '100%' },
    ]
    expect(warmUps(planOf(steps))).toEqual([20_000, 60_000, null, null, null])
    expect(warmUps(planOf(steps, { checks: {} }))).toEqual([null, null, null, null, null])
  })
})

describe('a warm-up that a plan states', () => {
  const steps = [{ ramp: { through: ['5%', '50%'], bake: '20s' } }, { weight: '100%' }]

  it('is that of every jump, whatever the bakes', () => {
    expect(warmUps(planOf(steps, { warmUp: '2m' }))).toEqual([120_000, 120_000, 120_000])
    expect(warmUps(planOf(steps, { warmUp: '0s' }))).toEqual([null, null, null])
  })

  it('may be another one for a check, and none', () => {
    const checks = {
      errors: { ...ERRORS, warmUp: '30s' },
      quick: { errorRate: { max: '5%' }, warmUp: '0s' },
      late: ERRORS,
    }
    const plan = planOf(steps, { warmUp: '0s', checks })
    const [expose] = plan.actions
    if (expose?.kind !== 'expose') throw new Error('the first action is no exposure')
    expect(plan.checks.map((check) => warmUpOf(check, expose))).toEqual([30_000, 0, 0])
    expect(longestWarmUp(plan.checks, expose)).toBe(30_000)
    expect(longestWarmUp(plan.checks, {})).toBe(0)
    expect(plan.checks.map((check) => ('rule' in check ? check.rule : null))).toMatchObject([
      { alpha: 0.005 },
      { judge: 'threshold' },
      { alpha: 0.005 },
    ])
  })

  it('is none of the business of a check with a beginning of its own, unless that check says so', () => {
    const argo = { argo: { promql: 'up', successCondition: 'result[0] > 0' } }
    const plan = planOf(steps, { warmUp: '1m', checks: { argo, later: { ...argo, warmUp: '10s' } } })
    expect(plan.checks.map(({ warmsUpFor }) => warmsUpFor)).toEqual([0, 10_000])
  })

  it('is refused where it is no duration, with its place', () => {
    const read = readPlan({ ...HEAD, steps, checks: { errors: { ...ERRORS, warmUp: 30 } } }, planContext())
    expect('problems' in read ? read.problems : []).toMatchObject([
      { rule: 'value', path: ['checks', 'errors', 'warmUp'], received: '30', expected: expect.stringContaining('10m') },
    ])
  })
})

describe('a jump in load', () => {
  it.each([
    [at(0), at(1), true],
    [at(0), at(0, 'internal'), true],
    [at(0, 'internal'), at(0, 'beta', 'internal'), true],
    [at(0, 'internal'), at(0, 'internal'), false],
    [at(0, 'internal'), at(100, 'internal'), true],
    [at(100), at(199), false],
    [at(100), at(200), true],
    [at(5_000), at(10_000), true],
    [at(5_001), at(10_000), false],
    [at(500), at(500, 'internal'), false],
  ])('from %j to %j is one: %j', (before, after, isJump) => {
    expect(raisesLoad(before, after)).toBe(isJump)
  })
})

describe('the warm-up in words', () => {
  it('says how long it is, and which check has its own', () => {
    const steps = [{ weight: '5%' }, { bake: '100s' }, { weight: '50%' }, { bake: '1h' }, { weight: '100%' }]
    const after = " after each jump in the canary's load, in which no check counts"
    expect(warmUpText(planOf(steps))).toBe(`warm-up: 20s to 1m${after}`)
    expect(warmUpText(planOf(steps, { warmUp: '30s' }))).toBe(`warm-up: 30s${after}`)
    const own = { errors: { ...ERRORS, warmUp: '2m' } }
    expect(warmUpText(planOf(steps, { checks: own }))).toBe(`warm-up: errors 2m${after}`)
    expect(warmUpText(planOf(steps, { warmUp: '0s' }))).toBe('warm-up: none')
    expect(warmUpText(planOf(steps, { checks: {} }))).toBeNull()
  })

  it('warns of steps that leave the checks little or nothing, once each', () => {
    const steps = [{ ramp: { through: ['5%', '50%'], bake: '30s' } }, { weight: '100%' }, { bake: '90s' }]
    expect(warmUpWarnings(planOf(steps, { warmUp: '1m' }))).toEqual([
      'step 1: its 30s are over before the canary has warmed up (1m), so they are prolonged until then',
      'step 3: of its 1m 30s the canary warms up for 1m, so the checks see only 30s',
    ])
    expect(warmUpWarnings(planOf(steps, { warmUp: '15s' }))).toEqual([])
    expect(warmUpWarnings(planOf(steps))).toEqual([])
  })
})

describe('a warm-up that was learned', () => {
  const plan = planOf([
    { weight: '5%' },
    { bake: '10m' },
    { weight: '8%' },
    { bake: '1h' },
    { weight: '50%' },
    { bake: '40s' },
    { weight: '100%' },
  ])

  it('goes before the usual one where it is longer, and takes no more than half of a bake', () => {
    expect(warmUps(plan)).toEqual([60_000, null, null, null])
    expect(warmUps(withLearnedWarmUp(plan, 120_000))).toEqual([120_000, null, 20_000, null])
    expect(warmUps(withLearnedWarmUp(plan, 900_000))).toEqual([300_000, null, 20_000, null])
    const long = planOf([{ weight: '5%' }, { bake: '2d' }, { weight: '100%' }])
    expect(warmUps(withLearnedWarmUp(long, 7_200_000))).toEqual([600_000, null])
  })

  it('changes nothing where it is no longer than what there is, or no check waits for it', () => {
    const long = planOf([{ weight: '5%' }, { bake: '1h' }, { weight: '100%' }])
    for (const learned of [0, 60_000, Number.NaN]) expect(withLearnedWarmUp(long, learned)).toBe(long)
    const own = planOf([{ weight: '5%' }, { bake: '1h' }, { weight: '100%' }], {
      checks: { errors: { ...ERRORS, warmUp: '30s' } },
    })
    expect(withLearnedWarmUp(own, 300_000)).toBe(own)
  })
})
