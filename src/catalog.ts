import { CHECK_KINDS } from './analysis/checks/index.ts'
import { factsOf, type Installation, planContextOf } from './config/installation.ts'
import type { AdapterLists } from './config/installation-schema.ts'
import { requireTarget } from './config/targets.ts'
import type { PlanContext, TargetFacts } from './domain/plan/plan-context.ts'
import { STEP_KINDS } from './domain/plan/steps/index.ts'
import type { TargetId } from './domain/target.ts'
import { FLAG_STORES } from './flags/index.ts'
import { METRIC_SOURCES } from './metrics/index.ts'
import { ROUTERS } from './routers/index.ts'

/** Where the lists meet. Everything that depends on "which kinds there are" is made from this file. */

export const ADAPTERS: AdapterLists = {
  routers: ROUTERS,
  metricSources: METRIC_SOURCES,
  flagStores: FLAG_STORES,
  checkKinds: CHECK_KINDS,
}

export { CHECK_KINDS }

/** What the reading of plans needs to know of an installation. */
export function planContextFor(installation: Installation): PlanContext {
  return planContextOf(installation, ADAPTERS, { stepKinds: STEP_KINDS, checkKinds: CHECK_KINDS })
}

/**
 * What a target offers a plan.
 * @throws SluiceError `target.unknown`
 */
export function factsFor(installation: Installation, target: TargetId): TargetFacts {
  return factsOf(requireTarget(installation, target), installation, ADAPTERS)
}
