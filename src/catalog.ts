import { argoKind } from './analysis/argo/check-kind.ts'
import { checkExpression } from './analysis/expressions/expression.ts'
import { kayentaKind } from './analysis/kayenta/check-kind.ts'
import { type AdapterLists, type Installation, planContextOf } from './config/installation.ts'
import { CHECK_KINDS, type CheckKind } from './domain/plan/check-kinds.ts'
import type { PlanContext } from './domain/plan/plan.ts'
import { STEP_KINDS } from './domain/plan/steps/index.ts'
import { METRIC_SOURCES } from './metrics/index.ts'
import { ROUTERS } from './routers/index.ts'

/** Where the lists meet. Everything that depends on "which kinds there are" is made from this file. */

export const ADAPTERS: AdapterLists = { routers: ROUTERS, metricSources: METRIC_SOURCES }

/** Every check kind a plan may name: the domain's own and those of the judges that teams bring along. */
export const ALL_CHECK_KINDS: readonly CheckKind[] = [...CHECK_KINDS, kayentaKind, argoKind]

/** What the reading of plans needs to know of an installation. */
export function planContextFor(installation: Installation): PlanContext {
  const kinds = { stepKinds: STEP_KINDS, checkKinds: ALL_CHECK_KINDS, expressionProblem }
  return planContextOf(installation, ADAPTERS, kinds)
}

function expressionProblem(text: string, hasStable: boolean): string | null {
  const checked = checkExpression(text, hasStable ? ['result', 'stable'] : ['result'])
  return checked.ok ? null : checked.message
}
