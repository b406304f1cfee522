import type { PlanConsequence } from '../domain/plan/checks.ts'
import { givingUp, type StopCause } from '../domain/release/giving-up.ts'
import type { Run } from './run.ts'

/** Goes back or is paused, as the plan says; where that is a person's to decide, paused until somebody has. */
export function giveUp(
  then: PlanConsequence,
  why: { readonly cause: StopCause; readonly by: 'guard' | 'sluice'; readonly reason: string },
  run: Run,
): void {
  const next = givingUp(then, why, { state: run.state(), asks: run.input.asksToGoBack === true })
  if (next.kind === 'go-back') return run.abandon(why.cause, why.by, why.reason)
  run.pause(next.cause, next.reason, next.asksToGoBack)
  run.tell(`${run.input.version}: paused, ${next.reason}`, why.cause === 'inconclusive' ? 'warning' : 'alarm')
}
