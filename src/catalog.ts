import { checkExpression } from './analysis/expressions/expression.ts'
import { type AdapterLists, type Installation, planContextOf } from './config/installation.ts'
import { CHECK_KINDS } from './domain/check-kinds.ts'
import type { PlanContext } from './domain/plan.ts'
import { STEP_KINDS } from './domain/steps/index.ts'
import { METRIC_SOURCES } from './metrics/index.ts'
import { ROUTERS } from './routers/index.ts'

/** Where the lists meet. Everything that depends on "which kinds there are" is made from this file. */

export const ADAPTERS: AdapterLists = { routers: ROUTERS, metricSources: METRIC_SOURCES }

/** What the reading of plans needs to know of an installation. */
export function planContextFor(installation: Installation): PlanContext {
  return planContextOf(installation, ADAPTERS, { stepKinds: STEP_KINDS, checkKinds: CHECK_KINDS, expressionProblem })
}

function expressionProblem(text: string, hasStable: boolean): string | null {
  const checked = checkExpression(text, hasStable ? ['result', 'stable'] : ['result'])
  return checked.ok ? null : checked.message
}
