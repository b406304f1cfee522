import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kindOf } from '../../../src/analysis/checks/index.ts'
import type { Plan } from '../../../src/domain/plan/plan.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import type { TargetFacts } from '../../../src/domain/plan/plan-context.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { formatProblem, type LocatedProblem } from '../../../src/domain/problems.ts'
import { FACTS, FINE_ROUTER, planContext } from './plan-context.ts'

const HEAD = 'service: checkout\nenvironment: production\n'
const STEPS = 'steps:\n  - weight: 100%\n'

function read(text: string, facts?: TargetFacts) {
  return readPlanText(text, 'plan.yaml', facts === undefined ? planContext() : planContext(facts))
}

function planOf(text: string, facts?: TargetFacts): Plan {
  const result = read(text, facts)
  if ('plan' in result) return result.plan
  throw new Error(result.problems.map(formatProblem).join('\n'))
}

function problemsOf(text: string, facts?: TargetFacts): readonly LocatedProblem[] {
  const result = read(text, facts)
  return 'problems' in result ? result.problems : []
}

const withSteps = (...steps: string[]) => `${HEAD}steps:\n${steps.map((step) => `  - ${step}\n`).join('')}`
const measured = { counts: true, latency: true, queries: null, records: false } as const
const withEvents: TargetFacts = {
  ...FACTS,
  metrics: { proxy: { ...measured, events: ['orders'] }, shop: { ...measured, events: ['orders', 'refunds'] } },
}
const MIRRORING: TargetFacts = {
  ...FACTS,
  router: { kind: 'test', capabilities: { ...FINE_ROUTER.capabilities, mirror: true } },
}
const RAMP = 'ramp: { to: 30%, spend: 0.5x, atLeast: 5m }'
const WITH_ERRORS = 'checks:\n  errors: { errorRate: { notWorseThan: 1.5x, source: proxy } }\n'
const withCheck = (check: string) => `${HEAD}${STEPS}checks:\n  errors: ${check}\n`

describe('a valid plan', () => {
  it('comes out complete: every default is filled in', () => {
    expect(planOf(`${HEAD}${STEPS}`)).toEqual({
      service: 'checkout',
      environment: 'production',
      onFail: 'rollback',
      onInconclusive: { holdFor: 900_000, then: 'pause' },
      interval: 10_000,
      onDrift: { repairs: 3, share: 0.1 },
      floor: { errors: 0.5, requests: 20 },
      steps: [{ kind: 'weight', label: 'weight 100%' }],
      actions: [{ kind: 'expose', step: 1, label: 'weight 100%', exposure: { weight: 10_000, cohorts: [] } }],
      checks: [],
      errorBudget: 0,
    })
  })

  it('is plain JSON, so that it travels as it is', () => {
    const plan = planOf(`${withCheck('{ errorRate: { notWorseThan: 1.5x } }')}onFail: pause\n`)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  it('carries each exposure whole: weight and cohorts of the steps before', () => {
    const plan = planOf(withSteps('cohort: internal', 'weight: 5%', 'cohort: [beta, internal]', 'weight: 100%'))
    expect(plan.actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure] : []))).toEqual([
      { weight: 0, cohorts: ['internal'] },
      { weight: 500, cohorts: ['internal'] },
      { weight: 500, cohorts: ['beta', 'internal'] },
      { weight: 10_000, cohorts: ['beta', 'internal'] },
    ])
  })

  it('spreads a ramp into exposures and bakes that belong to its one step', () => {
    const plan = planOf(withSteps('weight: 1%', 'ramp: { through: [5%, 100%], bake: 10m }'))
    expect(plan.steps).toEqual([
      { kind: 'weight', label: 'weight 1%' },
      { kind: 'ramp', label: 'ramp 5% → 100%, bake 10m each' },
    ])
    expect(plan.actions.map(({ kind, step, label }) => [kind, step, label])).toEqual([
      ['expose', 1, 'weight 1%'],
      ['expose', 2, 'weight 5%'],
      ['bake', 2, 'bake 10m'],
      ['expose', 2, 'weight 100%'],
      ['bake', 2, 'bake 10m'],
    ])
  })

  it('spreads a ramp with a budget over the weights that people write, each raise asked for what it may cost', () => {
    const plan = planOf(`${withSteps('weight: 1%', RAMP, 'weight: 100%')}${WITH_ERRORS}warmUp: 0s\n`)
    expect(plan.steps[1]?.label).toBe('ramp to 30%, spending at most 0.5x, 5m or more')
    const raises = [1, 2, 5, 10, 30].map((percent) => percent * 100)
    expect(plan.actions.slice(1, -1)).toEqual(
      raises.slice(1).flatMap((to, index) => [
        {
          ...{ kind: 'bake', step: 2, label: `bake ${index === 0 ? '2m' : '1m'}, then ${to / 100}% within 0.5x` },
          ...{
            duration: index === 0 ? 120_000 : 60_000,
            until: 'time',
            raise: { from: raises[index], to, end: 3_000, spend: 0.5 },
          },
        },
        { kind: 'expose', step: 2, label: `weight ${to / 100}%`, exposure: { weight: to, cohorts: [] } },
      ]),
    )
  })

  it('needs to know of such a ramp where it ends, and no more', () => {
    const [short, long] = ['ramp: { to: 50% }', 'ramp: { to: 50%, spend: 0.5x, atLeast: 6m }'].map(
      (ramp) => planOf(`${withSteps('weight: 1%', ramp, 'weight: 100%')}${WITH_ERRORS}`).actions,
    )
    expect(short).toEqual(long)
  })

  it('leaves out of such a ramp what the router cannot set', () => {
    const router = { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, weightStep: 1_000 } }
    const plan = planOf(`${withSteps('weight: 10%', RAMP, 'weight: 100%')}${WITH_ERRORS}`, { ...FACTS, router })
    expect(plan.actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure.weight] : []))).toEqual([
      1_000, 3_000, 10_000,
    ])
  })

  it('knows a bake by the clock from a bake until proven', () => {
    const plan = planOf(withSteps('bake: 90s', 'bake: { upTo: 1h, until: proven }', 'weight: 100%'))
    expect(plan.actions.slice(0, 2)).toMatchObject([
      { kind: 'bake', duration: 90_000, until: 'time', label: 'bake 1m 30s' },
      { kind: 'bake', duration: 3_600_000, until: 'proven', label: 'bake up to 1h, until proven' },
    ])
  })

  it('names the people of a group as they are now', () => {
    const plan = planOf(withSteps('approve: { by: checkout-owners, need: 2 }', 'weight: 100%'))
    expect(plan.actions[0]).toEqual({
      kind: 'ask',
      step: 1,
      label: 'approve by 2 of checkout-owners within 1d',
      by: 'checkout-owners',
      people: ['alice', 'bob'],
      need: 2,
      notAuthor: true,
      within: 86_400_000,
      onExpiry: 'rollback',
    })
  })

  it('lets an analysis watch further checks for a while', () => {
    const plan = planOf(
      withSteps('analyse: { for: 30m, checks: { slow: { latency: { quantiles: [p99], max: 2s } } } }', 'weight: 100%'),
    )
    expect(plan.actions[0]).toMatchObject({
      kind: 'judge',
      duration: 1_800_000,
      checks: [
        { kind: 'latency', name: 'slow', source: 'proxy', quantiles: [0.99], rule: { judge: 'threshold', max: 2 } },
      ],
    })
    expect(plan.checks).toEqual([])
  })

  it('takes the one metric source that can answer, unless one is named', () => {
    expect(planOf(withCheck('{ errorRate: { max: 2% } }')).checks[0]).toMatchObject({ source: 'proxy' })
    const named = planOf(withCheck('{ errorRate: { max: 2%, source: prometheus } }'), FACTS)
    expect(named.checks[0]).toMatchObject({ source: 'prometheus' })
    const query = planOf(withCheck('{ query: { promql: up, fail: result < 1 } }'), FACTS)
    expect(query.checks[0]).toMatchObject({ source: 'prometheus', query: 'up', pass: null, failures: 2, of: 3 })
  })

  it('takes quantiles once each, in order', () => {
    const plan = planOf(withCheck('{ latency: { quantiles: [p99, p50, p99], notWorseThan: 1.25x } }'))
    expect(plan.checks[0]).toMatchObject({ quantiles: [0.5, 0.99] })
  })
})

describe('the error budget', () => {
  const checks = (lines: string[], more = '') =>
    planOf(`${HEAD}${STEPS}${more}checks:\n${lines.map((line, index) => `  c${index}: ${line}\n`).join('')}`)
  const SEQUENTIAL = '{ errorRate: { notWorseThan: 1.5x } }'
  const alphasOf = (plan: Plan) => plan.checks.flatMap((check) => kindOf(check).alpha(check) ?? [])

  it('is shared evenly by the checks that spend it', () => {
    const plan = checks([
      SEQUENTIAL,
      '{ latency: { quantiles: [p95], notWorseThan: 1.2x } }',
      '{ rate: { of: orders, notBelow: 0.8x } }',
      '{ errorRate: { max: 5% } }',
    ])
    expect(alphasOf(plan)).toEqual([0.00333333333333, 0.00333333333333, 0.00333333333333])
    expect(plan.errorBudget).toBe(0.01)
  })

  it('is what the plan says, and a check may claim a part of its own beside it', () => {
    const plan = checks([SEQUENTIAL, '{ errorRate: { notWorseThan: 1.5x, confidence: 99.5% } }'], 'confidence: 95%\n')
    expect(alphasOf(plan)).toEqual([0.05, 0.005])
    expect(plan.errorBudget).toBe(0.055)
  })

  it('is nothing when no check spends it', () => {
    expect(checks(['{ errorRate: { max: 5% } }']).errorBudget).toBe(0)
  })

  it('covers the checks of analyses too', () => {
    const plan = planOf(
      `${HEAD}steps:\n  - weight: 5%\n  - analyse: { for: 5m, checks: { inner: ${SEQUENTIAL} } }\n  - weight: 100%\nchecks:\n  outer: ${SEQUENTIAL}\n`,
    )
    const inner = plan.actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))
    expect(inner[0]).toMatchObject({ rule: { alpha: 0.005 } })
    expect(plan.checks[0]).toMatchObject({ rule: { alpha: 0.005 } })
  })

  it('adds up to what the plan states, however many checks share it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('50%', '95%', '99%', '99.99%'),
        (count, confidence) => {
          const plan = checks(
            Array.from({ length: count }, () => SEQUENTIAL),
            `confidence: ${confidence}\n`,
          )
          const sum = alphasOf(plan).reduce((total, alpha) => total + alpha, 0)
          expect(sum).toBeCloseTo(1 - Number.parseFloat(confidence) / 100, 9)
          expect(alphasOf(plan).every((alpha) => alpha > 0 && alpha < 1)).toBe(true)
        },
      ),
    )
  })
})

interface Refusal {
  readonly says: string
  readonly text: string
  readonly facts?: TargetFacts
  readonly at: readonly [line: number, column: number]
  readonly problem: Partial<LocatedProblem>
}

const REFUSALS: readonly Refusal[] = [
  {
    says: 'an unknown key at the top, at the key',
    text: `${HEAD}${STEPS}weights: 5\n`,
    at: [5, 1],
    problem: { rule: 'unknown-key', received: 'weights', fix: 'remove it, or use one of these keys' },
  },
  {
    says: 'an unknown key inside a step',
    text: withSteps('approve: { by: checkout-owners, needs: 2 }', 'weight: 100%'),
    at: [4, 37],
    problem: { rule: 'unknown-key', received: 'needs', fix: 'did you mean need?' },
  },
  {
    says: 'a misspelt key at the top, with the one that was meant',
    text: `${HEAD}${STEPS}check: {}\n`,
    at: [5, 1],
    problem: { rule: 'unknown-key', fix: 'did you mean checks?' },
  },
  {
    says: 'a misspelt key inside a policy',
    text: `${HEAD}${STEPS}onInconclusive: { holdfor: 5m, then: pause }\n`,
    at: [5, 19],
    problem: { rule: 'unknown-key', expected: 'one of holdFor, then', fix: 'did you mean holdFor?' },
  },
  {
    says: 'a misspelt key in one form of a step with two',
    text: withSteps('bake: { upTo: 1h, untill: proven }', 'weight: 100%'),
    at: [4, 23],
    problem: { rule: 'unknown-key', expected: 'one of upTo, until', fix: 'did you mean until?' },
  },
  {
    says: 'a misspelt key inside a check',
    text: withCheck('{ errorRate: { notWorseThen: 1.5x } }'),
    at: [6, 26],
    problem: { rule: 'unknown-key', received: 'notWorseThen', fix: 'did you mean notWorseThan?' },
  },
  {
    says: 'a ratio without its x',
    text: withCheck('{ errorRate: { notWorseThan: 1.5 } }'),
    at: [6, 40],
    problem: { rule: 'value', received: '1.5', fix: 'write 1.5x' },
  },
  {
    says: 'a quantile without its p',
    text: withCheck('{ latency: { quantiles: [p50, 95], max: 1s } }'),
    at: [6, 41],
    problem: { rule: 'value', received: '95', fix: 'write p95' },
  },
  {
    says: 'a quantile as a share',
    text: withCheck('{ latency: { quantiles: [0.999], max: 1s } }'),
    at: [6, 36],
    problem: { rule: 'value', received: '0.999', fix: 'write p99.9' },
  },
  {
    says: 'a duration in two units',
    text: withSteps('bake: 1h30m', 'weight: 100%'),
    at: [4, 11],
    problem: { rule: 'value', received: '1h30m', fix: 'write 90m' },
  },
  {
    says: 'a duration in words',
    text: withSteps('bake: 10 minutes', 'weight: 100%'),
    at: [4, 11],
    problem: { rule: 'value', received: '10 minutes', fix: 'write 10m' },
  },
  {
    says: 'a duration in a form of its own, with examples',
    text: withSteps('bake: soon', 'weight: 100%'),
    at: [4, 11],
    problem: { rule: 'value', received: 'soon', fix: 'write it as in 90s, 10m or 4h' },
  },
  {
    says: 'a weight in words',
    text: withSteps('weight: 5 percent', 'weight: 100%'),
    at: [4, 13],
    problem: { rule: 'value', fix: 'write 5%' },
  },
  {
    says: 'a duration in two units with a space, inside a step',
    text: withSteps('bake: { upTo: 2d 1h, until: proven }', 'weight: 100%'),
    at: [4, 19],
    problem: { rule: 'value', fix: 'write 49h' },
  },
  {
    says: 'a name that is a number, without a guess',
    text: `service: 5\nenvironment: production\n${STEPS}`,
    at: [1, 10],
    problem: { rule: 'value', fix: 'write it as text, in quotes' },
  },
  {
    says: 'an unknown key inside a check',
    text: withCheck('{ errorRate: { max: 2%, window: 5m } }'),
    at: [6, 35],
    problem: { rule: 'unknown-key', received: 'window' },
  },
  {
    says: 'an unknown step kind, with the one that was meant',
    text: withSteps('wieght: 5%', 'weight: 100%'),
    at: [4, 5],
    problem: { rule: 'unknown-step', received: 'wieght', fix: 'did you mean weight?' },
  },
  {
    says: 'an unknown step kind like nothing else, with the list',
    text: withSteps('teleport: 5%', 'weight: 100%'),
    at: [4, 5],
    problem: {
      rule: 'unknown-step',
      expected: 'one of weight, bake, ramp, cohort, mirror, flag, approve, analyse, gate, hook, try, notify',
      fix: 'use a step kind from the list',
    },
  },
  {
    says: 'an unknown check kind',
    text: withCheck('{ errorrate: { max: 2% } }'),
    at: [6, 13],
    problem: { rule: 'unknown-check', received: 'errorrate', fix: 'did you mean errorRate?' },
  },
  {
    says: 'a step of two kinds',
    text: withSteps('{ weight: 5%, bake: 5m }', 'weight: 100%'),
    at: [4, 5],
    problem: { rule: 'step-shape', received: 'weight, bake', fix: 'write each as a step of its own' },
  },
  {
    says: 'a step that is only a word',
    text: withSteps('weight', 'weight: 100%'),
    at: [4, 5],
    problem: { rule: 'step-shape', received: '"weight"' },
  },
  {
    says: 'a weight that falls',
    text: withSteps('weight: 10%', 'weight: 5%', 'weight: 100%'),
    at: [5, 13],
    problem: { rule: 'weight-not-rising', received: '5%', expected: 'more than 10%' },
  },
  {
    says: 'a weight that repeats the one before',
    text: withSteps('weight: 10%', 'weight: 10%', 'weight: 100%'),
    at: [5, 13],
    problem: { rule: 'weight-not-rising', message: 'this weight repeats the one before it' },
  },
  {
    says: 'a weight that falls inside a ramp, at its place in the list',
    text: withSteps('ramp: { through: [5%, 20%, 10%], bake: 1m }', 'weight: 100%'),
    at: [4, 32],
    problem: { rule: 'weight-not-rising', received: '10%', expected: 'more than 20%' },
  },
  {
    says: 'a ramp with a budget that begins with nobody',
    text: withSteps('ramp: { to: 50%, spend: 0.5x, atLeast: 5m }', 'weight: 100%') + WITH_ERRORS,
    at: [4, 11],
    problem: { rule: 'ramp-without-start', fix: 'write a first weight before it, such as weight: 1%' },
  },
  {
    says: 'a ramp with a budget that ends below where it begins',
    text: withSteps('weight: 40%', RAMP, 'weight: 100%') + WITH_ERRORS,
    at: [5, 17],
    problem: { rule: 'weight-not-rising', received: '30%', expected: 'more than 40%' },
  },
  {
    says: 'a ramp whose budget is nothing',
    text: withSteps('weight: 1%', 'ramp: { to: 50%, spend: 0x, atLeast: 5m }', 'weight: 100%') + WITH_ERRORS,
    at: [5, 29],
    problem: {
      rule: 'value',
      received: '0x',
      expected: 'more than 0x: with nothing to spend no weight could be raised',
    },
  },
  {
    says: 'a ramp with a budget that may take no time',
    text: withSteps('weight: 1%', 'ramp: { to: 50%, spend: 1x, atLeast: 0m }', 'weight: 100%') + WITH_ERRORS,
    at: [5, 42],
    problem: { rule: 'value', received: '0m', expected: 'longer than 0s' },
  },
  {
    says: 'a ramp with a budget that is over before the guard has looked at each weight',
    text: withSteps('weight: 1%', 'ramp: { to: 50%, spend: 1x, atLeast: 40s }', 'weight: 100%') + WITH_ERRORS,
    at: [5, 42],
    problem: { rule: 'bake-too-short', received: '7s', expected: 'at least 1m' },
  },
  {
    says: 'a ramp with a budget and no check that knows what a weight costs',
    text: `${withSteps('weight: 1%', RAMP, 'weight: 100%')}checks:\n  errors: { errorRate: { max: 1%, source: proxy } }\n`,
    at: [5, 11],
    problem: {
      rule: 'ramp-without-rate',
      received: 'no errorRate with notWorseThan that watches every step',
    },
  },
  {
    says: 'a ramp that states no end, as the one it is nearest to',
    text: withSteps('weight: 1%', 'ramp: { spend: 0.5x, atLeast: 5m }', 'weight: 100%') + WITH_ERRORS,
    at: [5, 11],
    problem: { rule: 'value', message: 'steps[1].ramp.to is missing', fix: 'add it' },
  },
  {
    says: 'steps that never reach 100%',
    text: withSteps('weight: 10%', 'weight: 99.99%'),
    at: [4, 3],
    problem: { rule: 'never-full', received: 'the last weight is 99.99%', fix: 'add the step weight: 100%' },
  },
  {
    says: 'a weight without a unit',
    text: withSteps('weight: 5', 'weight: 100%'),
    at: [4, 13],
    problem: { rule: 'value', received: '5', fix: 'write it as text with its unit, such as 5% or 0.25%' },
  },
  {
    says: 'a weight as a hexadecimal number, shown as it was written',
    text: withSteps('weight: 0x5', 'weight: 100%'),
    at: [4, 13],
    problem: { rule: 'value', received: '0x5' },
  },
  {
    says: 'NaN as a weight',
    text: withSteps('weight: .nan', 'weight: 100%'),
    at: [4, 13],
    problem: { rule: 'value', received: '.nan' },
  },
  {
    says: 'NaN as a count',
    text: withCheck('{ errorRate: { max: 2%, minRequests: .NaN } }'),
    at: [6, 48],
    problem: { rule: 'value', received: '.NaN' },
  },
  {
    says: 'a weight above 100%',
    text: withSteps('weight: 100.01%', 'weight: 100%'),
    at: [4, 13],
    problem: { rule: 'value', received: '100.01%', expected: expect.stringContaining('from 0% to 100%') },
  },
  {
    says: 'a duration without a unit',
    text: withSteps('bake: 10', 'weight: 100%'),
    at: [4, 11],
    problem: { rule: 'value', received: '10', expected: expect.stringContaining('a duration') },
  },
  {
    says: 'one wrong word in a step with two forms, at the word and not for the other form',
    text: withSteps('bake: { upTo: 1h, until: soon }', 'weight: 100%'),
    at: [4, 30],
    problem: { rule: 'value', received: 'soon', expected: expect.stringContaining('proven') },
  },
  {
    says: 'a cohort that the target does not define, with the one that was meant',
    text: withSteps('cohort: [internal, betta]', 'weight: 100%'),
    facts: { ...FACTS, cohorts: ['internal', 'beta'] },
    at: [4, 24],
    problem: {
      rule: 'unknown-cohort',
      received: 'betta',
      expected: 'one of internal, beta',
      fix: 'did you mean beta?',
    },
  },
  {
    says: 'a cohort where the target defines none',
    text: withSteps('cohort: staff', 'weight: 100%'),
    facts: { ...FACTS, cohorts: [] },
    at: [4, 13],
    problem: { rule: 'unknown-cohort', received: 'staff', expected: 'no cohort: the target defines none' },
  },
  {
    says: 'a check of a cohort that the target does not define',
    text: `${withSteps('weight: 100%')}checks:\n  errors: { errorRate: { max: 2%, source: proxy }, cohort: betta }\n`,
    facts: { ...FACTS, cohorts: ['beta'] },
    at: [6, 60],
    problem: { rule: 'unknown-cohort', received: 'betta', fix: 'did you mean beta?' },
  },
  {
    says: 'a check of a cohort whose source does not tell cohorts apart',
    text: `${withSteps('weight: 100%')}checks:\n  errors: { errorRate: { max: 2%, source: proxy }, cohort: beta }\n`,
    at: [6, 60],
    problem: { rule: 'metric-source', received: 'beta', expected: 'a source with cohortLabel in sluice.yaml' },
  },
  {
    says: 'a query of a cohort',
    text: `${withSteps('weight: 100%')}checks:\n  q: { query: { promql: up, pass: 'result[0] > 0' }, cohort: beta }\n`,
    at: [6, 62],
    problem: { rule: 'metric-source', fix: 'remove cohort, and select the cohort in the query' },
  },
  {
    says: 'a comparison of a cohort that is on the canary as a whole',
    text: `${withSteps('cohort: beta', 'bake: 1m', 'weight: 100%')}checks:\n  errors: { errorRate: { notWorseThan: 1.5x, source: proxy }, cohort: beta }\n`,
    facts: {
      ...FACTS,
      metrics: { proxy: { counts: true, latency: true, queries: null, records: false, cohorts: true } },
    },
    at: [8, 11],
    problem: {
      rule: 'nothing-to-compare',
      received: 'beta',
      expected: 'a fixed limit (max), or a cohort that no step names',
    },
  },
  {
    says: 'a mirror at a router that sends no copies',
    text: withSteps('mirror: 10%', 'bake: 1m', 'weight: 100%'),
    at: [4, 13],
    problem: {
      rule: 'router-cannot',
      message: "the target's router (test) cannot send the canary copies of requests",
      expected: 'a router that can mirror',
      fix: 'remove the step, let a cohort see the canary first, or use a target whose router can',
    },
  },
  {
    says: 'a mirror beside a weight',
    text: withSteps('weight: 10%', 'mirror: 10%', 'weight: 100%'),
    facts: MIRRORING,
    at: [5, 13],
    problem: { rule: 'mirror-after-weight', received: 'a mirror at 10%' },
  },
  {
    says: 'the end of a mirror that never was, or that a weight has ended',
    text: withSteps('mirror: off', 'weight: 100%'),
    facts: MIRRORING,
    at: [4, 13],
    problem: { rule: 'mirror-not-on', fix: 'remove the step' },
  },
  ...['0%', '101%', 'on', '10', '{ share: 10% }'].map((value) => ({
    says: `a mirror of ${value}`,
    text: withSteps(`mirror: ${value}`, 'mirror: off', 'weight: 100%'),
    facts: MIRRORING,
    at: [4, 13] as [number, number],
    problem: { rule: 'value', expected: 'a share such as 10%, or off' },
  })),
  {
    says: 'tickets that the router cannot check',
    text: withSteps('try: on', 'weight: 100%'),
    at: [4, 10],
    problem: { rule: 'router-cannot', expected: 'a router that can check tickets' },
  },
  {
    says: 'tickets that the installation does not give',
    text: withSteps('try: on', 'weight: 100%'),
    facts: {
      ...FACTS,
      router: { kind: 'test', capabilities: { ...FINE_ROUTER.capabilities, tickets: true } },
    },
    at: [4, 10],
    problem: { rule: 'no-tickets', expected: 'tickets in sluice.yaml' },
  },
  {
    says: 'one wrong name in a list of cohorts',
    text: withSteps('cohort: [internal, Beta]', 'weight: 100%'),
    at: [4, 24],
    problem: { rule: 'value', received: 'Beta', expected: expect.stringContaining('lower-case') },
  },
  {
    says: 'a duplicate key',
    text: `${HEAD}${STEPS}onFail: pause\nonFail: rollback\n`,
    at: [6, 1],
    problem: { rule: 'duplicate-key', message: 'this key appears twice' },
  },
  {
    says: 'no steps',
    text: HEAD,
    at: [1, 1],
    problem: { rule: 'value', message: 'steps is missing', fix: 'add it' },
  },
  {
    says: 'an empty list of steps',
    text: `${HEAD}steps: []\n`,
    at: [3, 8],
    problem: { rule: 'value', received: '[]' },
  },
  {
    says: 'an unknown target, with those that exist',
    text: `service: chekout\nenvironment: production\n${STEPS}`,
    at: [1, 10],
    problem: {
      rule: 'unknown-target',
      received: 'chekout/production',
      expected: 'a target from sluice.yaml: checkout/production',
    },
  },
  {
    says: 'a weight that is finer than the router can set',
    text: withSteps('weight: 0.5%', 'weight: 100%'),
    facts: { ...FACTS, router: { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, weightStep: 100 } } },
    at: [4, 13],
    problem: { rule: 'router-cannot', received: '0.5%', expected: 'a multiple of 1%' },
  },
  {
    says: 'a cohort on a router that knows none',
    text: withSteps('cohort: internal', 'weight: 100%'),
    facts: { ...FACTS, router: { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, cohorts: false } } },
    at: [4, 13],
    problem: { rule: 'router-cannot', fix: 'remove the step, or use a target whose router can' },
  },
  {
    says: 'a cohort that would lose the canary again',
    text: withSteps('cohort: [internal, beta]', 'cohort: eu-west', 'weight: 100%'),
    at: [5, 13],
    problem: { rule: 'cohort-lost', fix: 'write cohort: [beta, eu-west, internal]' },
  },
  {
    says: 'an approval by a group that does not exist',
    text: withSteps('approve: { by: nobody }', 'weight: 100%'),
    at: [4, 20],
    problem: { rule: 'unknown-group', received: 'nobody' },
  },
  {
    says: 'an approval by a group whose name every object answers to',
    text: withSteps('approve: { by: constructor }', 'weight: 100%'),
    at: [4, 20],
    problem: { rule: 'value', received: 'constructor' },
  },
  {
    says: 'an approval by more people than the group has',
    text: withSteps('approve: { by: checkout-owners, need: 3 }', 'weight: 100%'),
    at: [4, 43],
    problem: { rule: 'group-too-small', received: '3', expected: 'at most 2' },
  },
  {
    says: 'a check without a limit',
    text: withCheck('{ errorRate: { minRequests: 10 } }'),
    at: [6, 24],
    problem: { rule: 'value', expected: expect.stringContaining('exactly one limit') },
  },
  {
    says: 'a check with both limits',
    text: withCheck('{ errorRate: { max: 1%, notWorseThan: 1.5x } }'),
    at: [6, 24],
    problem: { rule: 'value', expected: expect.stringContaining('exactly one limit') },
  },
  {
    says: 'a check with a fixed limit and a bare ratio',
    text: withCheck('{ errorRate: { max: 1%, maxRatio: 2x } }'),
    at: [6, 24],
    problem: { rule: 'value', expected: expect.stringContaining('exactly one limit') },
  },
  {
    says: 'a bare ratio that a canary equal to stable would break',
    text: withCheck('{ errorRate: { maxRatio: 0.9x } }'),
    at: [6, 36],
    problem: { rule: 'tolerance-below-one', received: '0.9x' },
  },
  {
    says: 'an option that has no effect with a bare ratio',
    text: withCheck('{ errorRate: { maxRatio: 2x, confidence: 99% } }'),
    at: [6, 52],
    problem: { rule: 'unused-option', message: 'confidence has no effect with maxRatio' },
  },
  {
    says: 'an option that has no effect with a fixed limit',
    text: withCheck('{ errorRate: { max: 1%, confidence: 99% } }'),
    at: [6, 47],
    problem: { rule: 'unused-option', fix: 'remove it, or use another limit' },
  },
  {
    says: 'an option that has no effect with a comparison',
    text: withCheck('{ latency: { quantiles: [p95], notWorseThan: 2x, failures: 2 } }'),
    at: [6, 70],
    problem: { rule: 'unused-option', message: 'failures has no effect with notWorseThan' },
  },
  {
    says: 'a comparison that a canary equal to stable would fail',
    text: withCheck('{ errorRate: { notWorseThan: 0.9x } }'),
    at: [6, 40],
    problem: { rule: 'tolerance-below-one', received: '0.9x' },
  },
  {
    says: 'a hysteresis that could never be reached',
    text: withCheck('{ errorRate: { max: 1%, failures: 4, of: 3 } }'),
    at: [6, 45],
    problem: { rule: 'hysteresis-impossible', received: '4 of 3' },
  },
  {
    says: 'a rate without a side',
    text: withCheck('{ rate: { of: orders } }'),
    at: [6, 19],
    problem: { rule: 'value', expected: expect.stringContaining('notBelow, notAbove') },
  },
  {
    says: 'a rate whose lower side is above one',
    text: withCheck('{ rate: { of: orders, notBelow: 1.2x } }'),
    at: [6, 43],
    problem: { rule: 'value', received: '1.2x', expected: 'at most 1x' },
  },
  {
    says: 'an expression that can never be evaluated',
    text: withCheck("{ query: { promql: up, fail: 'result[0] !!' } }"),
    at: [6, 40],
    problem: { rule: 'expression', received: 'result[0] !!' },
  },
  {
    says: 'a metric source that does not exist',
    text: withCheck('{ errorRate: { max: 1%, source: datadog } }'),
    at: [6, 43],
    problem: { rule: 'metric-source', received: 'datadog', expected: 'one of proxy' },
  },
  {
    says: 'a check when several metric sources could answer',
    text: withCheck('{ errorRate: { max: 1% } }'),
    facts: FACTS,
    at: [6, 24],
    problem: {
      rule: 'metric-source',
      message: 'more than one metric source of the target answers counts',
      expected: 'one of proxy, prometheus',
    },
  },
  {
    says: 'a query when the target has no source for queries',
    text: withCheck('{ query: { promql: up, fail: result < 1 } }'),
    facts: { ...FACTS, metrics: { proxy: { counts: true, latency: true, queries: null, records: false } } },
    at: [6, 20],
    problem: { rule: 'metric-source', expected: 'a target with a source that answers queries' },
  },
  {
    says: 'an event that no metric source counts',
    text: withCheck('{ rate: { of: tips, notBelow: 0.9x } }'),
    facts: withEvents,
    at: [6, 19],
    problem: {
      rule: 'metric-source',
      message: 'no metric source of the target answers how many tips there were',
      expected: 'of: one of orders, refunds',
    },
  },
  {
    says: 'an event that the named metric source does not count',
    text: withCheck('{ rate: { of: tips, source: proxy, notBelow: 0.9x } }'),
    facts: withEvents,
    at: [6, 39],
    problem: {
      rule: 'metric-source',
      message: 'this metric source does not answer how many tips there were',
      received: 'proxy',
      expected: 'of: one of orders',
    },
  },
  {
    says: 'a name of a check that is no name',
    text: `${HEAD}${STEPS}checks:\n  Errors!: { errorRate: { max: 1% } }\n`,
    at: [6, 3],
    problem: { rule: 'check-name', received: 'Errors!' },
  },
  {
    says: 'the name of a check that is used twice, across an analysis',
    text: `${HEAD}steps:\n  - analyse: { for: 5m, checks: { errors: { errorRate: { max: 1% } } } }\n  - weight: 100%\nchecks:\n  errors: { errorRate: { max: 1% } }\n`,
    at: [4, 35],
    problem: { rule: 'check-name', message: 'two checks have this name' },
  },
  {
    says: 'an interval that is too short',
    text: `${HEAD}${STEPS}interval: 500ms\n`,
    at: [5, 11],
    problem: { rule: 'value', received: '500ms', expected: '1s to 1h' },
  },
  {
    says: 'a policy that does not exist',
    text: `${HEAD}${STEPS}onFail: ignore\n`,
    at: [5, 9],
    problem: { rule: 'value', received: 'ignore', expected: expect.stringContaining('rollback') },
  },
  {
    says: 'a list where the plan should be',
    text: '- weight: 5%\n',
    at: [1, 1],
    problem: { rule: 'value' },
  },
  {
    says: 'nothing at all',
    text: '',
    at: [1, 1],
    problem: { rule: 'value', message: 'the plan is empty', expected: 'a plan with service, environment and steps' },
  },
]

describe('a plan is refused for', () => {
  it.each(REFUSALS)('$says', ({ text, facts, at, problem }) => {
    const problems = problemsOf(text, facts)
    expect(problems).toEqual(expect.arrayContaining([expect.objectContaining(problem)]))
    const found = problems.find(({ rule }) => rule === problem.rule)
    expect([found?.line, found?.column]).toEqual(at)
    expect(found?.file).toBe('plan.yaml')
    expect(found?.message).toMatch(/\S/)
    expect(found?.fix).toMatch(/\S/)
  })

  it('2 MB of text, before it is parsed', () => {
    expect(() => read(`${HEAD}${STEPS}# ${'x'.repeat(2_000_000)}`)).toThrow(
      expect.objectContaining({ code: 'plan.too-large' }),
    )
  })

  it('1,000 levels', () => {
    const deep = `${HEAD}steps: ${'['.repeat(1_000)}${']'.repeat(1_000)}\n`
    expect(() => read(deep)).toThrow(expect.objectContaining({ code: 'plan.too-deep' }))
  })

  it('an alias bomb', () => {
    const bomb = [
      'a: &a [x]',
      ...['b', 'c', 'd', 'e'].map((key, index) => `${key}: &${key} [${`*${'abcd'[index]},`.repeat(9)}]`),
    ]
    expect(problemsOf(`${bomb.join('\n')}\n${HEAD}${STEPS}`)).toMatchObject([
      { rule: 'yaml', fix: 'write the repeated part out' },
    ])
  })
})

describe('problems', () => {
  const MESS = `service: checkout
environment: production
colour: blue
interval: 5
steps:
  - weight: 10
  - wait: 5m
  - weight: 20%
  - weight: 10%
  - approve: { by: nobody, need: 0 }
  - ramp: { through: [30%, 5], bake: soon }
checks:
  errors: { errorRate: { max: 2 } }
  Latency: { latency: { quantiles: [95] } }
onFail: explode
`

  it('come all at once, in the order of the text', () => {
    const places = problemsOf(MESS).map(({ rule, line }) => [line, rule])
    expect(places).toEqual([
      [3, 'unknown-key'],
      [4, 'value'],
      [6, 'never-full'],
      [6, 'value'],
      [7, 'unknown-step'],
      [9, 'weight-not-rising'],
      [10, 'unknown-group'],
      [10, 'value'],
      [11, 'value'],
      [11, 'value'],
      [13, 'value'],
      [14, 'check-name'],
      [14, 'value'],
      [14, 'value'],
      [15, 'value'],
    ])
  })

  it('are not repeated, but two values with the same fault are two problems', () => {
    const coarse = { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, weightStep: 100 } }
    const problems = problemsOf(withSteps('ramp: { through: [0.5%, 1.5%, 100%], bake: 1m }'), {
      ...FACTS,
      router: coarse,
    })
    expect(problems.map(({ received }) => received)).toEqual(['0.5%', '1.5%'])
  })

  it('do not follow from an unknown target what cannot be known then', () => {
    const text = `service: other\nenvironment: production\nsteps:\n  - approve: { by: whoever, need: 5 }\n  - weight: 100%\nchecks:\n  errors: { errorRate: { max: 1%, source: s } }\n`
    expect(problemsOf(text).map(({ rule }) => rule)).toEqual(['unknown-target'])
  })

  it('show long values shortened', () => {
    const [problem] = problemsOf(withSteps(`weight: "${'9'.repeat(5_000)}"`, 'weight: 100%'))
    expect(problem?.received?.length).toBeLessThanOrEqual(80)
  })

  it('point into text behind aliases without failing', () => {
    const problems = problemsOf(`${HEAD}steps:\n  - weight: &w 5\n  - weight: *w\n  - weight: 100%\n`)
    expect(problems.map(({ line }) => line)).toEqual([4, 5])
  })

  it('name keys of prototypes like any other key, and never ignore them', () => {
    const problems = problemsOf(`${HEAD}${STEPS}__proto__: { onFail: pause }\nconstructor: 1\n`)
    expect(problems.map(({ received }) => received)).toEqual(['__proto__', 'constructor'])
  })

  it('never ignore a check whose name belongs to a prototype', () => {
    for (const name of ['__proto__', 'constructor']) {
      const check = `${name}: { errorRate: { max: 1% } }`
      const problems = problemsOf(`${HEAD}${STEPS}checks:\n  ${check}\n`)
      expect(problems, name).toEqual([
        expect.objectContaining({ rule: 'check-name', received: name, line: 6, column: 3 }),
      ])
    }
  })
})

describe('readPlan', () => {
  it('takes parsed JSON of any shape and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const result = readPlan(value, planContext())
        expect('plan' in result || result.problems.length > 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('expands rising weights into exposures that never fall and end with everybody', () => {
    const weights = fc
      .uniqueArray(fc.integer({ min: 1, max: 9_999 }), { maxLength: 20 })
      .map((list) => [...list.sort((left, right) => left - right), 10_000])
    fc.assert(
      fc.property(weights, fc.subarray(['internal', 'beta', 'eu-west']), (list, cohorts) => {
        const steps = [
          ...cohorts.map((_, index) => ({ cohort: cohorts.slice(0, index + 1) })),
          ...list.map((w) => ({ weight: `${w / 100}%` })),
        ]
        const result = readPlan({ service: 'checkout', environment: 'production', steps }, planContext())
        if ('problems' in result) throw new Error(JSON.stringify(result.problems))
        const exposures = result.plan.actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure] : []))
        for (const [index, { weight, cohorts: now }] of exposures.entries()) {
          const before = exposures[index - 1]
          expect(weight).toBeGreaterThanOrEqual(before?.weight ?? 0)
          expect((before?.cohorts ?? []).every((name) => now.includes(name))).toBe(true)
        }
        expect(exposures.at(-1)).toEqual({ weight: 10_000, cohorts: [...cohorts].sort() })
      }),
    )
  })
})
