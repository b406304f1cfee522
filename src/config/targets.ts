import { SluiceError } from '../domain/errors.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import type { Installation } from './installation.ts'
import type { TargetConfig } from './installation-schema.ts'

/** @throws SluiceError `target.unknown` */
export function requireTarget(installation: Installation, target: TargetId): TargetConfig {
  const found = installation.find(target)
  if (found !== null) return found
  const known = installation.targets.slice(0, 10).map(targetName).join(', ')
  throw new SluiceError('target.unknown', {
    message: `there is no target ${targetName(target)} in sluice.yaml`,
    received: targetName(target),
    expected: `a target from sluice.yaml, such as ${known}`,
    fix: `use one of these (${known}), or ask an administrator to register the target`,
  })
}

/**
 * The plan that a target has registered, parsed but not checked.
 * @throws SluiceError `target.unknown`, `request.invalid` when it has none
 */
export async function registeredPlanOf(
  target: TargetId,
  { installation, plans }: { readonly installation: Installation; readonly plans: (of: TargetId) => Promise<unknown> },
): Promise<unknown> {
  requireTarget(installation, target)
  const registered = await plans(target)
  if (registered !== null) return registered
  throw new SluiceError('request.invalid', {
    message: `${targetName(target)} has no plan of its own`,
    expected: 'a plan in the request',
    fix: 'start it with a plan, from anywhere but Slack, or ask an administrator to name one for the target in sluice.yaml',
  })
}
