import type { Action } from './actions.ts'
import type { Check } from './checks.ts'

/**
 * Checks of analyses that go on in the background while this action runs: begun at an earlier step, and not past the action
 * by which they must have passed.
 */
export function backgroundAt(position: number, actions: readonly Action[]): readonly Check[] {
  const here = actions[position]
  if (here === undefined) return []
  return actions
    .slice(position)
    .flatMap((action) =>
      action.kind === 'judge' && action.begunAtStep !== undefined && here.step > action.begunAtStep
        ? action.checks
        : [],
    )
}
