import { describe, expect, it } from 'vitest'
import { parseCanaryConfig } from '../../../src/analysis/kayenta/canary-config.ts'
import { kayentaKind } from '../../../src/analysis/kayenta/check-kind.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import type { PlanContext } from '../../../src/domain/plan/plan-context.ts'
import { planContext } from '../../domain/plan/plan-context.ts'

const context: PlanContext = { ...planContext(), checkKinds: [kayentaKind] }
const metric = (name: string, canary: object = {}) => ({
  ...{ name, groups: ['all'], query: { type: 'prometheus' } },
  analysisConfigurations: { canary },
})
const config = (...metrics: object[]) => ({
  ...{ name: 'signals', judge: { name: 'NetflixACAJudge-v1.0' } },
  ...{ metrics, classifier: { groupWeights: { all: 100 } } },
})
const QUERY = 'rate{pool="$pool"}'
const FINE = { config: config(metric('errors')), queries: { errors: QUERY } }

function read(options: object) {
  const checks = { signals: { kayenta: options } }
  const steps = [{ weight: '100%' }]
  return readPlan({ service: 'checkout', environment: 'production', steps, checks }, context)
}
const checkOf = (options: object) => {
  const result = read(options)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.plan.checks[0]
}
const problemsOf = (options: object) => {
  const result = read(options)
  return 'problems' in result ? result.problems : []
}

describe('the kayenta check', () => {
  it('keeps the config as it is and has defaults for the rest', () => {
    const check = checkOf(FINE)
    expect(check).toEqual({
      ...{ kind: 'kayenta', name: 'signals', source: 'proxy', ...FINE },
      ...{ step: 60_000, lifetime: 10_800_000, interval: 3_600_000, warmUp: 0, pass: 95, marginal: 75 },
      warmsUpFor: 0,
    })
    expect(parseCanaryConfig(check === undefined ? null : kayentaKind.own(check)?.config).ok).toBe(true)
  })

  it('takes the thresholds of the config unless it has its own, and an interval no longer than its lifetime', () => {
    const own = {
      ...FINE.config,
      classifier: { groupWeights: { all: 100 }, scoreThresholds: { pass: 90, marginal: 50 } },
    }
    expect(checkOf({ ...FINE, config: own, marginal: 60, lifetime: '30m' })).toMatchObject({
      ...{ pass: 90, marginal: 60, lifetime: 1_800_000, interval: 1_800_000 },
    })
  })

  it('reports every problem of the config at its place', () => {
    const bad = config(
      metric('errors', { direction: 'up' }),
      metric('errors'),
      metric('slow', { effectSize: { x: 1 } }),
    )
    const places = problemsOf({ ...FINE, config: bad }).map(({ path }) => path.slice(4).join('.'))
    expect(places).toContain('metrics.0.analysisConfigurations.canary.direction')
    expect(places).toContain('metrics.2.analysisConfigurations.canary.effectSize.x')
  })

  it('names the key of the config that was meant', () => {
    const bad = config(metric('errors', { directoin: 'increase' }))
    expect(problemsOf({ ...FINE, config: bad })).toEqual([
      expect.objectContaining({ rule: 'unknown-key', received: 'directoin', fix: 'did you mean direction?' }),
    ])
  })

  it("says what only Kayenta knows in Kayenta's words", () => {
    const twice = config(metric('errors'), metric('errors'))
    expect(problemsOf({ ...FINE, config: twice })).toEqual([
      expect.objectContaining({ rule: 'canary-config', message: "a second metric is called 'errors'" }),
    ])
  })

  it('needs a query with $pool for each metric that is judged, and for no other', () => {
    const three = config(metric('errors'), metric('slow'), metric('quiet', { muted: true }))
    const problems = problemsOf({ config: three, queries: { slow: 'rate{}', other: QUERY } })
    expect(problems.map(({ message }) => message)).toEqual([
      'the metric errors of the config has no query',
      'this query cannot tell the canary from stable',
      'the config has no metric of this name',
    ])
  })

  it('does not ask for metrics that are muted, and refuses a config that would judge nothing', () => {
    const muted = metric('quiet', { muted: true })
    const queries = { errors: QUERY, quiet: QUERY }
    expect(checkOf({ config: config(metric('errors'), muted), queries })).toMatchObject({ queries: { errors: QUERY } })
    expect(problemsOf({ config: config(muted), queries: {} })[0]?.message).toContain(
      'every metric of this config is muted',
    )
  })

  it.each([
    ['3h', {}, []],
    ['179m', {}, ['at least 3h']],
    ['5h', { warmUp: '2h' }, []],
    ['3h', { warmUp: '2h' }, ['at least 5h']],
    ['1h', { warmUp: '30m', lifetime: '1h', interval: '1h' }, ['at least 90m']],
  ])(
    'needs an analysis of %s with %j to be as long as its warm-up and its lifetime together',
    (time, options, said) => {
      const checks = { signals: { kayenta: { ...FINE, ...options } } }
      const steps = [{ weight: '10%' }, { analyse: { for: time, checks } }, { weight: '100%' }]
      const result = readPlan({ service: 'checkout', environment: 'production', steps }, context)
      const problems = 'problems' in result ? result.problems : []
      expect(problems.map(({ expected }) => expected)).toEqual(said)
      for (const problem of problems) {
        expect(problem).toMatchObject({ rule: 'analysis-too-short', path: ['steps', 1, 'analyse', 'for'] })
      }
    },
  )

  it.each([
    [{ step: '2h' }, 'kayenta-times'],
    [{ interval: '4h' }, 'kayenta-times'],
    [{ pass: 50 }, 'kayenta-thresholds'],
    [{ step: '0s' }, 'value'],
    [{ pass: 101 }, 'value'],
    [{ config: undefined }, 'value'],
  ])('refuses %j', (options, rule) => {
    expect(problemsOf({ ...FINE, ...options }).map((problem) => problem.rule)).toEqual([rule])
  })
})
