import type { PoolRoles } from '../exposure.ts'
import type { Plan } from '../plan/plan.ts'
import { returnPlan } from '../plan/return-plan.ts'
import type { Abandonment } from '../release/release-events.ts'
import { isWatching, type ReleaseState } from '../release/release-state.ts'
import { releaseName } from '../target.ts'
import type { Instant } from '../units.ts'

/** The version that a promotion has replaced, while its pool may still be there to go back to. Plain JSON. */
export interface Former {
  /** The release that replaced it. */
  readonly releaseId: string
  /** Null when nobody knew what was on stable before. */
  readonly version: string | null
  /** Until when its pool is kept, by the plan's word; null when the plan does not say. */
  readonly until: Instant | null
  /** True while that release goes on watching the promoted version. */
  readonly isWatched: boolean
  /** How to return to it. */
  readonly plan: Plan
}

/** What of a lane a way back depends on. */
export interface FormerState {
  /** Absent or null when there is nothing to go back to. */
  readonly former?: Former | null
}

/** What a promoted release leaves to go back to, or null. */
export function formerOf(
  {
    plan,
    releaseId,
    replaces = null,
  }: { readonly plan: Plan; readonly releaseId: string; readonly replaces?: string | null },
  state: Pick<ReleaseState, 'phase' | 'endedAt' | 'watching'>,
): Former | null {
  const { after } = plan
  if (state.phase !== 'promoted' || after === undefined || state.endedAt === null) return null
  const until = after.keep === undefined ? null : state.endedAt + after.keep
  // A release says that it ends before it begins to watch.
  const isWatched = after.watch !== undefined && (state.watching === undefined || isWatching(state))
  return { releaseId, version: replaces, until, isWatched, plan: returnPlan(plan) }
}

export interface PossibleReturn {
  readonly kind: 'possible'
  readonly version: string
  readonly pool: string
  readonly former: Former
}

/** Why a lane cannot return to the version before, or the version, its pool and how. */
type Return = PossibleReturn | { readonly kind: 'impossible'; readonly message: string; readonly fix: string }

interface LaneNow extends FormerState {
  readonly running: { readonly releaseId: string } | null
  readonly recovery: object | null
  readonly rest: PoolRoles | null
  readonly isUnrouted?: true
}

/** Whether a person may return to the version before now. */
export function returnOf({ running, recovery, rest, isUnrouted, former = null }: LaneNow, now: Instant): Return {
  if (running !== null) {
    const fix = `abort it: that brings everybody back to ${rest?.stable ?? 'stable'}`
    return { kind: 'impossible', message: `${releaseName(running.releaseId)} is running on this target`, fix }
  }
  if (recovery !== null)
    return { kind: 'impossible', message: 'the lane is bringing the router back already', fix: 'wait' }
  if (isUnrouted === true) {
    const fix = 'release a plan that sets its flags off: no freeze holds that'
    return { kind: 'impossible', message: 'the target has no router, and so no pool of the version before', fix }
  }
  const elsewhere =
    'release it with a plan, or, if its pool still runs, send everybody there with sluice recover --stable'
  if (rest === null || former === null || former.until === null) {
    const message = 'no plan says that the pool of the version before is kept'
    return { kind: 'impossible', message, fix: `${elsewhere}; next time write after: { keep: 2h } in the plan` }
  }
  const { version, until } = former
  const pool = rest.canary
  if (version === null)
    return { kind: 'impossible', message: `nobody knows which version is on ${pool}`, fix: elsewhere }
  if (now >= until) {
    const message = `${version} was kept on ${pool} until ${new Date(until).toISOString().slice(0, 16)}Z, which is over`
    return { kind: 'impossible', message, fix: elsewhere }
  }
  return { kind: 'possible', version, pool, former }
}

/** A start as far as it may be a return. */
interface StartWish {
  readonly version: string
  /** True where whoever starts takes the short way back to the version before. */
  readonly mayReturn?: boolean
}

/** The return that a start is, because it asks for the version before and that may still be there; null for a release by its plan. */
export function returnByStart(lane: LaneNow, { version, mayReturn }: StartWish, now: Instant): PossibleReturn | null {
  if (mayReturn !== true) return null
  const way = returnOf(lane, now)
  return way.kind === 'possible' && way.version === version ? way : null
}

/** A return as whoever asked for it is told of it. */
export interface ReturnView {
  readonly version: string
  /** Where everybody goes. */
  readonly pool: string
  /** The version that is left; null when nobody knows it. */
  readonly from: string | null
}

/** What it means that a start is a return, in a sentence. */
export function returnText({ version, pool, from }: ReturnView): string {
  const left = from === null ? '' : ` ${from}`
  return `${version} is the version before${left} and its pool is kept: everybody returns to ${pool} in one step, and the steps of the plan are left out`
}

/** What a release that goes on watching asks of its lane when the promoted version has failed. */
export interface FallBack {
  readonly releaseId: string
  readonly cause: Abandonment['cause']
  readonly reason: string
}

/** Why the lane does not send everybody back by itself, or null when it does. */
export function fallBackProblem(lane: LaneNow, { releaseId }: FallBack, now: Instant): string | null {
  const { running, recovery, rest, former = null } = lane
  if (former === null || rest === null || former.releaseId !== releaseId || running !== null)
    return 'another release has begun since'
  if (recovery !== null) return 'the lane is bringing the router back already'
  if (former.until === null || now >= former.until) return `the pool ${rest.canary} is not kept any more`
  return null
}

/** What can still be gone back to, once the release that replaced it watches no more. */
export function unwatched(former: Former): Former {
  return { ...former, isWatched: false }
}
