import { SluiceError } from '../domain/errors.ts'
import { type Plan, readPlan } from '../domain/plan.ts'
import type { Problem } from '../domain/problems.ts'
import { targetName } from '../domain/target.ts'
import { type ApiDependencies, requireTarget } from './dependencies.ts'
import type { StartBody } from './schemas.ts'

/**
 * The plan a start is meant for: the one that was sent, or the one the target has registered.
 * @throws SluiceError `target.unknown`, `request.invalid` when there is no plan to take.
 */
export async function planOf(
  { plan, service = '', environment = '' }: StartBody,
  deps: Pick<ApiDependencies, 'installation' | 'plans' | 'planContext'>,
): Promise<{ plan: Plan } | { problems: readonly Problem[] }> {
  if (plan !== undefined) return readPlan(plan, deps.planContext)
  const target = { service, environment }
  requireTarget(deps.installation, target)
  const registered = await deps.plans(target)
  if (registered !== null) return readPlan(registered, deps.planContext)
  throw new SluiceError('request.invalid', {
    message: `${targetName(target)} has no plan of its own`,
    expected: 'a plan in the request',
    fix: 'send a plan, or ask an administrator to name one for the target in sluice.yaml',
  })
}
