import type { PoolRoles } from '../exposure.ts'
import type { Abandonment } from '../release/release-events.ts'
import type { ReleaseEnd } from '../release/release-state.ts'
import { releaseName } from '../target.ts'
import type { Instant } from '../units.ts'
import { type Former, unwatched } from './former.ts'
import { recover } from './lane-recovery.ts'
import { type LaneState, NOTHING_KEPT, nextTurn } from './lane-state.ts'
import { vetoesAfter } from './leave-to-start.ts'

/**
 * Takes the first waiting release as the running one and gives it a turn: the time of its start, or more where the clock
 * or a foreign hand had been ahead. Whatever the lane starts owns the router from then on.
 */
export function start<Entry>(lane: LaneState<Entry>, now: Instant, flags: readonly string[] = []): LaneState<Entry> {
  const [first, ...queue] = lane.queue
  if (first === undefined || lane.running !== null) return lane
  const turn = nextTurn(lane, now)
  const former = lane.former ?? null
  return {
    ...lane,
    turn,
    epoch: 0,
    running: {
      ...{ releaseId: first.releaseId, number: first.number, turn, isStarting: true },
      ...(flags.length > 0 && { flags }),
      ...(first.isReturn === true && former !== null && { former: unwatched(former) }),
    },
    queue,
    // Its pool is the canary's from now on.
    ...(former !== null && { former: null }),
  }
}

/** The release that runs has its workflow. */
export function markStarted<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  const { running } = lane
  return running?.releaseId === releaseId ? { ...lane, running: { ...running, isStarting: false } } : lane
}

/** How a release reports its end. */
export interface EndReport {
  readonly releaseId: string
  readonly outcome: ReleaseEnd
  readonly version: string
  /** The pools as the release had them; null when it never knew. Absent in reports of an older version. */
  readonly roles?: PoolRoles | null
  /** The turn it ended with. Absent in reports of an older version. */
  readonly turn?: number
  /** Why it was abandoned, in a sentence and by kind. Absent in reports of an older version, and for one that was promoted. */
  readonly reason?: string
  readonly cause?: Abandonment['cause']
  /** What it has left to go back to; absent or null for nothing. */
  readonly former?: Former | null
}

/**
 * Somebody says that the release that runs has ended. Anybody can say so: the lane is freed only when Temporal has
 * confirmed it, and the mark goes away again when it has not.
 */
export function markEnding<Entry>(lane: LaneState<Entry>, releaseId: string, isEnding: boolean): LaneState<Entry> {
  const { running } = lane
  return running?.releaseId === releaseId ? { ...lane, running: { ...running, isEnding } } : lane
}

/** Frees the lane when the release that runs has ended; anything else is a late or repeated report and changes nothing. */
export function ended<Entry>(lane: LaneState<Entry>, report: EndReport, now: Instant): LaneState<Entry> {
  const { running } = lane
  if (running?.releaseId !== report.releaseId) return lane
  const isPromoted = report.outcome === 'promoted'
  const { vetoes = [] } = lane
  const known = vetoesAfter(vetoes, report, now)
  const former = isPromoted ? report.former : formerAfter(running, report)
  return {
    ...lane,
    ...(known !== vetoes && { vetoes: known }),
    running: null,
    promotedVersion: isPromoted ? report.version : lane.promotedVersion,
    promotedNumber: isPromoted ? running.number : lane.promotedNumber,
    ...(former !== undefined && { former }),
    ...(isPromoted && (running.flags ?? lane.promotedFlags) !== undefined && { promotedFlags: running.flags ?? [] }),
    rest: restAfter(lane.rest, report),
    ...{ turn: nextTurn({ turn: Math.max(lane.turn, report.turn ?? 0) }, now), epoch: 0, keeping: NOTHING_KEPT },
  }
}

/** A return that nobody is on any more leaves its pool as it was. */
function formerAfter({ former }: { readonly former?: Former }, { outcome }: EndReport): Former | undefined {
  return outcome === 'rolled-back' || outcome === 'refused' ? former : undefined
}

function restAfter(rest: PoolRoles | null, { outcome, roles = null }: EndReport): PoolRoles | null {
  if (roles === null) return rest
  switch (outcome) {
    case 'promoted':
      return { stable: roles.canary, canary: roles.stable }
    case 'rolled-back':
      return roles
    case 'refused':
    case 'superseded':
      return rest
  }
}

/**
 * Frees the lane of a release that is over without a report, because somebody terminated it or Temporal did. Nobody holds
 * the router then, so the lane brings it back to where it was before that release, and starts nothing until it has.
 */
export function vanished<Entry>(lane: LaneState<Entry>, releaseId: string, now: Instant): LaneState<Entry> {
  if (lane.running?.releaseId !== releaseId) return lane
  const reason = `${releaseName(releaseId)} ended without reporting it, so nobody held the router`
  const freed = { ...stopped(lane), keeping: NOTHING_KEPT }
  // Whether it had been promoted by then nobody can say, so what is on stable is not known any more.
  if (lane.rest === null) return { ...freed, promotedVersion: null }
  const { flags } = lane.running
  return recover(freed, { reason, by: 'sluice', ...(flags !== undefined && { flags }) }, now)
}

/** The lane once nobody runs the release any more that had the router: what a return went back to is still there. */
export function stopped<Entry>(lane: LaneState<Entry>): LaneState<Entry> {
  const former = lane.running?.former
  return { ...lane, running: null, ...(former !== undefined && { former }) }
}

/** Nobody watches what is promoted any more: the release that did so has closed. */
export function watchClosed<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  const { former = null } = lane
  return former?.releaseId === releaseId ? { ...lane, former: unwatched(former) } : lane
}
