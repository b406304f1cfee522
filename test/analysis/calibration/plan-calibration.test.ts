import { describe, expect, it } from 'vitest'
import { type CheckCalibration, calibratePlan, withLines } from '../../../src/analysis/calibration/plan-calibration.ts'
import { sourcesToRecord, sourcesToReplay } from '../../../src/analysis/calibration/watched-checks.ts'
import { kindOf } from '../../../src/analysis/checks/index.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { stableOf } from '../../../src/analysis/traffic/stable-of.ts'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import type { RecordedRelease } from '../../../src/domain/release/past-release.ts'
import type { Recording } from '../../../src/domain/release/recording.ts'
import { planContext } from '../../domain/plan/plan-context.ts'
import { recordedPast } from '../../support/recorded-past.ts'

const CHECKS = {
  errors: { errorRate: { notWorseThan: '1.5x' } },
  latency: { latency: { quantiles: ['p95'], notWorseThan: '1.25x' } },
  orders: { rate: { of: 'orders', notBelow: '0.8x' } },
  ceiling: { errorRate: { max: '3%' } },
}
const STEPS = [
  { cohort: 'internal' },
  { bake: '10m' },
  { weight: '10%' },
  { bake: '30m' },
  { weight: '100%' },
  { bake: '1h' },
]

const written = (checks: object, steps: readonly unknown[] = STEPS) => ({
  ...{ service: 'checkout', environment: 'production' },
  ...{ steps, checks },
})
function planOf(checks: object, steps: readonly unknown[] = STEPS): Plan {
  const read = readPlan(written(checks, steps), planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
type Stable = Recording['stable']
const past = (options = {}): Stable => ({ proxy: { kind: 'value', value: recordedPast(options) } })
/** Too short a past for a guard to learn from it how uneven stable is. */
const UNEVEN = { bursts: 0.75, windows: 350 }
const EFFORT = { looks: 60_000, replays: 100 }

function run(checks: object, stable = past(), steps = STEPS as readonly unknown[], effort = EFFORT, seed = 1) {
  const recording = { stable, releases: [] }
  const plan = planOf(checks, steps)
  return withLines(plan, written(checks, steps), [...calibratePlan(plan, recording, effort, seed)])
}
const named = (all: readonly CheckCalibration[], name: string) => {
  const found = all.find((one) => one.name === name)
  if (found === undefined || !('report' in found)) throw new Error(JSON.stringify(found))
  return found
}

describe('the calibration of a plan', () => {
  it('reports every check that counts: those with a budget with a proposal, limits without', () => {
    const all = run(CHECKS)
    expect(all.map((one) => [one.name, 'report' in one])).toEqual([
      ['errors', true],
      ['latency', true],
      ['orders', true],
      ['ceiling', false],
    ])
    expect(all[3]).toMatchObject({
      limit: { falseAlarms: 0, replays: all[3] && 'used' in all[3] ? all[3].used.replays : 0 },
    })
  })

  it('gives the same figures for the same seed', () => {
    const errors = { errors: CHECKS.errors }
    expect(run(errors)).toEqual(run(errors))
  })

  it('replays only the stretches in which both versions have traffic', () => {
    expect(named(run({ errors: CHECKS.errors }), 'errors').used).toMatchObject({
      windows: 2_000,
      looks: 30,
      lookLength: 60_000,
    })
  })

  it('keeps quiet over even traffic, and proposes more tolerance or a smaller α for traffic in bursts', () => {
    const even = named(run({ errors: CHECKS.errors }), 'errors').report
    expect(even.current.falseAlarms).toBeLessThanOrEqual(0.01)
    const uneven = named(run({ errors: CHECKS.errors }, past({ ...UNEVEN, bursts: 0.6 })), 'errors')
    expect(uneven.report.current.falseAlarms).toBeGreaterThan(0.01)
    const { current, proposed } = uneven.report
    expect(proposed?.notWorseThan).toBeGreaterThanOrEqual(1.5)
    expect((proposed?.alpha ?? 1) / current.alpha + 1.5 / (proposed?.notWorseThan ?? 1)).toBeLessThan(2)
    expect(proposed?.likelyFalseAlarms).toBeLessThanOrEqual(current.alpha)
    expect(uneven.line).toMatch(/^errors: \{ errorRate: \{ notWorseThan: [\d.]+x, minRequests: \d+/)
  })

  it('knows what the guard of a release would know: how uneven the last day was', () => {
    const { current } = named(run({ errors: CHECKS.errors }, past({ bursts: 0.75 })), 'errors').report
    const { current: unknown } = named(run({ errors: CHECKS.errors }, past(UNEVEN)), 'errors').report
    expect(current.likelyFalseAlarms).toBeLessThan(unknown.likelyFalseAlarms / 2)
  })

  it('makes a count worse that may not fall by letting it fall', () => {
    const { effects } = named(run({ orders: CHECKS.orders }), 'orders').report
    expect(effects.map(({ times }) => times < 1)).toEqual([true, true, true])
    expect(effects[2]?.detected).toBe(1)
  })

  it('proposes a line that a plan takes, with all else as it was written', () => {
    const checks = { latency: { latency: { source: 'proxy', quantiles: ['p95', 'p99'], notWorseThan: '1.25x' } } }
    const { line, report } = named(run(checks), 'latency')
    expect(line).toContain('latency: { latency: { source: proxy, quantiles: [p95, p99], notWorseThan: ')
    expect(report.minRequests).toBe(1_000)
    const options = { ...checks.latency.latency, minRequests: report.minRequests }
    expect(planOf({ latency: { latency: options } }).checks).toHaveLength(1)
  })

  it('keeps within its effort: fewer and longer looks, then fewer replays, over the same time', () => {
    const days = [{ weight: '10%' }, { bake: '1d' }, { weight: '100%' }]
    const cheap = named(
      run({ errors: CHECKS.errors }, past({ windows: 10_000 }), days, { looks: 50_000, replays: 400 }),
      'errors',
    )
    const { looks, replays, lookLength } = cheap.used
    expect(looks * replays * 20).toBeLessThanOrEqual(50_000)
    expect((looks * lookLength) / 3_600_000).toBeCloseTo(24, 0)
    expect(replays).toBeGreaterThanOrEqual(100)
  })

  it('says why a check cannot be replayed', () => {
    const reasonOf = (all: readonly CheckCalibration[]) =>
      all.map((one) => ('skipped' in one ? one.skipped : 'replayed'))
    const fault = { proxy: { kind: 'noData', reason: 'nothing in that time' } } as const
    expect(reasonOf(run({ errors: CHECKS.errors }, fault))).toEqual(['nothing in that time'])
    expect(reasonOf(run({ errors: CHECKS.errors }, {}))).toEqual(['there is no recording of proxy'])
    expect(reasonOf(run({ errors: CHECKS.errors }, past({ windows: 39 })))[0]).toContain('too few')
    expect(reasonOf(run({ errors: CHECKS.errors }, past(), [{ weight: '100%' }]))[0]).toContain(
      'never gives both versions traffic',
    )
    const clean = recordedPast().map((window) => ({ ...window, counts: { ...window.counts, errors: 0 } }))
    expect(reasonOf(run({ errors: CHECKS.errors }, { proxy: { kind: 'value', value: clean } }))[0]).toContain(
      'no error',
    )
    const untold = clean.map(({ counts, ...window }) => {
      return {
        ...window,
        counts: { ...counts, missing: { errors: 'requests_total of blue comes without the label code' } },
      }
    })
    expect(reasonOf(run({ errors: CHECKS.errors }, { proxy: { kind: 'value', value: untold } }))).toEqual([
      'requests_total of blue comes without the label code',
    ])
    const elsewhere = { store: { kind: 'value', value: recordedPast() } } as const
    expect(reasonOf(run({ errors: CHECKS.errors }, elsewhere))).toEqual([
      'there is no recording of proxy, only of store',
    ])
    const other = { tips: { rate: { of: 'tips', notBelow: '0.8x' } } }
    expect(reasonOf(run(other))).toEqual(['the recording holds no tips'])
    const bare = recordedPast().map((window) => ({ ...window, counts: { ...window.counts, latency: null } }))
    expect(reasonOf(run({ latency: CHECKS.latency }, { proxy: { kind: 'value', value: bare } }))).toEqual([
      'the recording holds no latencies',
    ])
    const days = [{ weight: '10%' }, { bake: '30d' }, { weight: '100%' }]
    expect(reasonOf(run({ errors: CHECKS.errors }, past({ windows: 100 }), days))[0]).toContain('too short')
  })

  it('asks for the sources of the checks it can calibrate, those of analyses among them', () => {
    const steps = [{ weight: '10%' }, { analyse: { for: '1h', checks: { more: CHECKS.errors } } }, { weight: '100%' }]
    expect(sourcesToRecord(planOf({ ceiling: CHECKS.ceiling }, steps))).toEqual(['proxy'])
    expect(sourcesToRecord(planOf({ ceiling: CHECKS.ceiling }))).toEqual(['proxy'])
    const query = { query: { source: 'proxy', promql: 'x', fail: 'result[0] > 1.0' } }
    expect(sourcesToRecord(planOf({ query }))).toEqual([])
    expect(sourcesToReplay(planOf({ ceiling: CHECKS.ceiling }))).toEqual(['proxy'])
    expect(sourcesToReplay(planOf({}, steps))).toEqual([])
    const { looks, lookLength } = named(run({}, past(), steps), 'more').used
    expect(looks * lookLength).toBe(3_600_000)
  })
})

describe('the lines to paste', () => {
  const alphas = (checks: object) => {
    const { checks: read } = planOf(checks)
    return read.map((check) => kindOf(check).alpha(check) ?? 0)
  }

  it('leave every check with the α it was calibrated with, when all are pasted', () => {
    const checks = { errors: CHECKS.errors, orders: CHECKS.orders }
    const all = run(checks, past(UNEVEN))
    const proposed = all.map((one) => ('report' in one ? (one.report.proposed ?? one.report.current).alpha : 0))
    expect(proposed[0]).toBeLessThan(0.005)
    const pasted = all.map((one) => ('line' in one ? (one.line ?? '') : ''))
    expect(pasted.every((line) => line.includes('confidence: '))).toBe(true)
    const text = ['service: checkout', 'environment: production', 'steps: [{ weight: 100% }]', 'checks:']
    const read = readPlanText([...text, ...pasted.map((line) => `  ${line}`)].join('\n'), 'plan.yaml', planContext())
    if ('problems' in read) throw new Error(JSON.stringify(read.problems))
    const found = read.plan.checks.map((check) => kindOf(check).alpha(check) ?? 0)
    for (const [index, alpha] of found.entries()) expect(alpha / (proposed[index] ?? 0)).toBeCloseTo(1, 2)
    expect(alphas(checks)).toEqual([0.005, 0.005])
  })

  it('say nothing of confidence while all keep their α', () => {
    for (const one of run({ errors: CHECKS.errors, orders: CHECKS.orders }))
      expect('line' in one ? one.line : '').not.toContain('confidence')
  })

  it('ask for more requests only where each bake gives them, and never for fewer', () => {
    // 1% errors: 300 requests show one. 20 requests/s at 10% are 120 a minute.
    const minimumOf = (options: object, steps: readonly unknown[]) => {
      const [one] = run({ errors: { errorRate: { notWorseThan: '1.5x', ...options } } }, past(), steps)
      return one !== undefined && 'minRequests' in one ? one.minRequests : undefined
    }
    const bakes = (bake: string) => [{ weight: '10%' }, { bake }, { weight: '100%' }]
    expect(minimumOf({}, bakes('30m'))).toBeGreaterThan(250)
    expect(minimumOf({}, bakes('4m'))).toBeNull()
    expect(minimumOf({ minRequests: 1_000 }, bakes('30m'))).toBeNull()
  })
})

describe('the time that replays watch', () => {
  it('is that of the plan, also when its looks are longer than the windows of the recording', () => {
    const steps = [{ weight: '10%' }, { bake: '4h' }, { weight: '100%' }]
    const checks = { errors: CHECKS.errors }
    const read = readPlan({ ...written(checks, steps), interval: '10m' }, planContext())
    if ('problems' in read) throw new Error(JSON.stringify(read.problems))
    const [one] = [...calibratePlan(read.plan, { stable: past(), releases: [] }, EFFORT, 1)]
    if (one === undefined || !('used' in one)) throw new Error(JSON.stringify(one))
    expect((one.used.looks * one.used.lookLength) / 3_600_000).toBeCloseTo(4, 6)
    expect(one.used.lookLength % 600_000).toBe(0)
  })
})

describe('releases that are over', () => {
  const MINUTE = 60_000
  /** A release at 10% whose canary fails this share of its requests from the fifth minute on. */
  const releaseWith = (number: number, share: number): RecordedRelease => {
    const random = createRandom(number)
    const arm = (requests: number, rate: number) => ({
      ...{ requests, errors: random.binomial(requests, rate), latency: null, events: { orders: 0 } },
    })
    const value = Array.from({ length: 30 }, (_, index) => ({
      ...{ start: index * MINUTE, end: (index + 1) * MINUTE },
      ...{ canary: arm(120, index < 5 ? 0.01 : share), stable: arm(1_080, 0.01) },
    }))
    return {
      ...{ releaseId: `release/checkout/production/${number}`, version: `2.4.${number}`, replaces: null },
      ...(share > 0.01
        ? { outcome: 'rolled-back', abandoned: { cause: 'abort', by: 'ana', at: 25 * MINUTE } }
        : { outcome: 'promoted', abandoned: null }),
      roles: { stable: 'blue', canary: 'green' },
      spans: [{ exposure: { weight: 1_000, cohorts: [] }, from: 0, until: (share > 0.01 ? 25 : 30) * MINUTE }],
      windows: { proxy: { kind: 'value', value } },
    }
  }

  it('are judged once more by every check that counts, as it is and as proposed', () => {
    const checks = { errors: CHECKS.errors, ceiling: { errorRate: { max: '5%' } } }
    const releases = [releaseWith(1, 0.2), releaseWith(2, 0.01)]
    const recording = { stable: past(UNEVEN), releases }
    const [errors, ceiling] = [...calibratePlan(planOf(checks), recording, EFFORT, 1)]
    expect(errors?.past.map(({ releaseId, now }) => [releaseId, now.outcome])).toEqual([
      ['release/checkout/production/1', 'fail'],
      ['release/checkout/production/2', 'pass'],
    ])
    const [bad] = errors?.past ?? []
    expect(bad).toMatchObject({ outcome: 'rolled-back', givenUpAfter: 25 * MINUTE })
    expect(bad?.now.failsAfter).toBeGreaterThan(5 * MINUTE)
    expect(bad?.proposed?.failsAfter).toBeGreaterThanOrEqual(bad?.now.failsAfter ?? 0)
    expect(ceiling?.past.map(({ now, proposed }) => [now.outcome, proposed])).toEqual([
      ['fail', null],
      ['pass', null],
    ])
  })

  it('are not asked about by the check of an analysis, which watched its step only', () => {
    const steps = [{ weight: '10%' }, { analyse: { for: '1h', checks: { more: CHECKS.errors } } }, { weight: '100%' }]
    const recording = { stable: past(), releases: [releaseWith(1, 0.2)] }
    const [more] = [...calibratePlan(planOf({}, steps), recording, EFFORT, 1)]
    expect(more).toMatchObject({ name: 'more', past: [] })
  })

  it('are not asked about by checks whose answers nobody kept', () => {
    const checks = { ceiling: { query: { source: 'proxy', promql: 'x', fail: 'result[0] > 1.0' } } }
    const read = readPlan(written(checks), planContext())
    if ('problems' in read) throw new Error(JSON.stringify(read.problems))
    const recording = { stable: past(), releases: [releaseWith(1, 0.2)] }
    expect([...calibratePlan(read.plan, recording, EFFORT, 1)]).toMatchObject([{ past: [] }])
  })
})

describe('the past of stable', () => {
  it('is in each window the pool with more requests, whatever its name', () => {
    const at = (end: number, requests: number) => ({
      ...{ start: end - 1, end },
      counts: { requests, errors: 0, latency: null, events: {} },
    })
    const blue = [at(1, 100), at(2, 100), at(3, 5)]
    const green = [at(2, 3), at(3, 90), at(4, 90)]
    expect(stableOf(blue, green).map(({ end, counts }) => [end, counts.requests])).toEqual([
      [1, 100],
      [2, 100],
      [3, 90],
      [4, 90],
    ])
  })
})
