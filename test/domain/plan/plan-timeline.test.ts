import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../../src/catalog.ts'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { timelineOf } from '../../../src/domain/plan/plan-timeline.ts'
import { planContext } from './plan-context.ts'

const MINUTE = 60_000

function planOf(steps: readonly unknown[], checks: object = {}): Plan {
  const context = { ...planContext(), checkKinds: CHECK_KINDS }
  const read = readPlan({ service: 'checkout', environment: 'production', steps, checks }, context)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
const STEPS = [
  { cohort: 'internal' },
  { bake: '10m' },
  { ramp: { through: ['5%', '25%'], bake: '20m' } },
  { approve: { by: 'checkout-owners', within: '4h', onExpiry: 'pause' } },
  { weight: '50%' },
  { bake: { upTo: '2h', until: 'proven' } },
  { analyse: { for: '30m', checks: { queue: { query: { promql: 'max(queue)', fail: 'result > 5.0' } } } } },
  { weight: '100%' },
]

describe('the timeline of a plan', () => {
  const timeline = timelineOf(planOf(STEPS, { errors: { errorRate: { notWorseThan: '1.5x' } } }), CHECK_KINDS)

  it('has each action at its start, with who is on the canary while it runs', () => {
    expect(
      timeline.rows.map(({ kind, start, duration, exposure }) => [
        kind,
        start / MINUTE,
        duration / MINUTE,
        exposure.weight,
      ]),
    ).toEqual([
      ['expose', 0, 0, 0],
      ['bake', 0, 10, 0],
      ['expose', 10, 0, 500],
      ['bake', 10, 20, 500],
      ['expose', 30, 0, 2_500],
      ['bake', 30, 20, 2_500],
      ['ask', 50, 0, 2_500],
      ['expose', 50, 0, 5_000],
      ['bake', 50, 120, 5_000],
      ['judge', 170, 30, 5_000],
      ['expose', 200, 0, 10_000],
    ])
    expect(timeline.rows.every(({ exposure }) => exposure.cohorts.join() === 'internal')).toBe(true)
  })

  it('tells the whole time from the shortest and from what approvals may take', () => {
    expect([timeline.planned, timeline.shortest, timeline.waiting].map((time) => time / MINUTE)).toEqual([200, 80, 240])
  })

  it('says where the guard looks only once, so that a wait may take longer', () => {
    const told = (steps: readonly unknown[], checks: object) =>
      timelineOf(planOf([{ weight: '5%' }, ...steps, { weight: '100%' }], checks), CHECK_KINDS).rows.flatMap(
        ({ details }) => details,
      )
    const once = 'the guard looks once in it (every 10s): it may be held for up to 10s more'
    const checks = { errors: { errorRate: { max: '5%' } } }
    expect(told([{ bake: '15s' }, { bake: '20s' }], checks)).toEqual([once])
    expect(told([{ bake: '15s' }], {})).toEqual([])
    expect(told([{ analyse: { for: '10s', checks } }], {})).toContain(once)
  })

  it('says who is asked, what happens without an answer, and what must pass', () => {
    const details = timeline.rows.flatMap((row) => row.details)
    expect(details).toContain('asks alice, bob, but not the author')
    expect(details).toContain('without an answer after 4h: pause')
    expect(details).toContain('must pass: queue')
  })

  it('lists the checks of the plan for the whole release and those of an analysis for its step', () => {
    expect(timeline.checks.map(({ name, step, alpha }) => [name, step, alpha])).toEqual([
      ['errors', null, 0.01],
      ['queue', 7, null],
    ])
  })

  it('spends its budget on the checks that control an error rate and on no other', () => {
    const checks = {
      errors: { errorRate: { notWorseThan: '1.5x' } },
      ceiling: { errorRate: { max: '3%' } },
      slow: { latency: { quantiles: ['p95', 'p99.9'], notWorseThan: '1.25x', confidence: '99.5%' } },
      most: { latency: { quantiles: ['p10', 'p99'], notWorseThan: '1.25x' } },
      late: { latency: { quantiles: ['p99'], maxRatio: '2x' } },
      orders: { rate: { of: 'orders', notBelow: '0.9x', notAbove: '1.5x' } },
      argo: { argo: { promql: 'up', successCondition: 'result[0] > 0', interval: '5m' } },
      pool: { argo: { promql: 'up{pool="$pool"}', failureCondition: 'result[0] < 1' } },
    }
    const plan = planOf([{ weight: '100%' }], checks)
    const shown = timelineOf(plan, CHECK_KINDS).checks
    expect(shown.reduce((sum, { alpha }) => sum + (alpha ?? 0), 0)).toBeCloseTo(plan.errorBudget, 10)
    expect(Object.fromEntries(shown.map(({ name, question }) => [name, question]))).toEqual({
      errors: "failed requests at most 1.5x stable's share",
      ceiling: 'failed requests at most 3%, 2 of 3 looks',
      slow: 'the slower half of the requests at most 1.25x as slow as on stable (shows p95, p99.9)',
      most: 'requests from p10 up at most 1.25x as slow as on stable (shows p10, p99)',
      late: "p99 at most 2x stable's in each look, 2 of 3 looks",
      orders: "orders per request at least 0.9x and at most 1.5x stable's",
      argo: "Argo's rules every 5m; success: result[0] > 0; its query has no $pool",
      pool: "Argo's rules; failure: result[0] < 1",
    })
  })
})
