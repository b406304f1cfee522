import { describe, expect, it } from 'vitest'
import type { ArgoCheck } from '../../../src/analysis/argo/argo-judge.ts'
import { startArgo, stepArgo } from '../../../src/analysis/argo/argo-judge.ts'
import { CHECK_KINDS } from '../../../src/catalog.ts'
import type { MetricResult } from '../../../src/domain/observation.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { FACTS, planContext } from '../../domain/plan/plan-context.ts'
import { argo, documents } from '../imported.ts'

/** What a metric of a template becomes, read back from the plan that the import prints. */
function imported(metric: object, spec: object = {}): ArgoCheck {
  const template = {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate', metadata: { name: 't' } },
    spec: { metrics: [{ name: 'm', provider: { prometheus: { query: 'a{pool="$pool"}' } }, ...metric }], ...spec },
  }
  const { form, problems } = argo(documents(template))
  expect(problems).toEqual([])
  const plan = { service: 'checkout', environment: 'production', steps: [{ weight: '100%' }], ...form }
  const read = readPlan(plan, { ...planContext(FACTS), checkKinds: CHECK_KINDS })
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan.checks[0] as ArgoCheck
}

const numbers = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })
const EMPTY: MetricResult<readonly number[]> = { kind: 'noData', reason: 'no series' }
const AWAY: MetricResult<readonly number[]> = { kind: 'error', fault: 'unavailable', reason: 'no answer' }
const NAN: MetricResult<readonly number[]> = { kind: 'nan', reason: 'no number', answers: [Number.NaN] }
const INFINITE: MetricResult<readonly number[]> = {
  kind: 'nan',
  reason: 'no number',
  answers: [Number.POSITIVE_INFINITY],
}

/** With both conditions: S is Successful, F Failed, I Inconclusive, E an Error. */
const BOTH = { successCondition: 'result[0] < 1', failureCondition: 'result[0] > 5' }
const ANSWERS: Readonly<Record<string, MetricResult<readonly number[]>>> = {
  S: numbers(0),
  F: numbers(9),
  I: numbers(3),
  E: AWAY,
}

/** Takes these answers one measurement after the other, and says how the run stands and how it was counted. */
function run(metric: object, answers: readonly MetricResult<readonly number[]>[], spec: object = {}) {
  const check = imported(metric, spec)
  const nothing = { kind: 'noData', reason: '' } as const
  let state = startArgo(check)
  let reason = ''
  let outcome = ''
  let at = 0
  for (const answer of answers) {
    const readings = { [check.name]: { canary: answer, stable: null } }
    const step = stepArgo(check, state, {
      at,
      window: { start: at, end: at },
      stable: nothing,
      canary: nothing,
      readings,
    })
    ;({ state } = step)
    ;({ reason, outcome } = step.verdict)
    at += 3_600_000
  }
  return { phase: reason.split(':')[0], outcome, counters: state.counters, completed: state.completed }
}

const letters = (text: string) => text.split('').map((letter) => ANSWERS[letter] ?? AWAY)

describe('one measurement (Argo Rollouts: evaluate.go)', () => {
  const once = (conditions: object, answer: MetricResult<readonly number[]>) => run(conditions, [answer]).phase

  it.each([
    ['none, none', {}, numbers(7), 'Successful'],
    ['S true', { successCondition: 'result[0] > 1' }, numbers(2), 'Successful'],
    ['S false', { successCondition: 'result[0] > 1' }, numbers(0), 'Failed'],
    ['F true', { failureCondition: 'result[0] > 1' }, numbers(2), 'Failed'],
    ['F false', { failureCondition: 'result[0] > 1' }, numbers(0), 'Successful'],
    [
      'S and F true: F wins',
      { successCondition: 'result[0] > 1', failureCondition: 'result[0] > 1' },
      numbers(2),
      'Failed',
    ],
    ['S true, F false', BOTH, numbers(0), 'Successful'],
    ['neither', BOTH, numbers(3), 'Inconclusive'],
    ['NaN with S alone', { successCondition: 'result[0] < 1' }, NAN, 'Failed'],
    ['NaN with both', BOTH, NAN, 'Inconclusive'],
    ['NaN with F alone', { failureCondition: 'result[0] > 1' }, NAN, 'Successful'],
    ['infinite compares like a number', { successCondition: 'result[0] > 1' }, INFINITE, 'Successful'],
    ['an empty answer guarded', { successCondition: 'len(result) == 0 || result[0] < 1' }, EMPTY, 'Successful'],
    ['isNil looks at the whole result', { successCondition: '!isNil(result[0])' }, numbers(1), 'Successful'],
    ['default looks at the whole result', { successCondition: 'default(1, 0)[0] == 4' }, numbers(4), 'Successful'],
    ['a float is cut to an int', { successCondition: 'asInt(result[0]) == 1' }, numbers(1.9), 'Successful'],
    ['several series', { successCondition: 'all(result, # < 5) && len(result) == 2' }, numbers(1, 4), 'Successful'],
  ] as const)('%s', (_name, conditions, answer, phase) => {
    expect(once(conditions, answer)).toBe(phase)
  })

  it.each([
    ['an index beyond the end', { successCondition: 'result[0] < 1' }, EMPTY],
    ['default of an index beyond the end', { successCondition: 'default(result[0], 0) < 1' }, EMPTY],
    [
      'an error of F beside a true S',
      { successCondition: 'result[0] < 1', failureCondition: 'result[3] > 1' },
      numbers(0),
    ],
    ['a source that does not answer', BOTH, AWAY],
  ] as const)('%s is an Error, and takes no count', (_name, conditions, answer) => {
    const { counters } = run(conditions, [answer])
    expect(counters).toMatchObject({ error: 1, count: 0, consecutiveError: 1 })
  })

  it.each([
    ['no bool', 'result[0] + 1'],
    ['a list taken for a number', 'result > 1'],
    ['text beside a number', 'asFloat(result[0]) == "1.1"'],
    ['isNaN of a list', 'isNaN(result)'],
    ['no such name', 'reslt[0] > 1'],
  ])('%s would be an Error at every measurement, and is refused with its line', (_name, successCondition) => {
    const metric = { name: 'm', successCondition, provider: { prometheus: { query: 'a{pool="$pool"}' } } }
    expect(argo(documents({ spec: { metrics: [metric] } })).problems).toEqual([
      expect.stringContaining('spec.metrics[0].successCondition'),
    ])
  })
})

describe('counting and the phase of a metric (Argo Rollouts: assessMetricStatus)', () => {
  it.each([
    ['S', { successful: 1, count: 1, consecutiveSuccess: 1 }],
    ['SF', { successful: 1, failed: 1, count: 2, consecutiveSuccess: 0 }],
    ['SI', { successful: 1, inconclusive: 1, count: 2, consecutiveSuccess: 0 }],
    ['SE', { successful: 1, error: 1, count: 1, consecutiveError: 1, consecutiveSuccess: 0 }],
    ['EES', { error: 2, count: 1, consecutiveError: 0, consecutiveSuccess: 1 }],
    ['EF', { error: 1, failed: 1, count: 1, consecutiveError: 0 }],
    ['EI', { error: 1, inconclusive: 1, count: 1, consecutiveError: 0 }],
  ])('after %s', (text, counters) => {
    const limits = { interval: '1m', failureLimit: 9, inconclusiveLimit: 9 }
    expect(run({ ...BOTH, ...limits }, letters(text)).counters).toMatchObject(counters)
  })

  it.each([
    ['the first failure fails by default', {}, 'F', 'Failed', 'fail'],
    ['failureLimit 3 takes three', { failureLimit: 3 }, 'FFF', 'Running', 'inconclusive'],
    ['and fails with the fourth', { failureLimit: 3 }, 'FFFF', 'Failed', 'fail'],
    ['failures add up, in a row or not', { failureLimit: 1 }, 'FSSSF', 'Failed', 'fail'],
    ['failureLimit -1 takes all', { failureLimit: -1, consecutiveSuccessLimit: 2 }, 'FFFFF', 'Running', 'inconclusive'],
    ['the first inconclusive ends it by default', {}, 'I', 'Inconclusive', 'inconclusive'],
    ['inconclusiveLimit 1 takes one', { inconclusiveLimit: 1 }, 'IS', 'Running', 'pass'],
    ['four errors in a row are taken', {}, 'EEEE', 'Running', 'inconclusive'],
    ['the fifth ends it', {}, 'EEEEE', 'Error', 'fail'],
    ['an answer between them starts anew', {}, 'EEEESEEEE', 'Running', 'inconclusive'],
    ['consecutiveErrorLimit 0 takes none', { consecutiveErrorLimit: 0 }, 'E', 'Error', 'fail'],
    [
      'Inconclusive outranks Failed',
      { count: 2, failureLimit: 0, inconclusiveLimit: 0 },
      'I',
      'Inconclusive',
      'inconclusive',
    ],
    ['count 3 is done with three', { count: 3 }, 'SSS', 'Successful', 'pass'],
    ['errors take no count', { count: 3 }, 'SESS', 'Successful', 'pass'],
    ['count as text', { count: '2' }, 'SS', 'Successful', 'pass'],
    ['count 0 with an interval has no end', { count: 0 }, 'SSSSS', 'Running', 'pass'],
    [
      'two in a row pass before the count',
      { count: 9, failureLimit: 3, consecutiveSuccessLimit: 2 },
      'FSS',
      'Successful',
      'pass',
    ],
    [
      'no row by the count: Inconclusive',
      { count: 3, failureLimit: 1, consecutiveSuccessLimit: 2 },
      'SFS',
      'Inconclusive',
      'inconclusive',
    ],
    [
      'and Failed where failures are switched off',
      { count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 },
      'SFS',
      'Failed',
      'fail',
    ],
  ])('%s', (_name, limits, text, phase, outcome) => {
    expect(run({ ...BOTH, interval: '1m', ...limits }, letters(text))).toMatchObject({ phase, outcome })
  })

  it('without an interval one measurement is all, whatever count 0 may say', () => {
    expect(run(BOTH, letters('S'))).toMatchObject({ phase: 'Successful', outcome: 'pass' })
    expect(run({ ...BOTH, count: 0 }, letters('S'))).toMatchObject({ phase: 'Successful' })
    expect(run(BOTH, letters('ES'))).toMatchObject({ phase: 'Successful' })
  })

  it('is final once it has ended', () => {
    expect(run({ ...BOTH, interval: '1m' }, letters('FSSSS'))).toMatchObject({ phase: 'Failed', completed: 'Failed' })
    expect(run({ ...BOTH, interval: '1m', count: 1 }, letters('SFFF'))).toMatchObject({ completed: 'Successful' })
  })
})

describe('a run of several metrics', () => {
  const provider = { prometheus: { query: 'a{pool="$pool"}' } }
  const metrics = [
    { name: 'one', provider },
    { name: 'two', provider },
  ]
  const form = (dryRun: readonly string[]) =>
    argo(documents({ spec: { metrics, dryRun: dryRun.map((metricName) => ({ metricName })) } }))

  it.each([
    [['.*'], ['one', 'two']],
    [['o'], ['one', 'two']],
    [['^t'], ['two']],
  ])('lets those warn that a rule matches anywhere: %j', (rules, names) => {
    const checks = Object.entries(form(rules).form?.['checks'] ?? {})
    expect(checks.flatMap(([name, check]) => ('onFail' in Object(check) ? [name] : []))).toEqual(names)
  })

  it.each([[['*']], [['three']], [['one', 'one']]])('refuses rules that end a run in Error: %j', (rules) => {
    expect(form(rules).problems).toEqual([expect.stringContaining('the dry-run rule')])
  })
})
