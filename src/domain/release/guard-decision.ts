import type { Consequence, PlanConsequence } from '../plan/checks.ts'
import type { StopCause } from './giving-up.ts'
import type { GuardOutcome } from './guard.ts'
import type { Pause } from './release-events.ts'

/** What a guard that ended by itself means for the plan; somebody watches the router afterwards, whatever it was. */
type GuardDecision =
  | { readonly kind: 'abandon'; readonly cause: StopCause | 'superseded' }
  | { readonly kind: 'pause'; readonly cause: Pause['cause'] }
  /** What the plan says of checks that cannot decide, unless the check itself says something else. */
  | { readonly kind: 'inconclusive'; readonly then?: PlanConsequence }
  | { readonly kind: 'end-bake' }
  | { readonly kind: 'go-on' }

/**
 * `failure` is what the failure of the check in question does; `isKept` is false for releases that an older version started, which
 * were paused where others are abandoned by now.
 */
export function decisionOf(
  outcome: GuardOutcome,
  { failure, isKept }: { readonly failure: Consequence; readonly isKept: boolean },
): GuardDecision {
  switch (outcome.kind) {
    case 'failed':
      return failure === 'rollback'
        ? { kind: 'abandon', cause: 'failed-check' }
        : { kind: 'pause', cause: 'failed-check' }
    case 'floor':
      return { kind: 'abandon', cause: 'floor' }
    case 'replaced':
      return failure === 'rollback' ? { kind: 'abandon', cause: 'version' } : { kind: 'pause', cause: 'version' }
    case 'blind':
      return { kind: 'inconclusive', ...(outcome.then !== undefined && { then: outcome.then }) }
    case 'misrouted':
      return { kind: 'pause', cause: isKept ? 'split' : 'router' }
    case 'drifting':
      return { kind: 'pause', cause: 'drift' }
    case 'foreign':
      return isKept ? { kind: 'abandon', cause: 'superseded' } : { kind: 'pause', cause: 'foreign-change' }
    case 'stranger':
      return { kind: 'pause', cause: 'foreign-change' }
    case 'proven':
      return { kind: 'end-bake' }
    case 'noted':
    case 'repaired':
      return { kind: 'go-on' }
  }
}
