import { failureOf } from '../plan/consequences.ts'
import type { ProblemPath } from '../problems.ts'
import type { GovernedPlan, Weakness } from './governed-plan.ts'
import { placedChecks, stepPath } from './plan-places.ts'

/** Where a plan answers a failure with less than a rollback: as a whole, by a check, or by a call. */
export function mildFailures(plan: GovernedPlan): readonly Weakness[] {
  return [...mildPlan(plan), ...mildChecks(plan), ...mildCalls(plan)]
}

function mildPlan({ onFail }: GovernedPlan): readonly Weakness[] {
  return onFail === 'rollback' ? [] : [mild(['onFail'], 'the plan', onFail)]
}

function mildChecks(plan: GovernedPlan): readonly Weakness[] {
  return placedChecks(plan).flatMap(({ check, path }) => {
    const at = [...path, 'onFail']
    const name = `the check ${check.name}`
    if (check.onFailFlag !== undefined) return [mild(at, name, `sets ${check.onFailFlag.flag} off first`)]
    const failure = failureOf(check, plan.onFail)
    // What only warns is the matter of another rule, and what the plan says has been said.
    return failure === 'rollback' || failure === 'warn' || failure === plan.onFail ? [] : [mild(at, name, failure)]
  })
}

function mildCalls(plan: GovernedPlan): readonly Weakness[] {
  return plan.actions.flatMap((action) => {
    if (action.kind !== 'hook' && action.kind !== 'call-gate') return []
    const { onFail = 'rollback', call, step } = action
    return onFail === 'rollback' ? [] : [mild(stepPath(plan, step, 'onFail'), `the call ${call}`, onFail)]
  })
}

function mild(path: ProblemPath, what: string, received: string): Weakness {
  const fix = 'write rollback, or remove onFail'
  return { path, message: `${what} does not roll back at once when it fails`, received, expected: 'rollback', fix }
}
