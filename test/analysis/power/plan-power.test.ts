import { describe, expect, it } from 'vitest'
import { shapeThrough } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import type { ExpectedTraffic } from '../../../src/analysis/power/expected-traffic.ts'
import { powerOf, type StepPower } from '../../../src/analysis/power/plan-power.ts'
import { planContextFor } from '../../../src/catalog.ts'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { planContext } from '../../domain/plan/plan-context.ts'
import { demoInstallation } from '../../support/demo-installation.ts'
import { FINE_BOUNDS } from '../judges/looks.ts'

const TRAFFIC: ExpectedTraffic = {
  requestsPerSecond: 20,
  errors: { from: 0.005, to: 0.02 },
  latency: null,
  slower: null,
  events: {},
  changes: {},
}
const LATENCY = shapeThrough(
  [
    { quantile: 0.5, seconds: 0.08 },
    { quantile: 0.99, seconds: 0.9 },
  ],
  FINE_BOUNDS,
)
const ERRORS = { errors: { errorRate: { notWorseThan: '1.5x' } } }

function planOf(steps: readonly unknown[], checks: object = ERRORS, warmUp?: string): Plan {
  const stated = { warmUp: warmUp ?? '0s' }
  const read = readPlan({ service: 'checkout', environment: 'production', steps, checks, ...stated }, planContext())
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
/** The row of the only step with a figure. */
const only = (checks: object, more: Partial<ExpectedTraffic>): StepPower | undefined =>
  powerOf(planOf([{ weight: '10%' }, { bake: '10m' }, { weight: '100%' }], checks), { ...TRAFFIC, ...more })[0]

describe('the power of a plan', () => {
  it('is worked out for each bake with the weight in force', () => {
    const rows = powerOf(planOf(STEPS), TRAFFIC)
    expect(rows.map(({ step, weight, power }) => [step, weight, power === null])).toEqual([
      [2, 0, true],
      [3, 100, false],
      [3, 2_500, false],
      [5, 10_000, true],
    ])
    expect(rows[1]?.power).toBeLessThan(rows[2]?.power ?? 0)
  })

  it('warns of a bake that would rather miss the rise, says what would be enough, and not of what nobody knows', () => {
    const rows = powerOf(planOf(STEPS), TRAFFIC)
    expect(rows.map(({ isWeak }) => isWeak)).toEqual([false, true, false, false])
    expect(rows.map(({ lowTraffic }) => lowTraffic !== undefined)).toEqual([false, true, false, false])
    expect(rows[1]?.lowTraffic).toMatch(/^errors: at 20 requests\/s and a weight of 1% it takes about /)
    expect(rows[1]?.text).toMatch(
      /^at 20 requests\/s and a weight of 1%, this bake of 10m .* power; a bake of .* would have 90% power; this one reaches 90% at [\d.]+% or more$/,
    )
    expect(rows[1]).toMatchObject({ regression: { size: 0.02, text: '2%', said: 'a rise from 0.5% to 2%' } })
    expect(rows[1]?.needs).toBeGreaterThan(600_000)
    expect(rows[1]?.from?.size).toBeGreaterThan(0.02)
    expect(rows[0]?.text).toBe('only internal: their traffic is not known')
    expect(rows[3]?.text).toContain('only the past of stable is left to compare with')
  })

  it('counts the checks of an analysis in its step only', () => {
    const own = { more: { errorRate: { notWorseThan: '2x' } } }
    const plan = planOf([
      { weight: '10%' },
      { analyse: { for: '1h', checks: own } },
      { bake: '1h' },
      { weight: '100%' },
    ])
    const rows = powerOf(plan, TRAFFIC)
    expect(rows.map(({ step, check }) => [step, check])).toEqual([
      [2, 'errors'],
      [2, 'more'],
      [3, 'errors'],
    ])
    expect(powerOf(planOf(STEPS, {}), TRAFFIC)).toEqual([])
  })

  it('says the same of equal bakes', () => {
    const rows = powerOf(planOf([{ weight: '5%' }, { bake: '10m' }, { bake: '10m' }, { weight: '100%' }]), TRAFFIC)
    const [first, second] = rows.map(({ power, needs, from, text }) => ({ power, needs, from, text }))
    expect(first).toEqual(second)
  })

  it('counts only the time after the warm-up, in the figure, in what is needed and in the wait', () => {
    const bakes = [{ weight: '5%' }, { bake: '10m' }, { bake: '10m' }, { weight: '100%' }]
    const [first, second] = powerOf(planOf(bakes, ERRORS, '4m'), TRAFFIC)
    const [six] = powerOf(planOf([{ weight: '5%' }, { bake: '6m' }, { weight: '100%' }]), TRAFFIC)
    const [ten] = powerOf(planOf(bakes), TRAFFIC)
    expect(first).toMatchObject({
      bake: 600_000,
      power: six?.power,
      needs: (six?.needs ?? 0) + 240_000,
      from: six?.from,
    })
    expect(first?.text).toMatch(/this bake of 10m, 4m of it warm-up, sees .* a bake of .* would have 90% power/)
    expect(second).toMatchObject({ power: ten?.power, text: ten?.text })
    const over = powerOf(planOf([{ weight: '5%' }, { bake: '3m' }, { weight: '100%' }], ERRORS, '4m'), TRAFFIC)
    expect(over[0]).toMatchObject({ power: 0, wait: { isTooLong: true } })
    const own = { errors: { ...ERRORS.errors, warmUp: '0s' } }
    expect(powerOf(planOf(bakes, own, '4m'), TRAFFIC)[0]?.power).toBe(ten?.power)
  })

  it('asks of latency half as much again as is accepted, or what is stated', () => {
    const checks = { slow: { latency: { quantiles: ['p99'], notWorseThan: '1.2x' } } }
    expect(only(checks, {})?.text).toBe('latency is not known: state it with --latency p50=80ms,p99=900ms')
    expect(only(checks, { latency: LATENCY })).toMatchObject({ regression: { size: 1.2 * 1.5 } })
    const stated = only(checks, { latency: LATENCY, slower: 3 })
    expect(stated?.regression?.said).toBe('all requests 3x as slow')
    expect(stated?.power).toBeGreaterThan(0.5)
  })

  it('asks of events a quarter less than is accepted, a third more, or what is stated', () => {
    const fewer = { orders: { rate: { of: 'orders', notBelow: '0.8x' } } }
    const more = { orders: { rate: { of: 'orders', notAbove: '1.5x' } } }
    const events = { orders: 0.03 }
    expect(only(fewer, {})?.text).toBe('the number of orders per request is not known: state it with --event orders=3%')
    expect(only(fewer, { events: { orders: 0 } })?.power).toBeNull()
    expect(only(fewer, { events })?.regression?.size).toBeCloseTo(0.6, 12)
    expect(only(more, { events })?.regression?.size).toBeCloseTo(2, 12)
    expect(only(fewer, { events, changes: { orders: 0.5 } })?.regression?.text).toBe('0.5x')
    expect(only(fewer, { events, changes: { orders: 1.5 } })?.text).toBe('this check sets no upper limit for orders')
  })

  it('tells what a check accepts from what it misses, and from where on it sees', () => {
    const row = only({ errors: { errorRate: { notWorseThan: '5x' } } }, {})
    expect(row).toMatchObject({ power: null, needs: null, isWeak: false, regression: { size: 0.02 } })
    expect(row?.text).toMatch(
      /^a rise from 0\.5% to 2% is within what this check accepts; this bake sees .+% with 90% power$/,
    )
    expect(row?.from?.size).toBeGreaterThan(0.025)
  })

  it('always has a figure for a limit, and how often it fails a good canary', () => {
    const row = only({ ceiling: { errorRate: { max: '5%', minRequests: 20 } } }, {})
    expect(row).toMatchObject({ regression: { size: 0.02 }, isWeak: false })
    expect(row?.power).toBeGreaterThan(row?.falseAlarm ?? 1)
    expect(row?.falseAlarm).toBeGreaterThan(0)
    expect(row?.text).toMatch(/ this bake of 10m sees a rise from 0\.5% to 2% with .* power/)
    const ratio = only({ errors: { errorRate: { maxRatio: '5x' } } }, {})
    expect([ratio?.power === null, ratio?.falseAlarm === null, ratio?.isWeak]).toEqual([false, false, false])
    expect(only(ERRORS, {})?.falseAlarm).toBeNull()
  })

  it('says how long the requests of a check take, and what becomes of the bake', () => {
    const plan = planOf([
      { weight: '1%' },
      { bake: '10m' },
      { bake: '20m' },
      { weight: '99%' },
      { bake: '20m' },
      { weight: '100%' },
    ])
    const rows = powerOf(plan, { ...TRAFFIC, requestsPerSecond: 3 })
    expect(rows.map(({ wait }) => [wait?.requests, Math.round((wait?.time ?? 0) / 1_000), wait?.isTooLong])).toEqual([
      [50, 1_667, true],
      [50, 1_667, false],
      [50, 1_667, true],
    ])
    expect(rows[0]?.wait?.text).toBe(
      'errors needs 50 requests on the canary, about 27m 47s at 3 requests/s and a weight of 1%; the bake of 10m is held for 15m, then paused',
    )
    expect(rows[1]?.wait?.text).toMatch(
      /^errors needs 50 requests on the canary, about 27m 47s at 3 requests\/s and a weight of 1%$/,
    )
    expect(rows[2]?.wait?.text).toMatch(/ requests on stable, about .*; the bake of 20m waits for them$/)
  })

  it('waits for requests as well where there is no figure, but not where nobody is', () => {
    const checks = { slow: { latency: { quantiles: ['p99'], notWorseThan: '1.2x', minRequests: 1_000 } } }
    expect(only(checks, {})).toMatchObject({ power: null, wait: { requests: 1_000, time: 500_000, isTooLong: false } })
    expect(powerOf(planOf(STEPS), TRAFFIC).map(({ wait }) => wait === null)).toEqual([true, false, false, true])
  })

  it('has a figure for fixed limits, also when everybody is on the canary', () => {
    const checks = {
      ceiling: { errorRate: { max: '1%' } },
      slowest: { latency: { quantiles: ['p99'], max: '1s' } },
      hidden: { latency: { quantiles: ['p99'], max: '1m' } },
    }
    const rows = powerOf(planOf([{ weight: '100%' }, { bake: '1h' }], checks), { ...TRAFFIC, latency: LATENCY })
    expect(rows.map(({ check, power }) => [check, power === null ? null : power > 0.9])).toEqual([
      ['ceiling', true],
      ['slowest', true],
      ['hidden', null],
    ])
    expect(rows[2]?.text).toBe('the limit of 60 s is above the largest latency bucket, so it cannot be seen')
  })

  it('says in one row why a query has no figure', () => {
    const rows = powerOf(planOf(STEPS, { queue: { query: { promql: 'up', fail: 'result[0] > 5' } } }), TRAFFIC)
    expect(rows).toMatchObject([{ step: null, check: 'queue', power: null, isWeak: false, bake: 5_400_000 }])
  })
})

describe('a check by the judges of other projects', () => {
  const context = {
    ...planContext(),
    checkKinds: planContextFor({ ...demoInstallation(), targets: [], find: () => null }).checkKinds,
  }
  const kayenta = (lifetime: string, step: string, interval: string) => ({
    kayenta: {
      config: {
        name: 'golden',
        judge: { name: 'NetflixACAJudge-v1.0', judgeConfigurations: {} },
        metrics: [
          {
            name: 'errors',
            groups: ['errors'],
            query: { type: 'prometheus', metricName: 'errors' },
            analysisConfigurations: { canary: { direction: 'increase' } },
          },
        ],
        classifier: { groupWeights: { errors: 100 }, scoreThresholds: { pass: 95, marginal: 75 } },
      },
      queries: { errors: 'sum(errors{pool="$pool"})' },
      ...{ lifetime, step, interval, warmUp: '0s' },
    },
  })
  const rowsOf = (check: object, isOwn: boolean) => {
    const steps = [
      { weight: '10%' },
      isOwn ? { analyse: { for: '1h', checks: { golden: check } } } : { bake: '1h' },
      { weight: '100%' },
    ]
    const checks = isOwn ? {} : { golden: check }
    const read = readPlan({ service: 'checkout', environment: 'production', steps, checks }, context)
    if ('problems' in read) throw new Error(JSON.stringify(read.problems))
    return powerOf(read.plan, TRAFFIC)
  }

  it.each([
    [true, 2],
    [false, null],
  ])('says how many judgements and points Kayenta gets (in an analysis: %s)', (isOwn, step) => {
    expect(rowsOf(kayenta('1h', '1m', '30m'), isOwn)).toMatchObject([
      {
        step,
        power: null,
        isWeak: false,
        text: "Kayenta's score has no error probability; 1h of watching give 2 judgements and 60 points per metric",
      },
    ])
  })

  it('warns of fewer points than Kayenta recommends, and of no judgement at all', () => {
    expect(rowsOf(kayenta('1h', '2m', '1h'), true)[0]).toMatchObject({
      isWeak: true,
      text: expect.stringContaining('1 judgement and 30 points per metric; Kayenta recommends 50 points'),
    })
    expect(rowsOf(kayenta('3h', '1m', '2h'), false)[0]).toMatchObject({
      isWeak: true,
      text: expect.stringContaining('0 judgements and 60 points per metric; the first judgement comes after 2h'),
    })
  })

  it('says why an argo check has no figure', () => {
    const argo = { argo: { promql: 'up', successCondition: 'result[0] >= 0.95', interval: '5m', failureLimit: 3 } }
    expect(rowsOf(argo, false)).toMatchObject([{ step: null, power: null, isWeak: false }])
  })
})
