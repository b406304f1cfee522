import { describe, expect, it } from 'vitest'
import { argoKind } from '../../../src/analysis/argo/check-kind.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import type { PlanContext } from '../../../src/domain/plan/plan-context.ts'
import { planContext } from '../../domain/plan/plan-context.ts'

const context: PlanContext = { ...planContext(), checkKinds: [argoKind] }
const planWith = (checks: unknown) => ({
  ...{ service: 'checkout', environment: 'production', steps: [{ weight: '100%' }] },
  checks,
})
const read = (options: object) => readPlan(planWith({ success: { argo: options } }), context)
const problemsOf = (options: object) => {
  const result = read(options)
  return 'problems' in result ? result.problems : []
}
const QUERY = { promql: 'rate{pool="$pool"}' }

describe('the argo check', () => {
  it("has Argo's defaults", () => {
    expect(read(QUERY)).toMatchObject({
      plan: {
        errorBudget: 0,
        checks: [
          {
            ...{ kind: 'argo', name: 'success', source: 'proxy', query: QUERY.promql },
            ...{ successCondition: null, failureCondition: null, interval: null, initialDelay: 0, count: null },
            ...{ failureLimit: 0, inconclusiveLimit: 0, consecutiveErrorLimit: 4, consecutiveSuccessLimit: 0 },
          },
        ],
      },
    })
  })

  it('reports each condition that can never be evaluated, at its place', () => {
    const problems = problemsOf({ ...QUERY, successCondition: 'result[0] >=', failureCondition: 'reslt > 1' })
    expect(problems.map(({ path }) => path.at(-1))).toEqual(['successCondition', 'failureCondition'])
    expect(problems[1]).toMatchObject({ rule: 'expression', received: 'reslt > 1' })
  })

  it('refuses a condition that Argo would end in Error at every measurement, with what to write', () => {
    const [problem] = problemsOf({ ...QUERY, promql: 'sum(errors)', failureCondition: 'result > 0.1' })
    expect(problem).toMatchObject({
      rule: 'expression',
      message: expect.stringMatching(/result is a list here, because the query gives series.*write result\[0\]$/),
    })
    expect(problemsOf({ ...QUERY, promql: 'scalar(sum(errors))', failureCondition: 'result > 0.1' })).toEqual([])
  })

  it.each([
    [{ failureLimit: -1 }, 'cannot both be switched off'],
    [{ count: 2, failureLimit: 3, interval: '1m' }, 'count 2 must be at least failureLimit 3'],
    [{ count: 2, inconclusiveLimit: 3, interval: '1m' }, 'count 2 must be at least inconclusiveLimit 3'],
    [{ count: 3 }, 'count 3 needs an interval'],
  ])('refuses %j as Argo does', (limits, message) => {
    expect(problemsOf({ ...QUERY, ...limits })).toEqual([
      expect.objectContaining({ rule: 'argo-limits', message: expect.stringContaining(message) }),
    ])
  })

  it('refuses an interval without length, a limit that is no whole number and an unknown key', () => {
    const places = problemsOf({ ...QUERY, interval: '0s', failureLimit: 1.5, succesCondition: 'true' })
    const keys = new Set(places.map(({ path }) => path.at(-1)))
    expect(keys).toEqual(new Set(['failureLimit', 'interval', 'succesCondition']))
  })
})
