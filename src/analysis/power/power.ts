import { type BasisPoints, FULL_WEIGHT, formatDuration, formatWeight, type Milliseconds } from '../../domain/units.ts'
import { formatShare } from '../explain.ts'

/** A bake and the traffic expected in it. */
export interface BakePlan {
  /** Requests per second of both arms together. */
  readonly requestsPerSecond: number
  /** The canary's share of them. */
  readonly weight: BasisPoints
  /** The part of it that counts. */
  readonly bake: Milliseconds
  /** The part before, in which the canary warms up; absent: none. */
  readonly warmUp?: Milliseconds
  /** Time between looks. */
  readonly interval: Milliseconds
}

/**
 * How one check sees one kind of regression, whose size is a number in the check's own unit: a share of failed requests, a
 * ratio of rates, a slowdown.
 */
export interface Sight {
  /** Probability, in [0, 1], that the bake fails a canary that is so bad, everything else being as planned. */
  readonly power: (plan: BakePlan, size: number) => number
  /** True when the check is meant to let such a canary pass. */
  readonly accepts: (size: number) => boolean
  /**
   * Probability, in [0, 1], that the bake fails a canary that is as stable is; null for a check whose share of the error
   * budget bounds it. What such a check accepts it never sees more often; what a limit accepts fails it all the same.
   */
  readonly falseAlarm: ((plan: BakePlan) => number) | null
  /** The size of no regression, and the largest that is looked for; below `none` when the regression is a fall. */
  readonly none: number
  readonly worst: number
  /** As in "this bake sees …": `a rise from 0.5% to 2%`. */
  readonly describe: (size: number) => string
  /** `2%`, `0.8x` */
  readonly format: (size: number) => string
}

/** The power that a bake should have. */
export const GOOD_POWER = 0.9
/** Longest bake that is proposed. */
const LONGEST_BAKE: Milliseconds = 30 * 86_400_000
/** Sizes are searched to this part of themselves, bakes to this part of their looks. */
const SIZE_GRAIN = 0.01
const LOOKS_GRAIN = 200

/** False for a bake in which nothing can happen, or whose figures are none. */
export function isPossible({ requestsPerSecond, weight, bake, interval }: BakePlan): boolean {
  return (
    requestsPerSecond > 0 &&
    requestsPerSecond <= 1e12 &&
    weight > 0 &&
    weight <= FULL_WEIGHT &&
    bake > 0 &&
    bake <= 1e15 &&
    interval > 0
  )
}

/** Requests of both arms in a time. */
export function expectedRequests(
  { requestsPerSecond, weight }: BakePlan,
  time: Milliseconds,
): { readonly canary: number; readonly stable: number } {
  const requests = (requestsPerSecond * time) / 1_000
  const canary = (requests * weight) / FULL_WEIGHT
  return { canary, stable: requests - canary }
}

/** The shortest bake, in whole looks, that sees a regression of this size; null when 30 days do not. */
export function bakeForPower(sight: Sight, plan: BakePlan, size: number, power = GOOD_POWER): Milliseconds | null {
  const interval = Math.max(1_000, plan.interval)
  const most = Math.ceil(LONGEST_BAKE / interval)
  const reaches = (looks: number): boolean => sight.power({ ...plan, bake: looks * interval }, size) >= power
  let high = 1
  while (high < most && !reaches(high)) high = Math.min(most, high * 2)
  if (!reaches(high)) return null
  let low = Math.floor(high / 2)
  while (high - low > Math.max(1, high / LOOKS_GRAIN)) {
    const middle = Math.floor((low + high) / 2)
    if (reaches(middle)) high = middle
    else low = middle
  }
  return high * interval
}

/** The smallest regression, to 1%, that this bake sees; null when it does not even see the worst. */
export function smallestSize(sight: Sight, plan: BakePlan): number | null {
  const { none, worst } = sight
  const sees = (size: number): boolean => sight.power(plan, size) >= GOOD_POWER
  if (!sees(worst)) return null
  let [blind, seen] = [none, worst]
  while (Math.abs(seen - blind) > SIZE_GRAIN * Math.max(Math.abs(seen), Math.abs(none - worst) / 1e4)) {
    // Rises span orders of magnitude, falls do not.
    const middle = blind > 0 && seen / blind > 2 ? Math.sqrt(blind * seen) : (blind + seen) / 2
    if (sees(middle)) seen = middle
    else blind = middle
  }
  return seen
}

/** What a bake sees of a regression, and what it would take to see more. */
interface BakePower {
  readonly power: number
  /** The bake that has 90% power; null when none up to 30 days has, and when this one does. */
  readonly needs: Milliseconds | null
  /** The smallest regression that this bake sees with 90%; null when there is none. */
  readonly from: number | null
}

/** Power, and where it is below 90% what would give it. */
export function powerOfBake(sight: Sight, plan: BakePlan, size: number): BakePower {
  const power = sight.power(plan, size)
  const needs = power >= GOOD_POWER ? null : bakeForPower(sight, plan, size)
  return { power, needs, from: smallestSize(sight, plan) }
}

/**
 * `at 50 requests/s and a weight of 1%, this bake of 10m sees a rise from 0.1% to 1% with 34% power; a bake of
 * 25m would have 90% power; this one reaches 90% at 1.8% or more`
 */
export function describePower(sight: Sight, plan: BakePlan, size: number, found: BakePower): string {
  const said = `${describeSetting(plan)}, this bake of ${bakeText(plan)} sees ${sight.describe(size)} with ${formatPower(found.power)} power`
  if (found.power >= GOOD_POWER) return said
  const longer =
    found.needs === null
      ? 'no bake up to 30d would have 90% power'
      : `a bake of ${formatDuration(found.needs + (plan.warmUp ?? 0))} would have 90% power`
  return `${said}; ${longer}${describeFrom(sight, found.from)}`
}

/** `10m`, or `10m, 1m of it warm-up,` */
function bakeText({ bake, warmUp = 0 }: BakePlan): string {
  const whole = formatDuration(bake + warmUp)
  return warmUp === 0 ? whole : `${whole}, ${formatDuration(warmUp)} of it warm-up,`
}

/** `at 50 requests/s and a weight of 1%` */
export function describeSetting({ requestsPerSecond, weight }: Pick<BakePlan, 'requestsPerSecond' | 'weight'>): string {
  return `at ${String(Number(requestsPerSecond.toPrecision(3)))} requests/s and a weight of ${formatWeight(weight)}`
}

function describeFrom({ none, worst, format }: Sight, from: number | null): string {
  if (from === null) return ''
  return `; this one reaches 90% at ${format(from)} or ${worst < none ? 'less' : 'more'}`
}

/** A check's sight of a rise of the share of failed requests from `from`; the size is the new share. */
export function riseSight(
  from: number,
  { rise, ...rest }: Pick<Sight, 'accepts' | 'falseAlarm'> & { readonly rise: Sight['power'] },
): Sight {
  return {
    ...rest,
    power: (plan, to) => (to > from && to <= 1 ? rise(plan, to) : 0),
    ...{ none: from, worst: 1, format: formatShare },
    describe: (to) => `a rise from ${formatShare(from)} to ${formatShare(to)}`,
  }
}

/** `34%`, `over 99%`, `under 1%` */
export function formatPower(power: number): string {
  if (power > 0.99) return 'over 99%'
  return power < 0.01 ? 'under 1%' : `${Math.round(power * 100)}%`
}

/** Middles of fifteen equally likely parts of a distribution, for a mean over it. */
export const QUANTILES: readonly number[] = Array.from({ length: 15 }, (_, index) => (index + 0.5) / 15)

/** The mean of a function over {@link QUANTILES}. */
export function meanOverQuantiles(of: (p: number) => number): number {
  return QUANTILES.reduce((sum, p) => sum + of(p), 0) / QUANTILES.length
}
