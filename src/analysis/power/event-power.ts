import type { RecordedEvents } from '../../domain/recorded-noise.ts'
import type { ErrorRateCheck, RateCheck, SequentialRule } from '../checks/shapes.ts'
import { formatRatio, formatShare } from '../explain.ts'
import { type Earnings, likeliestMix } from '../judges/sequential/mixture-walk.ts'
import { logSumExp, startingLogs } from '../judges/sequential/wealth.ts'
import { type SplitCounts, splitGains, WORSE_BETS } from '../judges/split-test.ts'
import { passage } from '../statistics/first-passage.ts'
import { logLowerGamma } from '../statistics/incomplete-gamma.ts'
import { logGamma } from '../statistics/log-gamma.ts'
import { normalQuantile } from '../statistics/normal.ts'
import { partLeft } from './part-left.ts'
import { type BakePlan, expectedRequests, isPossible, meanOverQuantiles, riseSight, type Sight } from './power.ts'

/** What an `errorRate` check against stable sees of a rise of the share of failed requests; the size is the new share. */
export function errorSight(
  _check: ErrorRateCheck,
  rule: SequentialRule,
  from: number,
  noise: RecordedEvents | null = null,
): Sight {
  const side: Side = { ratio: rule.notWorseThan, alpha: rule.alpha, isFall: false, atMost: 1, noise }
  return riseSight(from, {
    rise: (plan, to) => eventPower(plan, { from, to }, side),
    accepts: (to) => to <= from * rule.notWorseThan,
    falseAlarm: null,
  })
}

/** Largest multiple of an event's rate that is looked for. */
const WORST_MULTIPLE = 100

/**
 * What one side of a `rate` check sees of a change of the events per request; the size is the ratio of the new rate to the
 * old. Null when the check does not ask about that side. A check with two sides has half of its budget for each.
 */
export function eventSight(
  check: RateCheck,
  direction: 'fall' | 'rise',
  perRequest: number,
  noise: RecordedEvents | null = null,
): Sight | null {
  const isFall = direction === 'fall'
  const accepted = isFall ? check.notBelow : check.notAbove
  if (accepted === null) return null
  const sides = check.notBelow !== null && check.notAbove !== null ? 2 : 1
  // "Fewer than 0.8 times as many on the canary" is "more than 1/0.8 times as many on stable".
  const ratio = isFall ? 1 / accepted : accepted
  const side: Side = { ratio, alpha: check.alpha / sides, isFall, atMost: Number.POSITIVE_INFINITY, noise }
  return {
    power: (plan, change) =>
      (isFall ? change >= 0 && change < 1 : change > 1)
        ? eventPower(plan, { from: perRequest, to: perRequest * change }, side)
        : 0,
    accepts: (change) => (isFall ? change >= accepted : change <= accepted),
    falseAlarm: null,
    none: 1,
    worst: isFall ? 0 : WORST_MULTIPLE,
    describe: (change) =>
      `${check.of} ${isFall ? 'falling' : 'rising'} to ${formatMultiple(change)} of ${formatShare(perRequest)}`,
    format: formatMultiple,
  }
}

/** `0.8x`, `1.88x`, as plans write a ratio. */
export function formatMultiple(ratio: number): string {
  const rounded = ratio < 1 ? Number(ratio.toFixed(3)) : ratio
  return formatRatio(rounded).replace(' times', 'x')
}

/** One question about two rates. */
interface Side {
  /** The accepted ratio of the arm that should have more to the other. */
  readonly ratio: number
  readonly alpha: number
  /** True when the canary should have fewer: then stable is the arm that has more. */
  readonly isFall: boolean
  /** Most events that a request can have. */
  readonly atMost: number
  /** What the target's record shows of its noise; null where it shows none, or there is none. */
  readonly noise: RecordedEvents | null
}

/** A question with ln of the wealth that independent events must come to before the judge fails. */
interface Asked extends Side {
  readonly needed: number
}

/** Events per request, as they are on stable and as a bad canary has them. */
interface Change {
  readonly from: number
  readonly to: number
}

/**
 * Probability that a bake fails a canary whose events per request have changed.
 *
 * The events of both arms at the end of the bake are Poisson, and the e-value there is a function of both. The arm with
 * more events, which varies less, is integrated over at 15 quantiles; for each, the events of the other that the e-value
 * needs are found, and their Poisson probability. As the judge looks all the time, the probability to have been there
 * earlier is added as for a Gaussian walk (`first-passage.ts`) that ends over its barrier with the same probability: its
 * slope, drift by variance, and its barrier are those of the likeliest mix of bets (`mixture-walk.ts`), its length v solves
 * (slope·v − barrier)/√v = z, z being the normal quantile of the probability at the end. Looks in which an arm has no
 * request count for neither arm. Against simulation with the judge itself the error is below 0.05
 * (`test/analysis/event-power.test.ts`).
 */
function eventPower(plan: BakePlan, change: Change, side: Side): number {
  if (!isPossible(plan) || !(change.from >= 0) || !(change.to >= 0)) return 0
  const trials = countedTrials(plan, partLeft(side.noise, plan))
  if (!(trials.canary > 0 && trials.stable > 0)) return 0
  const canary: Arm = { trials: trials.canary, events: trials.canary * change.to }
  const stable: Arm = { trials: trials.stable, events: trials.stable * change.from }
  const [more, fewer] = side.isFall ? [stable, canary] : [canary, stable]
  const looks = Math.max(1, Math.floor(plan.bake / plan.interval))
  const budget = -Math.log(side.alpha)
  const counted = countedPart(looks, more.events, stable.events, budget)
  if (counted === 0) return 0
  const asked = { ...side, needed: budget / counted }
  const atEnd = fewer.events >= more.events ? bySlower(more, fewer, asked) : byFaster(more, fewer, asked)
  return reachedAtAll(atEnd, more, fewer, asked, looks)
}

/** Of the evidence of a first look with many events, so much is held back: they may be one clump. */
const HELD_BACK = 0.5
/** With so many events in a look of the arm that has more, less is held back by a factor of 1 − 1/e. */
const MANY_EVENTS = 3
/** A single look, whatever it shows, is not worth more than so much ln of wealth before stable has been learned from. */
const MOST_OF_A_LOOK = 3
/** So many looks with many events on stable show that events come one by one. */
const LOOKS_TO_LEARN = 8

/**
 * The part of the evidence that counts, as events that come one by one must be told from clumps first (`design-effect.ts`):
 * from the events of stable, so it takes longer where stable has few. `more` are the events of the arm that should have
 * more, `budget` is ln of the odds at which the judge fails. 0 after too few looks for any evidence to be enough. Fitted to the
 * judge.
 */
export function countedPart(looks: number, more: number, stable: number, budget: number): number {
  if (!(budget <= MOST_OF_A_LOOK * looks)) return 0
  const held = HELD_BACK * -Math.expm1(-more / looks / MANY_EVENTS)
  const learned = LOOKS_TO_LEARN * (1 + looks / stable)
  if (!Number.isFinite(learned)) return 1 - held
  return 1 - (held * learned * -Math.expm1(-looks / learned)) / looks
}

/** The requests of an arm and its expected events. */
interface Arm {
  readonly trials: number
  readonly events: number
}

/** This part of the requests of the looks in which both arms have at least one, these being Poisson. */
function countedTrials(plan: BakePlan, part: number): { readonly canary: number; readonly stable: number } {
  const whole = expectedRequests(plan, plan.bake)
  const look = expectedRequests(plan, plan.interval)
  return {
    canary: -part * whole.canary * Math.expm1(-look.stable),
    stable: -part * whole.stable * Math.expm1(-look.canary),
  }
}

/** Integrates over the arm that should have fewer; asks for how many events of the other are enough. */
function bySlower(more: Arm, fewer: Arm, side: Asked): number {
  const log = logWealth(more, fewer, side)
  const most = Math.min(more.trials * side.atMost, beyond(more.events))
  return meanOverQuantiles((p) => {
    const few = poissonQuantile(fewer.events, p)
    const enough = firstTrue((many) => log(many, few) >= side.needed, most)
    return enough === null ? 0 : poissonAtLeast(Math.ceil(enough), more.events)
  })
}

/** Integrates over the arm that should have more; asks for how many events of the other are too many. */
function byFaster(more: Arm, fewer: Arm, side: Asked): number {
  const log = logWealth(more, fewer, side)
  const most = beyond(fewer.events)
  return meanOverQuantiles((p) => {
    const many = poissonQuantile(more.events, p)
    const tooMany = firstTrue((few) => log(many, few) < side.needed, most)
    return tooMany === null ? 1 : 1 - poissonAtLeast(Math.ceil(tooMany), fewer.events)
  })
}

/** What each bet has before the first event, the reserve left out: it is placed over hours. */
const START = startingLogs(WORSE_BETS.logWeights)

/** What each bet earns per event of either arm: linear in the events. */
function gainsPerEvent(more: Arm, fewer: Arm, { ratio }: Side) {
  const gains = (canaryEvents: number, stableEvents: number): readonly number[] => {
    const counts: SplitCounts = { canaryEvents, canaryTrials: more.trials, stableEvents, stableTrials: fewer.trials }
    return splitGains(counts, ratio, WORSE_BETS.multiples)
  }
  return { many: gains(1, 0), few: gains(0, 1) }
}

/** ln of the mean wealth from the events of both arms over the whole bake. */
function logWealth(more: Arm, fewer: Arm, side: Side): (many: number, few: number) => number {
  const per = gainsPerEvent(more, fewer, side)
  return (many, few) =>
    logSumExp(START.map((log, bet) => log + many * (per.many[bet] ?? 0) + few * (per.few[bet] ?? 0)))
}

/** More events than a Poisson number with this mean ever has. */
function beyond(mean: number): number {
  return mean + 10 * Math.sqrt(mean) + 50
}

/** The least number in [0, most], to 0.01, from which on the condition holds; null when it does not hold at `most`. */
function firstTrue(holds: (events: number) => boolean, most: number): number | null {
  if (!holds(most)) return null
  if (holds(0)) return 0
  let [low, high] = [0, most]
  while (high - low > Math.max(0.01, most * 1e-9)) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

/** From the probability to be there at the end, the probability to be there at some look. */
function reachedAtAll(atEnd: number, more: Arm, fewer: Arm, side: Asked, looks: number): number {
  const { walk, barrier } = likeliestMix(earningsOf(more, fewer, side), START, side.needed, looks)
  const slope = walk.drift / walk.variance
  if (!(slope > 0) || atEnd >= 1) return atEnd
  const z = normalQuantile(Math.max(1e-12, atEnd))
  // (slope·v − b)/√v = z, a quadratic in √v.
  const root = (z + Math.sqrt(z * z + 4 * slope * barrier)) / (2 * slope)
  const variance = root * root
  return Math.min(1, Math.max(atEnd, passage({ drift: slope * variance, variance, looks }, barrier)))
}

function earningsOf(more: Arm, fewer: Arm, side: Side): Earnings {
  const { many, few } = gainsPerEvent(more, fewer, side)
  const product = (left: number, right: number) =>
    more.events * (many[left] ?? 0) * (many[right] ?? 0) + fewer.events * (few[left] ?? 0) * (few[right] ?? 0)
  return {
    mean: many.map((gain, bet) => more.events * gain + fewer.events * (few[bet] ?? 0)),
    covariance: many.map((_, left) => many.map((_gain, right) => product(left, right))),
  }
}

/** P(Poisson(mean) ≥ k). */
function poissonAtLeast(k: number, mean: number): number {
  if (k <= 0) return 1
  if (!Number.isFinite(k) || mean <= 0) return 0
  return Math.exp(logLowerGamma(k, mean))
}

/** A quantile of the Poisson distribution: by counting up to a mean of 400, beyond by the normal approximation. */
export function poissonQuantile(mean: number, p: number): number {
  if (mean > 400) return Math.max(0, mean + normalQuantile(p) * Math.sqrt(mean))
  let sum = 0
  let count = 0
  for (; count < 2_000; count += 1) {
    sum += Math.exp(count * Math.log(Math.max(mean, 1e-300)) - mean - logGamma(count + 1))
    if (sum >= p) break
  }
  return count
}
