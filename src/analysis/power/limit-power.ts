import type { ErrorRateCheck, LatencyCheck, ThresholdRule } from '../checks/shapes.ts'
import { formatQuantile, formatSeconds } from '../explain.ts'
import { boundsOf, type LatencyShape, slowerThan } from '../judges/sequential/latency-shape.ts'
import { incompleteBeta } from '../statistics/incomplete-beta.ts'
import { logLowerGamma } from '../statistics/incomplete-gamma.ts'
import { logGamma } from '../statistics/log-gamma.ts'
import { normalCdf, normalQuantile } from '../statistics/normal.ts'
import { formatMultiple } from './event-power.ts'
import { type BakePlan, expectedRequests, isPossible, meanOverQuantiles, riseSight, type Sight } from './power.ts'

/** What an `errorRate` check with a fixed limit sees of a rise of the share of failed requests. */
export function errorLimitSight(_check: ErrorRateCheck, rule: ThresholdRule, from: number): Sight {
  const rise = (plan: BakePlan, share: number) => limitPower(plan, rule, { share, allowed: rule.max })
  return riseSight(from, { rise, accepts: (to) => to <= rule.max, falseAlarm: (plan) => rise(plan, from) })
}

/** Largest slowdown that is looked for. */
export const WORST_SLOWDOWN = 100

/**
 * What a `latency` check with a fixed limit sees when all requests take longer. A quantile q is above the limit when more
 * than 1 − q of the requests are slower than it, so the highest quantile decides. Null when the limit lies above the largest
 * bucket: then nobody can tell.
 */
export function latencyLimitSight(check: LatencyCheck, rule: ThresholdRule, shape: LatencyShape): Sight | null {
  const highest = Math.max(...check.quantiles)
  const largest = boundsOf(shape).at(-1) ?? 0
  if (rule.max > largest) return null
  const above = seenAbove(shape, rule.max)
  const allowed = 1 - highest
  return {
    power: (plan, factor) => (factor > 1 && factor <= 1e6 ? limitPower(plan, rule, { ...above(factor), allowed }) : 0),
    accepts: (factor) => above(factor).share <= allowed,
    falseAlarm: (plan) => limitPower(plan, rule, { ...above(1), allowed }),
    none: 1,
    worst: WORST_SLOWDOWN,
    describe: (factor) =>
      `all requests ${formatMultiple(factor)} as slow (${formatQuantile(highest)} against ${formatSeconds(rule.max)})`,
    format: formatMultiple,
  }
}

/** The requests that count as slower than a time. */
export interface SeenAbove {
  readonly share: number
  /** The variance of their number against that of as many whole requests, in (0, 1]. */
  readonly spread: number
}

/**
 * The requests that count as slower than `seconds`, when all take `factor` times as long. Within a bucket the judge
 * interpolates in a straight line, so that each request of that bucket counts in part, which varies less.
 */
export function seenAbove(shape: LatencyShape, seconds: number): (factor: number) => SeenAbove {
  const bounds = boundsOf(shape)
  const slower = slowerThan(shape)
  const index = bounds.findIndex((bound) => bound >= seconds * (1 - 1e-12))
  const upper = bounds[index] ?? seconds
  const lower = bounds[index - 1] ?? 0
  const part = (seconds - lower) / (upper - lower)
  return (factor) => {
    const [atLower, atUpper] = [lower === 0 ? 1 : slower(lower / factor), slower(upper / factor)]
    const counted = (atLower - atUpper) * (1 - part)
    const share = atUpper + counted
    return { share, spread: share > 0 ? (atUpper + counted * (1 - part)) / share : 1 }
  }
}

/** The share of bad requests, and the largest that is no breach. */
interface Badness {
  readonly share: number
  readonly allowed: number
  /** As of {@link SeenAbove}; 1 unless requests count in part. */
  readonly spread?: number
}

/** Probability that a fixed limit fails the canary within the bake, by {@link gatheredPower}. */
function limitPower(plan: BakePlan, rule: ThresholdRule, bad: Badness): number {
  if (!(rule.max >= 0)) return 0
  const { canary } = expectedRequests(plan, plan.interval)
  return gatheredPower(plan, rule, canary, (requests) => chanceOfMore(requests, bad))
}

/** What a rule with hysteresis asks: so many requests in a look, and so many breaches among the last looks. */
type GatheredRule = Pick<ThresholdRule, 'failures' | 'of' | 'minRequests'>

/**
 * Probability that enough looks are a breach within the bake, when a look of so many requests of the slower arm, of which
 * `perLook` are expected in each, is one with the probability `chance`.
 *
 * Looks are gathered until the arm has served `minRequests`, which is one look that counts (decision 0006). How many
 * looks that takes follows from Poisson requests: mean and variance exactly, then a normal renewal count. Looks that count
 * are independent binomials; `failures` of the last `of` by dynamic programming for `of` ≤ 12, for longer histories by
 * blocks of `of` looks, which is a lower bound.
 */
export function gatheredPower(
  plan: BakePlan,
  rule: GatheredRule,
  perLook: number,
  chance: (requests: number) => number,
): number {
  const looks = Math.floor(plan.bake / plan.interval)
  if (!isPossible(plan) || looks < 1) return 0
  const least = Math.max(1, rule.minRequests)
  const gathering = gatheringOf(perLook, least)
  if (gathering === null) return 0
  const breach = breachOf(perLook, least, gathering, chance)
  const failed = failuresWithin(rule, breach)
  return Math.min(1, Math.max(0, overCounts(looks, gathering, failed)))
}

/** With more uncertain counts than this, what happens at the mean of them is what happens. */
const MOST_COUNTS = 400

/** Mean of `failed` over how many looks count: Σ P(at least n count)·(failed(n) − failed(n − 1)). */
function overCounts(looks: number, gathering: Gathering, failed: (count: number) => number): number {
  const middle = (looks + 0.5) / gathering.mean
  const width = 6 * Math.sqrt((looks * gathering.variance) / gathering.mean ** 3) + 2
  const first = Math.max(0, Math.floor(middle - width))
  const last = Math.min(looks, Math.ceil(middle + width))
  if (last - first > MOST_COUNTS) return failed(Math.round(middle))
  let power = failed(first)
  for (let count = first + 1; count <= last; count += 1) {
    power += renewals(count, looks, gathering) * (failed(count) - failed(count - 1))
  }
  return power
}

/** How many looks are gathered to one that counts. */
interface Gathering {
  readonly mean: number
  readonly variance: number
}

/** More looks than this to one that counts are no matter of a bake. */
const MOST_GATHERED = 1e6
/** With more terms than this the wait for the last of the requests, a gamma variable, is as good as its whole looks. */
const MOST_TERMS = 1_000

/**
 * Looks until Poisson requests of mean `perLook` add up to `least`: E = Σ P(k looks are too few), for k from 0. Null when it
 * takes for ever.
 */
function gatheringOf(perLook: number, least: number): Gathering | null {
  const about = least / perLook
  if (!(about < MOST_GATHERED)) return null
  // Far from the middle each term is 0 or 1.
  const width = 8 * Math.sqrt(about / perLook) + 2
  if (width > MOST_TERMS) {
    const requests = Math.ceil(least)
    return { mean: requests / perLook + 0.5, variance: requests / perLook ** 2 + 1 / 12 }
  }
  const first = Math.max(0, Math.floor(about - width))
  let mean = first
  let squares = first * first
  for (let looks = first; looks <= about + width; looks += 1) {
    const isShort = looks === 0 ? 1 : 1 - Math.exp(logLowerGamma(Math.ceil(least), looks * perLook))
    mean += isShort
    squares += (2 * looks + 1) * isShort
  }
  return { mean, variance: Math.max(0, squares - mean * mean) }
}

/** P(at least `count` looks that count in so many looks). */
function renewals(count: number, looks: number, { mean, variance }: Gathering): number {
  const spread = Math.sqrt(count * variance)
  const left = looks + 0.5 - count * mean
  return spread < 1e-6 ? Number(left >= 0) : normalCdf(left / spread)
}

/** P(a look that counts is a breach), over its requests: about normal, at least the minimum, and whole. */
function breachOf(perLook: number, least: number, gathering: Gathering, chance: (requests: number) => number): number {
  const mean = perLook * gathering.mean
  return meanOverQuantiles((p) => {
    const requests = Math.round(mean + normalQuantile(p) * Math.sqrt(perLook))
    return chance(Math.max(Math.ceil(least), requests))
  })
}

/** P(the bad part of so many requests is more than what is allowed), binomial; less spread counts as more requests. */
export function chanceOfMore(served: number, { share, allowed, spread = 1 }: Badness): number {
  const requests = spread === 1 ? served : Math.round(served / Math.max(1e-3, spread))
  const enough = Math.floor(allowed * requests * (1 + 1e-12)) + 1
  if (enough > requests || !(share > 0)) return 0
  return share >= 1 ? 1 : incompleteBeta(share, enough, requests - enough + 1)
}

/** As a function of n: P(`failures` of the last `of` looks are a breach at some of n looks). */
function failuresWithin(rule: GatheredRule, breach: number): (looks: number) => number {
  const of = Math.max(1, Math.floor(rule.of))
  const failures = Math.max(1, Math.floor(rule.failures))
  if (!(failures <= of)) return () => 0
  if (of <= 12) return byMasks(failures, of, breach)
  const alone = Array.from({ length: Math.min(of, 1_000) + 1 }, (_, count) => atLeastOf(failures, count, breach))
  const block = alone.length - 1
  return (looks) => {
    const whole = Math.floor(looks / block)
    return 1 - (1 - at(alone, block)) ** whole * (1 - at(alone, looks - whole * block))
  }
}

/** After so many times `of` looks, what comes next no longer depends on the beginning. */
const SETTLED_AFTER = 12

/** The newest looks are the bits of the state; once it has settled, each further look fails with the same probability. */
function byMasks(failures: number, of: number, breach: number): (looks: number) => number {
  const size = 2 ** of
  let chances = Array.from<number>({ length: size }).fill(0).with(0, 1)
  const failed = [0]
  for (let look = 1; look <= SETTLED_AFTER * of; look += 1) {
    const next = Array.from<number>({ length: size }).fill(0)
    let more = 0
    for (const [mask, chance] of chances.entries()) {
      if (chance === 0) continue
      for (const isBreach of [0, 1]) {
        const part = chance * (isBreach === 1 ? breach : 1 - breach)
        const shifted = ((mask << 1) | isBreach) & (size - 1)
        if (bitsOf(shifted) >= failures) more += part
        else next[shifted] = at(next, shifted) + part
      }
    }
    failed.push(Math.min(1, at(failed, look - 1) + more))
    chances = next
  }
  const last = failed.length - 1
  const [left, before] = [1 - at(failed, last), 1 - at(failed, last - 1)]
  const stays = before > 0 ? left / before : 0
  return (looks) => (looks <= last ? at(failed, looks) : 1 - left * stays ** (looks - last))
}

function bitsOf(mask: number): number {
  let bits = 0
  for (let rest = mask; rest > 0; rest >>= 1) bits += rest & 1
  return bits
}

/** P(Binomial(n, p) ≥ k). */
function atLeastOf(k: number, n: number, p: number): number {
  if (k > n) return 0
  let sum = 0
  for (let hits = k; hits <= n; hits += 1) {
    const logWays = logGamma(n + 1) - logGamma(hits + 1) - logGamma(n - hits + 1)
    const logChance = hits * Math.log(Math.max(p, 1e-300)) + (n - hits) * Math.log(Math.max(1 - p, 1e-300))
    sum += Math.exp(logWays + logChance)
  }
  return Math.min(1, sum)
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0
}
