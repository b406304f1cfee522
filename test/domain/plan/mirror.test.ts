import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRaise, isSameExposure, NO_EXPOSURE, usesCanary, wayBack, withMirror } from '../../../src/domain/exposure.ts'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { raisesLoad } from '../../../src/domain/plan/plan-warm-up.ts'
import { FACTS, FINE_ROUTER, planContext } from './plan-context.ts'

const ROUTER = { kind: 'test', capabilities: { ...FINE_ROUTER.capabilities, mirror: true } }

function exposuresOf(...steps: Record<string, unknown>[]): Plan['actions'][number][] {
  const plan = { service: 'checkout', environment: 'production', steps: [...steps, { weight: '100%' }] }
  const read = readPlan(plan, planContext({ ...FACTS, router: ROUTER }))
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan.actions.filter(({ kind }) => kind === 'expose')
}
const exposed = (...steps: Record<string, unknown>[]) =>
  exposuresOf(...steps).map((action) => (action.kind === 'expose' ? action.exposure : null))

describe('a mirror in a plan', () => {
  it('leaves the weight at 0 and keeps what is there, until it is off', () => {
    expect(exposed({ cohort: 'beta' }, { mirror: '10%' }, { mirror: '50%' }, { mirror: 'off' })).toEqual([
      { weight: 0, cohorts: ['beta'] },
      { weight: 0, cohorts: ['beta'], mirror: 1_000 },
      { weight: 0, cohorts: ['beta'], mirror: 5_000 },
      { weight: 0, cohorts: ['beta'] },
      { weight: 10_000, cohorts: ['beta'] },
    ])
  })

  it('lets a check that compares look at copies, which are not enough for what comes at 100%', () => {
    const rulesOf = (...steps: Record<string, unknown>[]) => {
      const checks = { errors: { errorRate: { source: 'proxy', notWorseThan: '1.5x' } } }
      const plan = { service: 'checkout', environment: 'production', steps, checks }
      const read = readPlan(plan, planContext({ ...FACTS, router: ROUTER }))
      return 'problems' in read ? read.problems.map(({ rule, path }) => `${rule} ${path.join('.')}`) : []
    }
    const copied = [{ mirror: '10%' }, { bake: '10m' }]
    const whole = [{ weight: '100%' }, { bake: '10m' }]
    expect(rulesOf(...copied, { weight: '5%' }, { bake: '10m' }, ...whole)).toEqual([])
    expect(rulesOf(...copied, ...whole)).toEqual(['nothing-to-compare steps.3'])
    expect(rulesOf(...copied, { mirror: 'off' }, { bake: '10m' }, ...whole)).toEqual([
      'nothing-to-compare steps.3',
      'nothing-to-compare steps.5',
    ])
  })

  it.each([{ weight: '5%' }, { ramp: { through: ['5%', '10%'], bake: '1m' } }])(
    'ends where weight begins: %j',
    (step) => {
      expect(exposed({ mirror: '10%' }, step)[1]).toEqual({ weight: 500, cohorts: [] })
    },
  )

  it('is told in one line', () => {
    expect(exposuresOf({ mirror: '10%' }, { mirror: 'off' }).map(({ label }) => label)).toEqual([
      ...['mirror 10%', 'mirror off', 'weight 100%'],
    ])
  })
})

describe('an exposure with copies', () => {
  const mirrored = withMirror(NO_EXPOSURE, 1_000)

  it('is another one than the same without, uses the canary, and asks more of it', () => {
    expect(isSameExposure(mirrored, NO_EXPOSURE)).toBe(false)
    expect([usesCanary(mirrored), usesCanary(NO_EXPOSURE)]).toEqual([true, false])
    expect([isRaise(NO_EXPOSURE, mirrored), isRaise(mirrored, NO_EXPOSURE)]).toEqual([true, false])
    expect(isRaise(mirrored, withMirror(mirrored, 2_000))).toBe(true)
  })

  it('warms the canary up where the copies begin or double', () => {
    expect(raisesLoad(NO_EXPOSURE, mirrored)).toBe(true)
    expect(raisesLoad(mirrored, withMirror(mirrored, 1_500))).toBe(false)
    expect(raisesLoad(mirrored, withMirror(mirrored, 2_000))).toBe(true)
  })

  it('has none on any way back', () => {
    const shares = fc.integer({ min: 1, max: 10_000 })
    fc.assert(
      fc.property(shares, (share) => {
        expect(wayBack(NO_EXPOSURE, withMirror(NO_EXPOSURE, share))).toEqual(NO_EXPOSURE)
      }),
    )
  })
})
