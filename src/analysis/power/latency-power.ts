import type { RecordedEvents } from '../../domain/recorded-noise.ts'
import type { LatencyCheck, SequentialRule } from '../checks/shapes.ts'
import { hasSameBuckets } from '../histogram.ts'
import { recordedNear } from '../judges/sequential/latency-effect.ts'
import { floorOf } from '../judges/sequential/latency-floor.ts'
import { boundsOf, DEFAULT_BOUNDS, type LatencyShape, slowerThan } from '../judges/sequential/latency-shape.ts'
import { type Earnings, likeliestMix } from '../judges/sequential/mixture-walk.ts'
import {
  factorsOf,
  SLOWDOWN_LOG_WEIGHTS,
  SLOWDOWNS,
  sharesBetween,
  type Thresholds,
  thresholdsOf,
} from '../judges/sequential/slowdown-test.ts'
import { startingLogs } from '../judges/sequential/wealth.ts'
import { passage } from '../statistics/first-passage.ts'
import { createRandom } from '../statistics/random.ts'
import { formatMultiple } from './event-power.ts'
import { partLeft } from './part-left.ts'
import { expectedRequests, isPossible, type Sight } from './power.ts'

/** Largest slowdown that is looked for. */
const WORST_SLOWDOWN = 100

/**
 * What a `latency` check against stable sees when all requests take longer; the size is how many times.
 *
 * What a bet earns in a look is linear in the counts (`slowdown-test.ts`), which are Poisson, so mean and covariance of the
 * bets' earnings are known once the bets are. The bets come from what stable did before: nothing at the first look, a
 * sample of one look at the second, and so on. So looks are taken in stretches that double the past; for each stretch the
 * bets are made from samples of it, drawn with a fixed seed, and from stable's own distribution once the past is long.
 * The earnings over the bake are then, for each sample, a Gaussian walk towards ln(1/α) (`mixture-walk.ts`,
 * `first-passage.ts`); the power is the mean over the samples. Against simulation with the judge itself the error is below
 * 0.07 (`test/analysis/latency-power.test.ts`).
 */
export function slowdownSight(
  check: LatencyCheck,
  rule: SequentialRule,
  shape: LatencyShape,
  slow: readonly RecordedEvents[] = [],
): Sight {
  const setting = settingOf(check, rule, shape)
  const schoolAt = rememberLast(
    (place: Place) => JSON.stringify(place),
    (place) => schoolOf(setting, place),
  )
  return {
    power: (plan, factor) => {
      const looks = Math.floor(plan.bake / plan.interval)
      if (!isPossible(plan) || !(factor > 1 && factor <= 1e6) || looks < 2 || !isUsable(rule)) return 0
      const { canary, stable } = expectedRequests(plan, plan.interval)
      if (!(canary > 0 && stable > 0)) return 0
      // All requests are slower: of the record those count whose share is nearest to all.
      const part = partLeft(recordedNear(slow, 1), plan)
      const chances = schoolAt({ canary, stable })(factor, looks).map((earnings) => {
        const { walk, barrier } = likeliestMix(scaled(earnings, part), LOG_WEIGHTS, -Math.log(rule.alpha), looks - 1)
        return passage(walk, barrier)
      })
      return chances.reduce((sum, chance) => sum + chance, 0) / chances.length
    },
    accepts: (factor) => factor <= rule.notWorseThan,
    falseAlarm: null,
    none: 1,
    worst: WORST_SLOWDOWN,
    describe: (factor) => `all requests ${formatMultiple(factor)} as slow${isDefault(shape) ? DEFAULT_NOTE : ''}`,
    format: formatMultiple,
  }
}

/** So much of what is earned, as so many fewer requests would have earned it. */
function scaled(earnings: Earnings, part: number): Earnings {
  if (part === 1) return earnings
  const times = (values: readonly number[]) => values.map((value) => part * value)
  return { mean: times(earnings.mean), covariance: earnings.covariance.map(times) }
}

/** Wide buckets hide much, so it is said that they are a guess. */
const DEFAULT_NOTE = " (in Prometheus' default buckets)"

function isDefault(shape: LatencyShape): boolean {
  return shape.kind === 'logNormal' && hasSameBuckets(shape.upperBoundsSeconds, DEFAULT_BOUNDS)
}

/** What each bet starts with, the reserve left out: it is placed over hours. */
const LOG_WEIGHTS = startingLogs(SLOWDOWN_LOG_WEIGHTS)

function isUsable({ alpha, notWorseThan }: SequentialRule): boolean {
  return alpha > 0 && alpha < 1 && notWorseThan > 0 && Number.isFinite(notWorseThan)
}

/** What does not change from bake to bake. */
interface Setting {
  readonly ratio: number
  readonly floor: number
  readonly bounds: readonly number[]
  readonly thresholds: Thresholds
  readonly slower: (seconds: number) => number
}

function settingOf(check: LatencyCheck, rule: SequentialRule, shape: LatencyShape): Setting {
  const bounds = boundsOf(shape)
  const ratio = rule.notWorseThan
  return { ratio, floor: floorOf(check), bounds, thresholds: thresholdsOf(bounds, ratio), slower: slowerThan(shape) }
}

/** Expected requests of one look. */
interface Place {
  readonly canary: number
  readonly stable: number
}

/**
 * The earnings of all bets over so many looks, when all requests of the canary take `factor` times as long: one entry per
 * sample of the past, or one for all.
 */
type School = (factor: number, looks: number) => readonly Earnings[]

function schoolOf(setting: Setting, place: Place): School {
  const { slower, thresholds } = setting
  const expected = counted(place)
  const stable = sharesBetween(thresholds.stableSeconds.map(slower)).map((share) => share * expected.stable)
  const lessonsAt = rememberAll((stretch) => lessonsOf(setting, place, stable, stretch))
  const earningsFor = rememberLast(String, (factor: number) => {
    const shares = sharesBetween(thresholds.canarySeconds.map((seconds) => slower(seconds / factor)))
    const canary = shares.map((share) => share * expected.canary)
    return rememberAll((stretch) => earningsPerLook(lessonsAt(stretch), canary))
  })
  return (factor, looks) => {
    const earningsAt = earningsFor(factor)
    const parts: Part[] = []
    for (let stretch = 0; 2 ** stretch < looks; stretch += 1) {
      parts.push({ looks: Math.min(looks, 2 ** (stretch + 1)) - 2 ** stretch, ...earningsAt(stretch) })
    }
    return addUp(parts)
  }
}

/** The bets that one sample of the past leads to. */
interface Lesson {
  /** What each bet earns per request of the canary, by category. */
  readonly canary: readonly (readonly number[])[]
  /** What all of them earn in a look by the requests of stable. */
  readonly stable: Earnings
}

/** A past of more requests than this teaches as much as the distribution itself. */
const ENOUGH_PAST = 20_000
const SAMPLES = 10

/**
 * The bets of looks 2ⁿ + 1 to 2ⁿ⁺¹, whose past is 2ⁿ looks and more: from several samples of that past, each with the
 * sample of the stretch before in it, or from one without chance when it is long.
 */
function lessonsOf(setting: Setting, place: Place, stable: readonly number[], stretch: number): readonly Lesson[] {
  const shares = sharesBetween(setting.bounds.map(setting.slower))
  const requests = pastLooks(stretch) * place.stable
  const pasts =
    requests > ENOUGH_PAST
      ? [shares.map((share) => share * requests)]
      : Array.from({ length: SAMPLES }, (_, sample) => samplePast(shares, place, stretch, sample))
  const share = countedShare(place)
  return pasts.map((counts) => {
    const past = { upperBoundsSeconds: setting.bounds, counts }
    const factors = factorsOf(SLOWDOWNS, setting.ratio, past, setting.thresholds, setting.floor)
    return lessonOf(factors, share, stable)
  })
}

/** Looks of the past that teach as much as those before looks 2ⁿ + 1 to 2ⁿ⁺¹: their harmonic mean, about 2ⁿ/ln 2. */
function pastLooks(stretch: number): number {
  return stretch === 0 ? 1 : (2 ** stretch * (1 + 0.2 / 2 ** stretch)) / (Math.LN2 * (1 + 0.5 / 2 ** stretch))
}

/** Every second sample errs the other way than the one before it, so that errors to the first order cancel. */
function samplePast(shares: readonly number[], place: Place, stretch: number, sample: number): readonly number[] {
  const isMirror = sample % 2 === 1
  let counts = shares.map(() => 0)
  for (let before = 0; before <= stretch; before += 1) {
    const more = (pastLooks(before) - (before === 0 ? 0 : pastLooks(before - 1))) * place.stable
    const random = createRandom(1 + Math.floor(sample / 2) + SAMPLES * before)
    const other = random.fork()
    counts = counts.map((count, bucket) => {
      const mean = more * at(shares, bucket)
      const [drawn, fresh] = [random.poisson(mean), other.poisson(mean)]
      if (!isMirror) return count + drawn
      return count + (mean < FEW ? fresh : Math.max(0, 2 * mean - drawn))
    })
  }
  return counts
}

/** Below this mean a Poisson number is too skewed to be mirrored. */
const FEW = 3

function lessonOf(factors: readonly (readonly number[])[], share: number, stable: readonly number[]): Lesson {
  const lost = factors.map((categories) => categories.map((factor) => -Math.log1p(share * (factor - 1))))
  const won = factors.map((categories, bet) =>
    categories.map((factor, category) => Math.log(factor) + at(lost[bet] ?? [], category)),
  )
  return { canary: won, stable: { mean: lost.map((pay) => dot(stable, pay)), covariance: secondMoments(stable, lost) } }
}

/** The canary's share of the requests in looks that show requests of both arms. */
function countedShare(place: Place): number {
  const { canary, stable } = counted(place)
  return canary / (canary + stable)
}

/** Expected requests per look, those of looks left out in which the other arm has none. */
function counted({ canary, stable }: Place): Place {
  return { canary: -canary * Math.expm1(-stable), stable: -stable * Math.expm1(-canary) }
}

/** What the bets of a stretch earn in a look, the counts being Poisson: the mean for each sample, the covariance over them. */
interface StretchEarnings {
  readonly means: readonly (readonly number[])[]
  readonly covariance: readonly (readonly number[])[]
}

/** The covariance hardly depends on the sample: two that err in opposite ways give it. */
const COVARIANCE_SAMPLES = 2

function earningsPerLook(lessons: readonly Lesson[], canary: readonly number[]): StretchEarnings {
  const some = lessons.slice(0, COVARIANCE_SAMPLES)
  const moments = some.map((lesson) => secondMoments(canary, lesson.canary))
  return {
    means: lessons.map((lesson) => lesson.canary.map((pay, bet) => dot(canary, pay) + at(lesson.stable.mean, bet))),
    covariance: matrix((left, right) =>
      some.reduce(
        (sum, { stable }, index) =>
          sum + (entry(moments[index], left, right) + entry(stable.covariance, left, right)) / some.length,
        0,
      ),
    ),
  }
}

/** So many looks with the same bets. */
interface Part extends StretchEarnings {
  readonly looks: number
}

/** Over the looks the chance of the counts averages out; what was learned by chance stays, so samples stay apart. */
function addUp(parts: readonly Part[]): readonly Earnings[] {
  const samples = parts.reduce((most, { means }) => Math.max(most, means.length), 1)
  const covariance = matrix((left, right) =>
    parts.reduce((sum, part) => sum + part.looks * entry(part.covariance, left, right), 0),
  )
  return Array.from({ length: samples }, (_, sample) => ({
    covariance,
    mean: SLOWDOWNS.map((_slowdown, bet) =>
      parts.reduce((sum, { looks, means }) => sum + looks * at(means[sample] ?? means[0] ?? [], bet), 0),
    ),
  }))
}

function dot(counts: readonly number[], pay: readonly number[]): number {
  let sum = 0
  for (let index = 0; index < counts.length; index += 1) sum += at(counts, index) * at(pay, index)
  return sum
}

/** Covariance of what the bets earn by Poisson counts: Σ count·pay·pay. */
function secondMoments(
  counts: readonly number[],
  pays: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const weighed = pays.map((pay) => pay.map((one, category) => one * at(counts, category)))
  return matrix((left, right) => dot(weighed[left] ?? [], pays[right] ?? []))
}

/** A symmetric matrix over the bets. */
function matrix(entryOf: (left: number, right: number) => number): readonly (readonly number[])[] {
  const rows = SLOWDOWNS.map((_, left) => SLOWDOWNS.map((_other, right) => (right < left ? 0 : entryOf(left, right))))
  return rows.map((row, left) => row.map((value, right) => (right < left ? entry(rows, right, left) : value)))
}

function entry(rows: readonly (readonly number[])[] | undefined, left: number, right: number): number {
  return rows?.[left]?.[right] ?? 0
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0
}

/** A pure function of small whole numbers that keeps its answers. */
function rememberAll<Output>(make: (input: number) => Output): (input: number) => Output {
  const known: Output[] = []
  return (input) => (known[input] ??= make(input))
}

/** A pure function that keeps its last answer: searches ask for many bakes of the same traffic. */
function rememberLast<Input, Output>(
  keyOf: (input: Input) => string,
  make: (input: Input) => Output,
): (input: Input) => Output {
  let last: { readonly key: string; readonly output: Output } | null = null
  return (input) => {
    const key = keyOf(input)
    if (last?.key !== key) last = { key, output: make(input) }
    return last.output
  }
}
