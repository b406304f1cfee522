import { registeredPlanOf } from '../config/targets.ts'
import type { ApiDependencies } from './dependencies.ts'
import type { PlanChoice } from './wire/requests.ts'

/**
 * The plan a request is meant for, parsed but not checked: the one that was sent, or the one the target has registered.
 * @throws SluiceError `target.unknown`, `request.invalid` when there is no plan to take.
 */
export async function writtenPlanOf(
  { plan, service = '', environment = '' }: PlanChoice,
  deps: Pick<ApiDependencies, 'installation' | 'plans'>,
): Promise<unknown> {
  return plan ?? registeredPlanOf({ service, environment }, deps)
}
