import { SluiceError } from '../domain/errors.ts'
import { targetName } from '../domain/target.ts'
import { type ApiDependencies, requireTarget } from './dependencies.ts'
import { type PlanRead, type ReadPlan, readHere } from './plan-reader.ts'
import type { PlanChoice } from './schemas.ts'

type Sources = Pick<ApiDependencies, 'installation' | 'plans' | 'planContext' | 'readPlan'>

/**
 * The plan a start is meant for: the one that was sent, or the one the target has registered.
 * @throws SluiceError `target.unknown`, `request.invalid` when there is no plan to take.
 */
export async function planOf(body: PlanChoice, deps: Sources): Promise<PlanRead> {
  return planReaderOf(deps)(await writtenPlanOf(body, deps))
}

/** How plans are read here. */
export function planReaderOf({ readPlan, planContext }: Pick<Sources, 'planContext' | 'readPlan'>): ReadPlan {
  return readPlan ?? readHere(planContext)
}

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
