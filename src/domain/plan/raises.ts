import type { Action, BudgetedRaise } from './actions.ts'

/**
 * The raise that is weighed while this action runs, so that it is known when its bake is over: the bake's own, or while an
 * exposure is made live that of the bake after it. Null where none is planned.
 */
export function raiseAt(position: number, actions: readonly Action[]): BudgetedRaise | null {
  const here = actions[position]
  const bake = here?.kind === 'expose' ? actions[position + 1] : here
  return bake?.kind === 'bake' ? (bake.raise ?? null) : null
}
