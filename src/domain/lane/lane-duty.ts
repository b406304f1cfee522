import type { PoolRoles } from '../exposure.ts'
import { isOpen } from './lane-queue.ts'
import type { LaneState, Waiting } from './lane-state.ts'

/** The release that may start now: the target is free, neither frozen nor pinned, and its router is where it belongs. */
export function nextToStart<Entry>(lane: LaneState<Entry>): Waiting<Entry> | null {
  const [next] = lane.queue
  if (next === undefined || lane.running !== null || lane.recovery !== null) return null
  return next.isReturn === true || isOpen(lane) ? next : null
}

/** What the lane is to do now. Exactly one thing at a time, and one of them always holds the router. */
export type Duty<Entry> =
  | { readonly kind: 'recover' }
  | { readonly kind: 'follow'; readonly releaseId: string; readonly isEnding: boolean }
  | { readonly kind: 'start'; readonly next: Waiting<Entry> }
  | { readonly kind: 'hold'; readonly rest: PoolRoles }
  | { readonly kind: 'wait' }

/** The duty that follows from what the lane knows. */
export function dutyOf<Entry>(lane: LaneState<Entry>): Duty<Entry> {
  if (lane.recovery !== null) return { kind: 'recover' }
  if (lane.running !== null) {
    const { releaseId, isEnding = false } = lane.running
    return { kind: 'follow', releaseId, isEnding }
  }
  const next = nextToStart(lane)
  if (next !== null) return { kind: 'start', next }
  return lane.rest === null || lane.isUnrouted === true ? { kind: 'wait' } : { kind: 'hold', rest: lane.rest }
}
