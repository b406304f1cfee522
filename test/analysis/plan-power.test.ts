import { describe, expect, it } from 'vitest'
import { powerOf } from '../../src/analysis/plan-power.ts'
import { type Plan, readPlan } from '../../src/domain/plan.ts'
import { planContext } from '../domain/plan-context.ts'

const RISE = { from: 0.005, to: 0.02 }
const ERRORS = { errors: { errorRate: { notWorseThan: '1.5x' } } }

function planOf(steps: readonly unknown[], checks: object = ERRORS): Plan {
  const read = readPlan({ service: 'checkout', environment: 'production', steps, checks }, planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
const STEPS = [
  { cohort: 'internal' },
  { bake: '10m' },
  { ramp: { through: ['1%', '25%'], bake: '10m' } },
  { weight: '100%' },
  { bake: '1h' },
]

describe('the power of a plan', () => {
  it('is worked out for each bake with the weight in force', () => {
    const rows = powerOf(planOf(STEPS), { requestsPerSecond: 20, rise: RISE })
    expect(rows.map(({ step, weight, power }) => [step, weight, power === null])).toEqual([
      [2, 0, true],
      [3, 100, false],
      [3, 2_500, false],
      [5, 10_000, true],
    ])
    expect(rows[1]?.power).toBeLessThan(rows[2]?.power ?? 0)
  })

  it('warns of a bake that would rather miss the rise, says which is long enough, and not of what nobody knows', () => {
    const rows = powerOf(planOf(STEPS), { requestsPerSecond: 20, rise: RISE })
    expect(rows.map(({ isWeak }) => isWeak)).toEqual([false, true, false, false])
    expect(rows[1]?.text).toMatch(/^at 20 requests\/s and 1% this bake of 10m .* power; .* gives 90 %$/)
    expect(rows[0]?.text).toBe('only internal: their traffic is not known')
    expect(rows[3]?.text).toContain('no stable to compare with')
  })

  it('counts the checks of an analysis in its step, and none that has no sequential rule', () => {
    const own = { more: { errorRate: { notWorseThan: '2x' } }, ceiling: { errorRate: { max: '3%' } } }
    const plan = planOf([{ weight: '10%' }, { analyse: { for: '1h', checks: own } }, { weight: '100%' }])
    const rows = powerOf(plan, { requestsPerSecond: 100, rise: RISE })
    expect(rows.map(({ check }) => check)).toEqual(['errors', 'more'])
    expect(powerOf(planOf(STEPS, {}), { requestsPerSecond: 100, rise: RISE })).toEqual([])
  })
})
