import type { Action } from '../plan/actions.ts'
import type { Check } from '../plan/checks.ts'
import type { Problem } from '../problems.ts'
import type { Milliseconds } from '../units.ts'

/** What the rules look at: a plan that is valid, complete and expanded. */
export interface GovernedPlan {
  readonly steps: readonly { readonly kind: string; readonly label: string }[]
  readonly actions: readonly Action[]
  readonly checks: readonly Check[]
  readonly interval: Milliseconds
  readonly onFail: 'rollback' | 'pause'
  readonly errorBudget: number
}

/** One thing that a plan does less of than a rule asks. */
export type Weakness = Pick<Problem, 'path' | 'message' | 'received' | 'expected' | 'fix'>
