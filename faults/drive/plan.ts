import type { PlanScript } from '../script/script.ts'
import { ENVIRONMENT, GROUP } from '../world/installation.ts'

/** The plan that a script asks for, as a team would have written it. */
export function planOf(service: string, script: PlanScript): Readonly<Record<string, unknown>> {
  const steps = script.weights.flatMap((weight, index) => [
    ...(script.approvalBefore === index ? [{ approve: { by: GROUP, need: 1, notAuthor: true, within: '1h' } }] : []),
    { weight: `${weight / 100}%` },
    { bake: `${script.bakes[index] ?? 3}s` },
  ])
  const first = script.startsWithCohort ? [{ cohort: 'internal' }, { bake: '2s' }] : []
  return {
    ...{ service, environment: ENVIRONMENT, interval: '1s', steps: [...first, ...steps] },
    checks: { errors: { errorRate: { notWorseThan: '3x', minRequests: 5 } } },
    onFail: script.onFail,
    onInconclusive: { holdFor: `${script.holdFor}s`, then: script.then },
  }
}

/** The plan of a release that another one's script has asked for. */
export const SHORT_PLAN: PlanScript = {
  ...{ weights: [2_000, 10_000], bakes: [3, 3], startsWithCohort: false, approvalBefore: null },
  ...{ onFail: 'rollback', holdFor: 10, then: 'pause' },
}

/** Milliseconds between two looks of the guard, in every plan of the campaign. */
export const INTERVAL = 1_000
