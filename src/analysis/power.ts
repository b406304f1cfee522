import type { SequentialRule, ThresholdRule } from '../domain/checks.ts'
import { type BasisPoints, FULL_WEIGHT, formatDuration, formatWeight, type Milliseconds } from '../domain/units.ts'
import { formatShare } from './explain.ts'
import { splitGains, WORSE_BETS } from './split-test.ts'
import { logLowerGamma } from './statistics/incomplete-gamma.ts'
import { logGamma } from './statistics/log-gamma.ts'
import { normalCdf, normalQuantile } from './statistics/normal.ts'
import { growWealth, startWealth } from './wealth.ts'

/** A bake and the traffic expected in it. */
export interface BakePlan {
  /** Requests per second of both arms together. */
  readonly requestsPerSecond: number
  /** The canary's share of them. */
  readonly weight: BasisPoints
  readonly bake: Milliseconds
  /** Time between looks. */
  readonly interval: Milliseconds
}

/** A rise of the share of failed requests, both in [0, 1]. */
export interface Rise {
  readonly from: number
  readonly to: number
}

/** Longest bake that is proposed. */
const LONGEST_BAKE: Milliseconds = 30 * 86_400_000

/**
 * Probability, in [0, 1], that a bake fails the canary when its errors have risen, everything else being as planned.
 *
 * Sequential rule: the errors of both arms at the end of the bake are Poisson; the probability that the e-value is
 * there by then is computed by integrating over stable's errors. As the judge looks all the time, the probability to
 * have been there earlier is added by the reflection of a Gaussian log-likelihood ratio (drift = variance/2, as under
 * any local alternative): P = Φ(z) + e^b·Φ(−(b+m)/√(2m)), m solving (m − b)/√(2m) = z. Against simulation the error is
 * below 0.05 (`test/analysis/power.test.ts`).
 *
 * Threshold rule: looks are independent binomials; `failures` of the last `of` by dynamic programming for `of` ≤ 12, for
 * longer histories by blocks of `of` looks, which is a lower bound.
 */
export function detectionPower(plan: BakePlan, rise: Rise, rule: SequentialRule | ThresholdRule): number {
  if (!isPossible(plan, rise)) return 0
  return rule.judge === 'sequential' ? sequentialPower(plan, rise, rule) : thresholdPower(plan, rise, rule)
}

/** The shortest bake, in whole looks, that detects the rise with this power; null when 30 days do not. */
export function bakeForPower(
  plan: BakePlan,
  rise: Rise,
  rule: SequentialRule | ThresholdRule,
  power = 0.9,
): Milliseconds | null {
  const interval = Math.max(1_000, plan.interval)
  const most = Math.ceil(LONGEST_BAKE / interval)
  const reaches = (looks: number): boolean => detectionPower({ ...plan, bake: looks * interval }, rise, rule) >= power
  let high = 1
  while (high < most && !reaches(high)) high = Math.min(most, high * 2)
  if (!reaches(high)) return null
  let low = Math.floor(high / 2)
  while (high - low > Math.max(1, high / 200)) {
    const middle = Math.floor((low + high) / 2)
    if (reaches(middle)) high = middle
    else low = middle
  }
  return high * interval
}

/** The smallest error share that this bake tells from `from` with this power, to 1 %; null when not even 1 is told. */
export function smallestRise(
  plan: BakePlan,
  from: number,
  rule: SequentialRule | ThresholdRule,
  power = 0.9,
): number | null {
  const sees = (to: number): boolean => detectionPower(plan, { from, to }, rule) >= power
  if (!(from > 0) || !sees(1)) return null
  let low = from
  let high = 1
  while (high / low > 1.005) {
    const middle = Math.sqrt(low * high)
    if (sees(middle)) high = middle
    else low = middle
  }
  return high
}

/** `at 50 requests/s and 1 % this bake of 10m sees a rise from 0.1 % to 1 % with 34 % power; 25m gives 90 %` */
export function describePower(plan: BakePlan, rise: Rise, rule: SequentialRule | ThresholdRule): string {
  const power = detectionPower(plan, rise, rule)
  const longer = bakeForPower(plan, rise, rule)
  const setting = `at ${String(Number(plan.requestsPerSecond.toPrecision(3)))} requests/s and ${formatWeight(plan.weight)}`
  const said = `this bake of ${formatDuration(plan.bake)} sees a rise from ${formatShare(rise.from)} to ${formatShare(rise.to)} with ${formatPower(power)} power`
  if (power >= 0.9) return `${setting} ${said}`
  const advice = longer === null ? 'no bake up to 30d gives 90 %' : `${formatDuration(longer)} gives 90 %`
  return `${setting} ${said}; ${advice}`
}

function formatPower(power: number): string {
  if (power > 0.99) return 'over 99 %'
  return power < 0.01 ? 'under 1 %' : `${Math.round(power * 100)} %`
}

function isPossible({ requestsPerSecond, weight, bake, interval }: BakePlan, { from, to }: Rise): boolean {
  return (
    requestsPerSecond > 0 &&
    requestsPerSecond <= 1e12 &&
    weight > 0 &&
    weight <= FULL_WEIGHT &&
    bake > 0 &&
    interval > 0 &&
    from >= 0 &&
    to > from &&
    to <= 1
  )
}

interface ExpectedCounts {
  readonly canaryTrials: number
  readonly stableTrials: number
  readonly canaryEvents: number
  readonly stableEvents: number
}

function expectedCounts({ requestsPerSecond, weight, bake }: BakePlan, { from, to }: Rise): ExpectedCounts {
  const requests = (requestsPerSecond * bake) / 1_000
  const canaryTrials = (requests * weight) / FULL_WEIGHT
  const stableTrials = requests - canaryTrials
  return { canaryTrials, stableTrials, canaryEvents: canaryTrials * to, stableEvents: stableTrials * from }
}

function sequentialPower(plan: BakePlan, rise: Rise, rule: SequentialRule): number {
  const expected = expectedCounts(plan, rise)
  if (expected.stableTrials <= 0) return 0
  const needed = -Math.log(rule.alpha)
  const quantiles = 15
  let atEnd = 0
  for (let index = 0; index < quantiles; index += 1) {
    const stableEvents = poissonQuantile(expected.stableEvents, (index + 0.5) / quantiles)
    const critical = criticalEvents(expected, stableEvents, rule, needed, plan.bake)
    atEnd += poissonAtLeast(critical, expected.canaryEvents) / quantiles
  }
  return Math.min(1, atEnd + reachedEarlier(atEnd, needed))
}

/** What a mixture over bets costs on the way, in ln of wealth; fitted to simulation. */
const MIXTURE_COST = 1.2

function reachedEarlier(atEnd: number, needed: number): number {
  const z = normalQuantile(Math.min(1 - 1e-12, Math.max(1e-12, atEnd)))
  const boundary = needed + MIXTURE_COST
  // (m − b)/√(2m) = z, a quadratic in √m.
  const root = (z * Math.SQRT2 + Math.sqrt(2 * z * z + 4 * boundary)) / 2
  const mean = root * root
  return Math.exp(boundary) * normalCdf(-(boundary + mean) / Math.sqrt(2 * mean))
}

/** Fewest canary errors that make the e-value, given stable's; Infinity when even all requests failing does not. */
function criticalEvents(
  { canaryTrials, stableTrials }: ExpectedCounts,
  stableEvents: number,
  rule: SequentialRule,
  needed: number,
  bake: Milliseconds,
): number {
  const isReached = (canaryEvents: number): boolean => {
    const counts = { canaryEvents, canaryTrials, stableEvents, stableTrials }
    const gains = splitGains(counts, rule.notWorseThan, WORSE_BETS.multiples)
    // The reserve placed during the bake is left out: it has not had the time.
    const wealth = growWealth(startWealth(gains.length), gains, WORSE_BETS.logWeights, Math.min(bake, 1))
    return wealth.logPeak >= needed
  }
  if (!isReached(canaryTrials)) return Number.POSITIVE_INFINITY
  let low = 0
  let high = canaryTrials
  for (let round = 0; round < 60 && high - low > 0.01; round += 1) {
    const middle = (low + high) / 2
    if (isReached(middle)) high = middle
    else low = middle
  }
  return Math.ceil(high)
}

/** P(Poisson(mean) ≥ k). */
function poissonAtLeast(k: number, mean: number): number {
  if (k <= 0) return 1
  if (!Number.isFinite(k) || mean <= 0) return 0
  return Math.exp(logLowerGamma(k, mean))
}

/** A quantile of the Poisson distribution: by counting up to a mean of 400, beyond by the normal approximation. */
function poissonQuantile(mean: number, p: number): number {
  if (mean > 400) return Math.max(0, mean + normalQuantile(p) * Math.sqrt(mean))
  let sum = 0
  let count = 0
  for (; count < 2_000; count += 1) {
    sum += Math.exp(count * Math.log(Math.max(mean, 1e-300)) - mean - logGamma(count + 1))
    if (sum >= p) break
  }
  return count
}

function thresholdPower(plan: BakePlan, rise: Rise, rule: ThresholdRule): number {
  const looks = Math.floor(plan.bake / plan.interval)
  const perLook = expectedCounts({ ...plan, bake: plan.interval }, rise)
  if (looks < 1 || perLook.canaryTrials < Math.max(1, rule.minRequests)) return 0
  const breach = poissonAtLeast(Math.floor(rule.max * perLook.canaryTrials) + 1, perLook.canaryEvents)
  const of = Math.max(1, Math.floor(rule.of))
  const failures = Math.max(1, Math.floor(rule.failures))
  if (failures > of) return 0
  if (of > 12) return 1 - (1 - atLeastOf(failures, Math.min(of, looks), breach)) ** Math.max(1, Math.floor(looks / of))
  return failuresWithin(failures, of, looks, breach)
}

/** P(k of the last `of` looks breach, at some look up to `looks`): the newest looks are the bits of the state. */
function failuresWithin(failures: number, of: number, looks: number, breach: number): number {
  const size = 2 ** of
  let chances = Array.from<number>({ length: size }).fill(0).with(0, 1)
  let failed = 0
  for (let look = 0; look < looks && failed < 1 - 1e-12; look += 1) {
    const next = Array.from<number>({ length: size }).fill(0)
    for (const [mask, chance] of chances.entries()) {
      if (chance === 0) continue
      for (const [isBreach, part] of [
        [0, 1 - breach],
        [1, breach],
      ] as const) {
        const shifted = ((mask << 1) | isBreach) & (size - 1)
        if (bitsOf(shifted) >= failures) failed += chance * part
        else next[shifted] = (next[shifted] ?? 0) + chance * part
      }
    }
    chances = next
  }
  return failed
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
