import type { Check } from '../plan/checks.ts'
import type { Plan } from '../plan/plan.ts'
import { raiseAt } from '../plan/raises.ts'
import type { Instant } from '../units.ts'
import type { BakeClock } from './bake-clock.ts'
import { type BakeMove, bakeMove } from './bake-move.ts'
import { type GuardState, type RaiseProposal, standingOf } from './guard.ts'
import { evidenceSince, type ReleaseState } from './release-state.ts'
import { warmsUpUntil } from './warm-up.ts'

/** A release whose bake is over by its clock, and what its guard knows; null when that has never looked. */
interface AtEnd {
  readonly clock: BakeClock
  readonly state: ReleaseState
  readonly plan: Plan
  /** Those that must pass. */
  readonly checks: readonly Check[]
  readonly guard: GuardState | null
  readonly now: Instant
  /** False for releases that an older version started: whatever their guard has seen counts. */
  readonly isKept: boolean
}

/** What the bake of a release does whose time is over. */
export function bakeEnd({ clock, state, plan, checks, guard, now, isKept }: AtEnd): BakeMove {
  const { interval, onInconclusive } = plan
  const since = isKept ? evidenceSince(state) : null
  const raise = raiseAt(state.position, plan.actions)
  const proposal = guard?.raise?.to === raise?.to ? guard?.raise : undefined
  const waiting = guard === null ? { waiting: null } : waitingOf(checks, guard, since)
  const move = bakeMove({
    ...{ clock, now, state: guard, interval, holdFor: onInconclusive.holdFor },
    ...(raise === null || waiting.waiting !== null ? waiting : { waiting: unaffordable(proposal) }),
    warmsUpUntil: warmsUpUntil(state, plan, checks),
  })
  // Whom a person lets go on, nothing was weighed for.
  return move.kind === 'end' && proposal?.isAffordable === true && !clock.isEnded
    ? { ...move, raise: proposal.reason }
    : move
}

/** Why the raise that is planned waits, or null when it is affordable. */
function unaffordable(proposal: RaiseProposal | undefined): string | null {
  if (proposal === undefined) return 'the guard has not weighed the next weight yet'
  return proposal.isAffordable ? null : proposal.reason
}

/** Why the checks do not pass yet, or null when they do, and whether all of these are checks that hold. */
function waitingOf(checks: readonly Check[], guard: GuardState, since: Instant | null) {
  const standing = standingOf(checks, guard, since)
  return standing.isPassing ? { waiting: null } : { waiting: standing.waiting, isHeld: standing.isHeld === true }
}
