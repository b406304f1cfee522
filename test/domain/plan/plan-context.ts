import { CHECK_KINDS } from '../../../src/analysis/checks/index.ts'
import type { PlanContext, TargetFacts } from '../../../src/domain/plan/plan-context.ts'
import { STEP_KINDS } from '../../../src/domain/plan/steps/index.ts'

export const FINE_ROUTER: NonNullable<TargetFacts['router']> = {
  kind: 'test',
  capabilities: {
    weightStep: 1,
    cohorts: true,
    sticky: 'hash',
    readBack: 'config',
    atomic: true,
    survivesRestart: true,
  },
}

export const FACTS: TargetFacts = {
  router: FINE_ROUTER,
  metrics: {
    proxy: { counts: true, latency: true, queries: null, records: false },
    prometheus: { counts: true, latency: true, queries: 'promql', records: false },
  },
  groups: { 'checkout-owners': ['alice', 'bob'] },
}

/** A context with one registered target, `checkout/production`. */
export function planContext(
  facts: TargetFacts = { ...FACTS, metrics: { proxy: FACTS.metrics['prometheus']! } },
): PlanContext {
  return {
    stepKinds: STEP_KINDS,
    checkKinds: CHECK_KINDS,
    target: (service, environment) => (service === 'checkout' && environment === 'production' ? facts : null),
    targets: ['checkout/production'],
  }
}
