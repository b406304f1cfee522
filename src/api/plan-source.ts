import { SluiceError } from '../domain/errors.ts'
import { type Plan, readPlan } from '../domain/plan.ts'
import type { Problem } from '../domain/problems.ts'
import { targetName } from '../domain/target.ts'
import { type ApiDependencies, requireTarget } from './dependencies.ts'
import type { PlanChoice } from './schemas.ts'

type Sources = Pick<ApiDependencies, 'installation' | 'plans' | 'planContext'>

/**
 * The plan a start is meant for: the one that was sent, or the one the target has registered.
 * @throws SluiceError `target.unknown`, `request.invalid` when there is no plan to take.
 */
export async function planOf(body: PlanChoice, deps: Sources): Promise<ReadPlan> {
  return readPlan(await writtenPlanOf(body, deps), deps.planContext)
}

type ReadPlan = { plan: Plan } | { problems: readonly Problem[] }

/** The same plan as it was written, parsed but not checked. */
export async function writtenPlanOf(
  { plan, service = '', environment = '' }: PlanChoice,
  deps: Sources,
): Promise<unknown> {
  if (plan !== undefined) return plan
  const target = { service, environment }
  requireTarget(deps.installation, target)
  const registered = await deps.plans(target)
  if (registered !== null) return registered
  throw new SluiceError('request.invalid', {
    message: `${targetName(target)} has no plan of its own`,
    expected: 'a plan in the request',
    fix: 'send a plan, or ask an administrator to name one for the target in sluice.yaml',
  })
}
