import { describe, expect, it } from 'vitest'
import { type RehearsalPlan, rehearsalOf } from '../../../src/analysis/readiness/rehearsal-plan.ts'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { planContext } from '../../domain/plan/plan-context.ts'

const STEPS = [
  { cohort: 'internal' },
  { bake: '10m' },
  { approve: { by: 'checkout-owners', within: '4h' } },
  { weight: '25%' },
  { bake: '3s' },
  { notify: { text: 'half way' } },
  { weight: '100%' },
  { bake: '1h' },
]
const CHECKS = {
  errors: { errorRate: { notWorseThan: '1.5x' } },
  latency: { latency: { quantiles: ['p99'], notWorseThan: '1.25x' } },
  orders: { rate: { of: 'orders', notBelow: '0.8x' } },
}
const OPTIONS = { longestBake: 5_000, without: [] }

function planOf(parts: Readonly<Record<string, unknown>> = {}): Plan {
  const written = {
    service: 'checkout',
    environment: 'production',
    interval: '1s',
    steps: STEPS,
    checks: CHECKS,
    ...parts,
  }
  const read = readPlan(written, planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

function rehearsed(plan: Plan, options: Parameters<typeof rehearsalOf>[1] = OPTIONS): RehearsalPlan {
  const rehearsal = rehearsalOf(plan, options)
  if ('unable' in rehearsal) throw new Error(JSON.stringify(rehearsal.unable))
  return rehearsal
}

const names = ({ runs }: RehearsalPlan) => runs.map(({ fault }) => fault)

describe('a plan as it is rehearsed', () => {
  it('has no bad version where every limit accepts it', () => {
    const slow = (max: string) => rehearsed(planOf({ checks: { slowest: { latency: { quantiles: ['p99'], max } } } }))
    expect(names(slow('400ms'))).toContain('slow')
    expect(names(slow('5s'))).not.toContain('slow')
    const failing = rehearsed(planOf({ checks: { most: { errorRate: { max: '60%' } } } }))
    expect(failing.leftOut).toContain('a version that fails, because most accepts as much')
    expect(slow('5s').leftOut).toContain('a version that is slow, because slowest accepts as much')
  })

  it('has a budget that seconds of few requests can keep', () => {
    const steps = [{ weight: '1%' }, { ramp: { to: '50%', spend: '0.5x', atLeast: '6m' } }, { weight: '100%' }]
    const { plan, standIns } = rehearsed(planOf({ steps }))
    const raises = plan.actions.flatMap((one) => (one.kind === 'bake' && one.raise !== undefined ? [one] : []))
    expect(raises.map(({ duration, raise }) => [duration, raise?.spend])).toEqual(raises.map(() => [5_000, 1_000]))
    expect(standIns).toEqual(['the budget of a ramp is 1000x'])
  })

  it('keeps its steps, limits and approvals, with bakes of seconds', () => {
    const plan = planOf()
    const { plan: short, standIns, events } = rehearsed(plan)
    expect(short.steps).toEqual(plan.steps)
    expect(short.actions.flatMap((one) => (one.kind === 'bake' ? [one.duration] : []))).toEqual([5_000, 3_000, 5_000])
    const exposures = (of: Plan) => of.actions.flatMap((one) => (one.kind === 'expose' ? [one.exposure] : []))
    expect(exposures(short)).toEqual(exposures(plan))
    expect(short.actions.map(({ kind }) => kind)).toEqual(
      plan.actions.map(({ kind }) => kind).filter((kind) => kind !== 'tell'),
    )
    expect(short.checks.map(({ name, source }) => [name, source])).toEqual([
      ['errors', 'proxy'],
      ['latency', 'proxy'],
      ['orders', 'proxy'],
    ])
    expect([standIns, events]).toEqual([['approvals are given at once', 'nobody is told'], ['orders']])
  })

  it('is run once healthy, and once for each fault', () => {
    const rehearsal = rehearsed(planOf())
    expect(names(rehearsal)).toEqual(['none', 'errors', 'slow', 'event', 'silent', 'dead', 'worker', 'back'])
    expect(rehearsal.leftOut).toEqual([])
    expect(rehearsal.runs.map(({ ends }) => ends.join())).toEqual([
      ...['promoted', 'rolled-back', 'rolled-back', 'rolled-back'],
      ...['rolled-back,paused', 'rolled-back', 'promoted', 'rolled-back'],
    ])
  })

  it('may pause where the plan pauses', () => {
    const { runs } = rehearsed(planOf({ onFail: 'pause' }))
    expect(runs.find(({ fault }) => fault === 'errors')?.ends).toEqual(['rolled-back', 'paused'])
  })

  it('says which faults nothing in it looks for', () => {
    const { latency: _, ...checks } = CHECKS
    const rehearsal = rehearsed(planOf({ checks }))
    expect(names(rehearsal)).not.toContain('slow')
    expect(rehearsal.leftOut).toEqual(['a version that is slow, because no check that stops it looks at latency'])
  })

  it('is refused with what the embedded data plane cannot do, until that is left out by name', () => {
    const query = { query: { promql: 'sum(revenue)', fail: 'result[0] < 1' } }
    const plan = planOf({ checks: { ...CHECKS, revenue: query } })
    expect(rehearsalOf(plan, OPTIONS)).toEqual({
      unable: [{ name: 'revenue', why: 'the check revenue asks a store that the embedded data plane does not have' }],
    })
    const rehearsal = rehearsed(plan, { ...OPTIONS, without: ['revenue'] })
    expect(rehearsal.plan.checks.map(({ name }) => name)).toEqual(['errors', 'latency', 'orders'])
    expect(rehearsal.leftOut).toEqual(['the check revenue'])
  })
})
