import type { PoolRoles } from '../exposure.ts'
import type { Instant } from '../units.ts'
import { type FallBack, fallBackProblem, unwatched } from './former.ts'
import { type LaneState, nextTurn, type Recovery } from './lane-state.ts'
import { vetoesAfter } from './leave-to-start.ts'

type RecoveryWish = Pick<Recovery, 'reason' | 'by' | 'flags'>

/** Begins to bring the router back to rest; nothing happens where nobody knows what rest is. */
export function recover<Entry>(lane: LaneState<Entry>, wish: RecoveryWish, now: Instant): LaneState<Entry> {
  if (lane.rest === null) return lane
  const { reason, by } = wish
  const begun = lane.recovery ?? { reason, by, since: now, tries: 0, lastError: null }
  const flags = [...new Set([...(begun.flags ?? []), ...(wish.flags ?? [])])]
  const recovery = { ...begun, ...(flags.length > 0 && { flags }) }
  const { former = null } = lane
  // Nobody has left the version that is on stable, so the one before it is where it was.
  const kept = former !== null && { former: unwatched(former) }
  return { ...lane, ...kept, turn: nextTurn(lane, now), epoch: lane.epoch + 1, recovery }
}

/**
 * The same to the pools that a person has named; null for those that the lane knows. On the other one than its own is the
 * version before, as far as anybody knows: it carries none of the flags that were set for the version that is left.
 */
export function recoverTo<Entry>(
  lane: LaneState<Entry>,
  roles: PoolRoles | null,
  wish: RecoveryWish,
  now: Instant,
): LaneState<Entry> {
  if (lane.rest === null) return recover({ ...lane, rest: roles }, wish, now)
  if (roles === null || roles.stable === lane.rest.stable) return recover(lane, wish, now)
  const flags = [...(wish.flags ?? []), ...(lane.promotedFlags ?? [])]
  return recover(turnedRound(lane), { ...wish, flags }, now)
}

/** The lane with its pools in each other's place, and what is known of the version that has everybody then. */
function turnedRound<Entry>(lane: LaneState<Entry>): LaneState<Entry> {
  const { rest, former = null, promotedFlags: _flags, ...others } = lane
  return {
    ...others,
    rest: rest && { stable: rest.canary, canary: rest.stable },
    promotedVersion: former?.version ?? null,
    ...(former !== null && { former: null }),
  }
}

/**
 * The promoted version has failed while it was watched: everybody goes back to the version before, by a recovery that is
 * tried without end. The version is not started again until somebody allows it. The same lane when that cannot be.
 */
export function fallenBack<Entry>(lane: LaneState<Entry>, message: FallBack, now: Instant): LaneState<Entry> {
  const { rest, former = null, promotedVersion, promotedFlags, vetoes = [] } = lane
  if (rest === null || former === null || fallBackProblem(lane, message, now) !== null) return lane
  const { releaseId, cause, reason } = message
  const end = { releaseId, outcome: 'rolled-back', version: promotedVersion ?? '', reason, cause } as const
  const back = {
    ...turnedRound(lane),
    ...(promotedVersion !== null && { vetoes: vetoesAfter(vetoes, end, now) }),
  }
  return recover(
    back,
    {
      reason: `${promotedVersion ?? 'the promoted version'} failed, ${reason}`,
      by: 'guard',
      ...(promotedFlags !== undefined && { flags: promotedFlags }),
    },
    now,
  )
}

/** One try of the recovery failed. */
export function recoveryFailed<Entry>(lane: LaneState<Entry>, lastError: string): LaneState<Entry> {
  const { recovery } = lane
  if (recovery === null) return lane
  return { ...lane, recovery: { ...recovery, tries: recovery.tries + 1, lastError } }
}

/** The router is at rest again, as read back with this turn. */
export function recovered<Entry>(lane: LaneState<Entry>, turn: number): LaneState<Entry> {
  return { ...lane, recovery: null, turn: Math.max(lane.turn, turn) }
}
