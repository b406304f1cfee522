import type { Check } from '../../../src/domain/plan/checks.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { planContext } from '../../domain/plan/plan-context.ts'

/** A check of errors, one of an event, and one that only queries, as a plan has them. */
export function checksOf(): readonly [Check, Check, Check] {
  const read = readPlan(
    {
      ...{
        service: 'checkout',
        environment: 'production',
        steps: [{ weight: '10%' }, { bake: '10m' }, { weight: '100%' }],
      },
      checks: {
        errors: { errorRate: { notWorseThan: '1.5x' } },
        orders: { rate: { of: 'orders', notBelow: '0.8x' } },
        revenue: { query: { promql: 'sum(revenue{pool="$pool"})', fail: 'result[0] < 1' } },
      },
    },
    planContext(),
  )
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const [errors, orders, revenue] = read.plan.checks
  if (errors === undefined || orders === undefined || revenue === undefined) throw new Error('a check is missing')
  return [errors, orders, revenue]
}
