import type { Instant } from '../units.ts'
import type { LaneState } from './lane-state.ts'

/** What the lane's keeper has seen: repairs that it made with this turn, or a fault that began or ended. */
export function kept<Entry>(
  lane: LaneState<Entry>,
  seen: {
    readonly repair: string | null
    readonly times: number
    readonly fault: string | null
    readonly turn: number
  },
  now: Instant,
): LaneState<Entry> {
  const { keeping } = lane
  const last = seen.repair === null ? keeping.last : { text: seen.repair, at: now }
  const repairs = keeping.repairs + seen.times
  return {
    ...lane,
    turn: Math.max(lane.turn, seen.turn),
    epoch: lane.epoch + 1,
    keeping: { repairs, last, fault: seen.fault },
  }
}

/**
 * A release that this lane does not know has the router: where everybody is at rest is not known any more. Whoever names the
 * pool, or the next release, begins from what the router shows.
 */
export function overtakenUnseen<Entry>(lane: LaneState<Entry>, fault: string): LaneState<Entry> {
  const forgotten = { rest: null, promotedVersion: null, ...(lane.former !== undefined && { former: null }) }
  return { ...lane, ...forgotten, keeping: { ...lane.keeping, fault } }
}
