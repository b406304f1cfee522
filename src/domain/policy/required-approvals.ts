import { formatWeight } from '../units.ts'
import type { GovernedPlan, Weakness } from './governed-plan.ts'
import { firstFrom, weightPath } from './plan-places.ts'
import type { Policy } from './policy.ts'

type RequiredApproval = NonNullable<Policy['approvals']>[number]

/** `2 of sre have approved, not the author`. */
export function approvalText({ by, need, notAuthor }: RequiredApproval): string {
  return `${need === 1 ? 'somebody' : need} of ${by} ${need === 1 ? 'has' : 'have'} approved${notAuthor ? ', not the author' : ''}`
}

/** The weight that comes without an approval it needs; null when nothing is missing. */
export function missingApproval(plan: GovernedPlan, wanted: RequiredApproval): Weakness | null {
  const raised = firstFrom(wanted.before, plan)
  if (raised === null) return null
  const isAsked = plan.actions
    .slice(0, raised.index)
    .some(
      (action) =>
        action.kind === 'ask' &&
        action.by === wanted.by &&
        action.need >= wanted.need &&
        (action.notAuthor || !wanted.notAuthor),
    )
  if (isAsked) return null
  const { by, need, notAuthor, before } = wanted
  return {
    path: weightPath(plan, raised),
    message: `${formatWeight(raised.weight)} comes before an approval that it needs`,
    expected: `approve: { by: ${by}, need: ${need}, notAuthor: ${notAuthor} } before ${formatWeight(before)} or more`,
    fix: 'add the step before this one, or change the one that is there',
  }
}
