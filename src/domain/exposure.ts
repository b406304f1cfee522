import { areSameFlags, FLAG_OFF, type FlagReaches, isAllOrNobody, isWider, reachIn, widestReach } from './flag-reach.ts'
import { type BasisPoints, FULL_WEIGHT, type Instant } from './units.ts'

/** Who gets the new version now, as one whole desired state: never a change relative to what was there. */
export interface Exposure {
  /** Share of all users on the canary, in basis points. */
  readonly weight: BasisPoints
  /** Cohorts that are on the canary whatever the weight, sorted, without repeats. */
  readonly cohorts: readonly string[]
  /** Feature flags that the release has set, each as it is to be; absent as long as it has set none. */
  readonly flags?: FlagReaches
  /** Present while who has a try-it ticket of the release is on the canary. */
  readonly tickets?: true
  /** Present where no router splits the users: whom the flags reach is who counts as on the canary. */
  readonly byFlags?: true
  /**
   * Share of the requests of stable's users of which the canary gets a copy, above 0; absent: none. Users have stable's answers
   * all the same. Only while the weight is 0.
   */
  readonly mirror?: BasisPoints
}

/** Nobody on the canary: the exposure a rollback returns to. */
export const NO_EXPOSURE: Exposure = { weight: 0, cohorts: [] }

/** The same of a target that has no router. */
export const NO_FLAGS: Exposure = { ...NO_EXPOSURE, byFlags: true }

/** A stretch of time with one exposure: from when it was read back until the next one was asked for; null while it lasts. */
export interface ExposureSpan {
  readonly exposure: Exposure
  readonly from: Instant
  readonly until: Instant | null
}

/** The two roles that pools play during a release, by the name of the pool. */
export interface PoolRoles {
  readonly stable: string
  readonly canary: string
}

/** The roles in which this one of two pools has everybody; null when it is none of them. */
export function rolesWith(stable: string, pools: readonly string[]): PoolRoles | null {
  const canary = pools.find((pool) => pool !== stable)
  return canary !== undefined && pools.includes(stable) ? { stable, canary } : null
}

/**
 * Orders writes to one router. A router keeps the highest fence it has seen and refuses lower ones, so a late retry of
 * an old step cannot overwrite a newer one. `release` is the turn of the release: when its lane started it, so that the
 * one that started last owns the router, whatever its number. `epoch` rises by one with each exposure of that release.
 * Compared by turn first, then by epoch.
 */
export interface Fence {
  readonly release: number
  readonly epoch: number
}

/** Negative when `left` is older than `right`, 0 when equal, positive when newer. */
export function compareFences(left: Fence, right: Fence): number {
  return left.release === right.release ? left.epoch - right.epoch : left.release - right.release
}

/** True when both describe the same users on the canary, the same copies for it, and the same flags. */
export function isSameExposure(left: Exposure, right: Exposure): boolean {
  return isSameRouting(left, right) && areSameFlags(left.flags, right.flags)
}

/** The same, whatever the flags. */
export function isSameRouting(left: Exposure, right: Exposure): boolean {
  return (
    left.weight === right.weight &&
    sortedCohorts(left.cohorts).join() === sortedCohorts(right.cohorts).join() &&
    left.tickets === right.tickets &&
    left.mirror === right.mirror
  )
}

/**
 * True when somebody has something new afterwards who had not, or the canary gets more of the requests: more weight, a further
 * cohort, tickets, more copies, a wider flag.
 */
export function isRaise(before: Exposure, after: Exposure): boolean {
  if (after.weight > before.weight) return true
  if (after.tickets === true && before.tickets !== true) return true
  if ((after.mirror ?? 0) > (before.mirror ?? 0)) return true
  if (after.cohorts.some((cohort) => !before.cohorts.includes(cohort))) return true
  return Object.entries(after.flags ?? {}).some(([name, reach]) =>
    isWider(reachIn(before.flags, name) ?? FLAG_OFF, reach),
  )
}

/** True when the canary is asked anything, by anybody who may be on it or by copies; flags alone put nobody there. */
export function usesCanary({ weight, cohorts, tickets, mirror = 0 }: Exposure): boolean {
  return weight > 0 || cohorts.length > 0 || tickets === true || mirror > 0
}

/** The exposure at this weight: where it begins the canary has requests of its own, and the copies end. */
export function withWeight(exposure: Exposure, weight: BasisPoints): Exposure {
  return { ...(weight > 0 ? withMirror(exposure, 0) : exposure), weight }
}

/** The exposure with copies of this share of stable's requests. */
export function withMirror({ mirror: _, ...exposure }: Exposure, share: BasisPoints): Exposure {
  return share === 0 ? exposure : { ...exposure, mirror: share }
}

/** The exposure with these flags set; as it is without any. */
export function withFlags(exposure: Exposure, flags: FlagReaches): Exposure {
  if (Object.keys(flags).length === 0) return exposure
  const all = { ...exposure.flags, ...flags }
  return { ...exposure, ...(exposure.byFlags === true && widestReach(all)), flags: all }
}

/** The exposure before any of its flags were set. */
export function withoutFlags({ flags: _, ...routing }: Exposure): Exposure {
  return routing.byFlags === true ? NO_FLAGS : routing
}

/** Everybody on the new version, with the flags as they are; without a router the flags alone say who has what. */
export function wholeOf(live: Exposure): Exposure {
  return live.byFlags === true ? live : withFlags({ weight: FULL_WEIGHT, cohorts: [] }, live.flags ?? {})
}

/** True when everybody has what is new; without a router, of each flag by itself. */
export function isWhole({ weight, byFlags, flags = {} }: Exposure): boolean {
  if (weight < FULL_WEIGHT || byFlags !== true) return weight >= FULL_WEIGHT
  return Object.values(flags).every(isAllOrNobody)
}

/** What a way back from `wanted` leads to: the baseline, with those of its flags that the release has set. */
export function wayBack(baseline: Exposure, wanted: Exposure): Exposure {
  const set = Object.keys(wanted.flags ?? {})
  const before = set.map((name) => [name, reachIn(baseline.flags, name) ?? FLAG_OFF])
  return withFlags(withoutFlags(baseline), Object.fromEntries(before))
}

/** Cohort names sorted and without repeats, the form in which exposures are kept and compared. */
export function sortedCohorts(cohorts: readonly string[]): readonly string[] {
  return [...new Set(cohorts)].sort()
}

/**
 * True when the fence is of a release that began after `since` and not later than now: a turn is the time at which its lane
 * started it. A number that another program has written is hardly ever one of these.
 */
export function hasBegunUnseen({ release }: Fence, since: Instant, now: Instant): boolean {
  return release > since && release <= now
}

/** The highest number that every router can keep in a fence. */
const HIGHEST = 999_999_999_999_999

/**
 * The fence with which `own` takes a router over from `newest`: its own where that is newer already, else just above the
 * other one.
 */
export function fenceAbove(newest: Fence, own: Fence): Fence {
  if (compareFences(own, newest) > 0) return own
  if (newest.release > own.release && newest.release < HIGHEST) return { release: newest.release + 1, epoch: own.epoch }
  return { release: newest.release, epoch: newest.epoch + 1 }
}
