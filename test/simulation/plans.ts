import { CHECK_KINDS } from '../../src/analysis/checks/index.ts'
import { type LatencyShape, shapeThrough } from '../../src/analysis/judges/sequential/latency-shape.ts'
import { type Plan, readPlan } from '../../src/domain/plan/plan.ts'
import type { TargetFacts } from '../../src/domain/plan/plan-context.ts'
import { STEP_KINDS } from '../../src/domain/plan/steps/index.ts'
import type { SimulatedTraffic } from '../../src/simulation/world.ts'
import { FINE_ROUTER } from '../domain/plan/plan-context.ts'

const LATENCY: LatencyShape = shapeThrough([
  { quantile: 0.5, seconds: 0.08 },
  { quantile: 0.99, seconds: 0.9 },
])
const STABLE = { errors: 0.005, slower: 1, events: { orders: 0.03 } }

/** 100 requests/s; the new version is as stable is, but for what is named. */
export function trafficWith(canary: Partial<typeof STABLE> = {}): SimulatedTraffic {
  const both = { stable: STABLE, canary: { ...STABLE, ...canary } }
  return { requestsPerSecond: 100, cohortShare: 0.01, latency: LATENCY, lag: 0, ...both }
}

/** A plan of these steps and checks. */
export function planWith(parts: object, facts: Partial<TargetFacts> = {}): Plan {
  const capabilities = { counts: true, latency: true, queries: 'promql', records: false } as const
  const target = {
    router: FINE_ROUTER,
    metrics: { shop: capabilities },
    groups: { owners: ['bob'] },
    hasTickets: true,
    ...facts,
  }
  const value = { service: 'shop', environment: 'production', ...parts }
  const read = readPlan(value, {
    ...{ stepKinds: STEP_KINDS, checkKinds: CHECK_KINDS, targets: ['shop/production'] },
    target: () => target,
  })
  if ('problems' in read) throw new Error(JSON.stringify(read.problems, null, 1))
  return read.plan
}
