import type { ErrorRateCheck, LatencyCheck, RelativeRule } from '../checks/shapes.ts'
import { formatQuantile } from '../explain.ts'
import { boundsOf, type LatencyShape, slowerThan } from '../judges/sequential/latency-shape.ts'
import { bisect } from '../statistics/bisect.ts'
import { formatMultiple, poissonQuantile } from './event-power.ts'
import { chanceOfMore, gatheredPower, type SeenAbove, seenAbove, WORST_SLOWDOWN } from './limit-power.ts'
import { type BakePlan, expectedRequests, meanOverQuantiles, QUANTILES, riseSight, type Sight } from './power.ts'

/**
 * What an `errorRate` check with a bare ratio to stable sees of a rise of the share of failed requests. In a look of m
 * requests of the canary and n of stable it is a breach when the canary has more than maxRatio·max(1, e)·m/n errors, e being
 * stable's: binomial for the canary, averaged over a Poisson e.
 */
export function errorRatioSight(_check: ErrorRateCheck, rule: RelativeRule, from: number): Sight {
  const rise = (plan: BakePlan, to: number) => riseInLooks(plan, rule, from, to)
  return riseSight(from, { rise, accepts: (to) => to <= rule.maxRatio * from, falseAlarm: (plan) => rise(plan, from) })
}

function riseInLooks(plan: BakePlan, rule: RelativeRule, from: number, to: number): number {
  const { canary, stable } = expectedRequests(plan, plan.interval)
  const slower = Math.min(canary, stable)
  if (!(slower > 0)) return 0
  return gatheredPower(plan, rule, slower, (requests) => {
    const [ours, theirs] = [Math.round((requests * canary) / slower), (requests * stable) / slower]
    return meanOverQuantiles((p) => {
      const errors = Math.max(1, poissonQuantile(theirs * from, p))
      return chanceOfMore(ours, { share: to, allowed: (rule.maxRatio * errors) / theirs })
    })
  })
}

/**
 * What a `latency` check with a bare ratio to stable sees when all requests take longer. A quantile q is a breach when more
 * than 1 − q of the canary's requests are slower than maxRatio times stable's quantile, which is one of 15 by how likely each
 * is; the chances of several quantiles count as independent. Null when all of it lies above the largest bucket: then nobody
 * can tell.
 */
export function latencyRatioSight(check: LatencyCheck, rule: RelativeRule, shape: LatencyShape): Sight | null {
  const lowest = Math.min(...check.quantiles)
  if (rule.maxRatio * quantileOf(shape, lowest) > (boundsOf(shape).at(-1) ?? 0)) return null
  const limitsAt = rememberLimits(check, rule, shape)
  const power = (plan: BakePlan, factor: number): number => {
    const { canary, stable } = expectedRequests(plan, plan.interval)
    const slower = Math.min(canary, stable)
    if (!(factor <= 1e6 && slower > 0 && rule.maxRatio > 0)) return 0
    return gatheredPower(plan, rule, slower, (requests) => {
      const [ours, theirs] = [Math.round((requests * canary) / slower), Math.round((requests * stable) / slower)]
      const quiet = limitsAt(theirs).map(({ allowed, seen }) => {
        const chances = seen.map((above) => chanceOfMore(ours, { ...above(factor), allowed }))
        return 1 - chances.reduce((sum, one) => sum + one, 0) / chances.length
      })
      return 1 - quiet.reduce((product, one) => product * one, 1)
    })
  }
  return {
    power: (plan, factor) => (factor > 1 ? power(plan, factor) : 0),
    accepts: (factor) => factor <= rule.maxRatio,
    falseAlarm: (plan) => power(plan, 1),
    none: 1,
    worst: WORST_SLOWDOWN,
    describe: (factor) =>
      `all requests ${formatMultiple(factor)} as slow (${check.quantiles.map(formatQuantile).join(', ')})`,
    format: formatMultiple,
  }
}

/** What a quantile of the canary must not exceed, for each quantile that stable may show. */
interface Limits {
  readonly allowed: number
  /** What is seen above each limit, by how many times as slow the canary is. */
  readonly seen: readonly ((factor: number) => SeenAbove)[]
}

/** The limits of each quantile by stable's requests, a pure function that keeps its answers: searches ask again and again. */
function rememberLimits(
  { quantiles }: LatencyCheck,
  { maxRatio }: RelativeRule,
  shape: LatencyShape,
): (requests: number) => readonly Limits[] {
  const known = new Map<number, readonly Limits[]>()
  return (requests) => {
    const limits =
      known.get(requests) ??
      quantiles.map((quantile) => ({
        allowed: 1 - quantile,
        seen: limitsOf(shape, quantile, requests, maxRatio),
      }))
    known.set(requests, limits)
    return limits
  }
}

/** For 15 quantiles of stable over so many requests: what is seen above `ratio` times it; nothing beyond the buckets. */
function limitsOf(
  shape: LatencyShape,
  quantile: number,
  requests: number,
  ratio: number,
): readonly ((factor: number) => SeenAbove)[] {
  const largest = boundsOf(shape).at(-1) ?? 0
  return QUANTILES.map((p) => {
    // Stable's quantile lies above a time when more than 1 − q of its requests took longer than that.
    const theirs = bisect(
      (seconds) => chanceOfMore(requests, { ...seenAbove(shape, seconds)(1), allowed: 1 - quantile }) > p,
      0,
      largest,
    )
    return theirs * ratio > largest ? () => NOTHING_SEEN : seenAbove(shape, theirs * ratio)
  })
}

const NOTHING_SEEN: SeenAbove = { share: 0, spread: 1 }

function quantileOf(shape: LatencyShape, quantile: number): number {
  const slower = slowerThan(shape)
  const largest = boundsOf(shape).at(-1) ?? 0
  return bisect((seconds) => slower(seconds) > 1 - quantile, 0, largest)
}
