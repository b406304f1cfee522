import type { Action, JudgeAction } from '../../domain/plan/actions.ts'
import type { Check } from '../../domain/plan/checks.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { needsCounts } from '../checks/needs.ts'

/** The metric sources that {@link calibratePlan} needs of stable: those of every check that counts. */
export function sourcesToRecord(plan: Plan): readonly string[] {
  return sourcesOf(watchedChecks(plan).map(({ check }) => check))
}

/** Those that it needs of releases that are over, which the checks of analyses are not asked about. */
export function sourcesToReplay(plan: Plan): readonly string[] {
  return sourcesOf(plan.checks)
}

function sourcesOf(checks: readonly Check[]): readonly string[] {
  return [...new Set(checks.flatMap((check) => (needsCounts(check) ? [check.source] : [])))]
}

/** Every check with the stretches of the plan that it watches. */
export function watchedChecks({ actions, checks }: Plan): readonly { check: Check; actions: readonly Action[] }[] {
  const own = actions.flatMap((action, index) =>
    action.kind === 'judge'
      ? action.checks.map((check) => ({ check, actions: actions.slice(0, index + 1), only: action }))
      : [],
  )
  return [
    ...checks.map((check) => ({ check, actions })),
    ...own.map(({ check, actions: before, only }) => ({
      check,
      actions: before.filter((action) => action.kind === 'expose' || action === only || isInBackground(action, only)),
    })),
  ]
}

/** True for what passes while an analysis goes on in the background. */
function isInBackground({ step }: Action, { begunAtStep }: JudgeAction): boolean {
  return begunAtStep !== undefined && step > begunAtStep
}
