import type { Outcome, Verdict } from '../../domain/verdict.ts'

/**
 * A look that is weighed and not yet put in words: the words cost more than the weighing, and replays by the thousand read
 * none of them.
 */
export interface WeighedStep<State> {
  readonly state: State
  readonly outcome: Outcome
  readonly tell: () => Verdict
}
