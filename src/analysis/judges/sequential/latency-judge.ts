import type { ArmNames } from '../../../domain/arm-names.ts'
import type { ArmCounts, LatencyHistogram } from '../../../domain/observation.ts'
import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { RecordedEvents } from '../../../domain/recorded-noise.ts'
import { formatPercent, type Instant, type Milliseconds } from '../../../domain/units.ts'
import type { Evidence, Verdict } from '../../../domain/verdict.ts'
import {
  addToTally,
  EMPTY_TALLY,
  endOfLook,
  inconclusive,
  namesOf,
  readLook,
  type Tally,
  tallyFault,
  unshown,
} from '../../arms.ts'
import type { LatencyCheck, SequentialRule } from '../../checks/shapes.ts'
import {
  capEvidence,
  finiteFigures,
  formatCount,
  formatImpossible,
  formatList,
  formatOdds,
  formatQuantile,
  formatRatio,
  formatSeconds,
  formatSign,
  formatStanding,
  formatWatched,
} from '../../explain.ts'
import { hasSameBuckets, histogramFault, quantileOf, survivalOf, totalOf } from '../../histogram.ts'
import { SEEN } from '../../power/seen-by-now.ts'
import { slowerSeenByNow } from '../../power/slower-by-now.ts'
import type { WeighedStep } from '../weighed-step.ts'
import { effectOnShare, type LatencyEffect, learnLatencyEffect, recordedNear } from './latency-effect.ts'
import { effectOfRecord } from './record-effect.ts'
import {
  addSlow,
  chooseBound,
  describeSlow,
  type SlowOutlook,
  type SlowShare,
  shareBeyond,
  slowFigures,
  slowOutlook,
} from './slow-share.ts'
import {
  countBetween,
  factorsOf,
  SLOWDOWN_LOG_WEIGHTS,
  SLOWDOWNS,
  slowdownGain,
  type Thresholds,
  thresholdsOf,
} from './slowdown-test.ts'
import { growWealth, isDoubt, logMeanWealth, startWealth, type Wealth } from './wealth.ts'

/** Requests slower than this quantile of stable are always told apart, even when the plan names only higher ones. */
const HIGHEST_FLOOR = 0.5

/** The quantile of stable below which a latency check against stable does not tell requests apart. */
export function floorOf(check: LatencyCheck): number {
  return Math.min(HIGHEST_FLOOR, ...check.quantiles.filter((quantile) => quantile > 0 && quantile < 1))
}

/** Requests seen so far in each bucket, newest counted most. Plain JSON. */
interface SeenLatency {
  readonly upperBoundsSeconds: readonly number[]
  readonly canary: readonly number[]
  readonly stable: readonly number[]
}

/** What the judge remembers between looks. Plain JSON: one number per bet, two per bucket. */
export interface LatencyState {
  readonly kind: 'latency'
  readonly lastEnd: Instant | null
  readonly tally: Tally
  /** The same over all exposures, as `seen` is: what sentences count. Absent in the state of an older version. */
  readonly release?: Tally
  readonly wealth: Wealth
  /** Null until the first histogram, and again after a change of the buckets. */
  readonly seen: SeenLatency | null
  /** Absent until stable has shown what is slow, and in the state of an older version. */
  readonly slow?: SlowShare
  /** How stable's slow requests come; null until the first histogram. Absent in the state of an older version. */
  readonly effect?: LatencyEffect | null
  readonly failure: Verdict | null
}

/** From this many requests on, older ones are counted half, so that bets follow the day. */
const FORGET_FROM = 1_000_000

/** The state before the first look. */
export function startLatency(): LatencyState {
  return {
    kind: 'latency',
    lastEnd: null,
    tally: EMPTY_TALLY,
    release: EMPTY_TALLY,
    wealth: startWealth(SLOWDOWNS.length),
    seen: null,
    effect: null,
    failure: null,
  }
}

/**
 * One look at both arms' latency histograms. It fails once the odds against "the canary is at most `notWorseThan` times
 * as slow as stable, in the slower half of the requests" reach 1 : 1/alpha (`slowdown-test.ts`); a failure stays. The
 * bets come from what stable did at earlier looks, so the first look only fills that memory. When the buckets change,
 * the memory starts again and the look is undecided; the evidence so far stays, as each look's is complete in itself.
 * Passes and other verdicts as for rates; requests are those that the histograms count.
 */
export function stepLatency(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  input: CheckInput,
): WeighedStep<LatencyState> {
  const { failure } = state
  if (failure !== null) return { state, outcome: 'fail', tell: () => failure }
  const held = { ...state, lastEnd: endOfLook(input, state.lastEnd) }
  const hold = (
    cause: 'blind' | 'undecided',
    reason: string,
    kept: LatencyState = held,
  ): WeighedStep<LatencyState> => ({
    ...{ state: kept, outcome: 'inconclusive' },
    tell: () => inconclusive(cause, reason, evidenceOf(check, rule, kept)),
  })
  const fault = ruleFault(rule)
  if (fault !== null) return hold('blind', fault)
  const read = readHistograms(input, state.lastEnd)
  if (read.kind !== 'usable') return hold(read.kind, read.reason)
  const thresholds = thresholdsOf(read.canary.upperBoundsSeconds, rule.notWorseThan)
  if (thresholds.stableSeconds.length === 0)
    return hold(
      'blind',
      `the latency buckets are too few to see ${formatRatio(rule.notWorseThan)} the latency of ${namesOf(input).stable}`,
    )
  if (state.seen !== null && !hasSameBuckets(state.seen.upperBoundsSeconds, read.canary.upperBoundsSeconds)) {
    const reason = 'the latency buckets have changed: measuring starts again'
    const { slow: _, ...anew } = held
    const fresh = { ...anew, seen: null, effect: null, tally: EMPTY_TALLY, release: EMPTY_TALLY }
    return hold('undecided', reason, remember(fresh, read))
  }
  const effectOn = effectAt(held, read, input.recorded?.slow ?? [])
  const grown = countSlow(check, bet(check, rule, held, read, thresholds, effectOn), read, effectOn)
  return conclude(check, rule, remember(grown, read), thresholds, namesOf(input))
}

function bet(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  look: Histograms,
  thresholds: Thresholds,
  effectOn: EffectOn,
): LatencyState {
  if (state.seen === null) return state
  const past = { upperBoundsSeconds: state.seen.upperBoundsSeconds, counts: state.seen.stable }
  const counts = {
    canary: countBetween(look.canary, thresholds.canarySeconds),
    stable: countBetween(look.stable, thresholds.stableSeconds),
  }
  const gains = factorsOf(SLOWDOWNS, rule.notWorseThan, past, thresholds, floorOf(check)).map(
    (factors, index) => slowdownGain(counts, factors) / effectOn(SLOWDOWNS[index]?.share ?? 1),
  )
  return { ...state, wealth: growWealth(state.wealth, gains, SLOWDOWN_LOG_WEIGHTS, look.duration) }
}

/** The design effect of requests that so large a share is as slow as. */
type EffectOn = (share: number) => number

/** By what stable has shown before this look, in the release and in the record. */
function effectAt(state: LatencyState, look: Histograms, slow: readonly RecordedEvents[]): EffectOn {
  const trials = { canaryTrials: totalOf(look.canary), stableTrials: totalOf(look.stable) }
  const { watched } = releaseOf(state)
  return (share) =>
    Math.max(
      effectOnShare(state.effect ?? null, share),
      effectOfRecord(recordedNear(slow, share), trials, look.duration, watched),
    )
}

/** Before the look is remembered: what is slow is told by the past alone. */
function countSlow(
  check: LatencyCheck,
  state: LatencyState,
  { canary, stable }: Histograms,
  effectOn: EffectOn,
): LatencyState {
  const { seen } = state
  if (seen === null) return state
  const past = { upperBoundsSeconds: seen.upperBoundsSeconds, counts: seen.stable }
  const slow = state.slow ?? chooseBound(past, Math.max(...check.quantiles))
  return slow === null ? state : { ...state, slow: addSlow(slow, canary, stable, effectOn(shareBeyond(slow, past))) }
}

function remember(state: LatencyState, look: Histograms): LatencyState {
  const bounds = look.canary.upperBoundsSeconds
  const kept = state.seen ?? { upperBoundsSeconds: bounds, canary: [], stable: [] }
  const counts = {
    canaryTrials: totalOf(look.canary),
    canaryEvents: 0,
    stableTrials: totalOf(look.stable),
    stableEvents: 0,
  }
  const usual = { upperBoundsSeconds: bounds, counts: addCounts(kept.stable, look.stable.counts) }
  return {
    ...state,
    tally: addToTally(state.tally, counts, look.duration),
    release: addToTally(releaseOf(state), counts, look.duration),
    effect: learnLatencyEffect(state.effect ?? null, usual, look.stable, look.duration),
    seen: {
      upperBoundsSeconds: bounds,
      canary: addCounts(kept.canary, look.canary.counts),
      stable: usual.counts,
    },
  }
}

function conclude(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  thresholds: Thresholds,
  names: ArmNames,
): WeighedStep<LatencyState> {
  const { tally, wealth } = state
  const hasFailed = wealth.logPeak >= -Math.log(rule.alpha)
  const lack = hasFailed ? null : tallyFault(tally, rule.minRequests, names)
  const isInDoubt = lack === null && isDoubt(logMeanWealth(wealth, SLOWDOWN_LOG_WEIGHTS))
  const tell = (): Verdict => {
    const outlook = slowOutlook(state.slow)
    const seenFrom = seenByNow(check, rule, state, thresholds)
    const evidence = evidenceOf(check, rule, state, outlook, seenFrom)
    if (lack !== null) return inconclusive(lack.cause, lack.reason, evidence)
    const slow = describeSlow(outlook)
    const seen = describeQuantiles(check, state, names)
    const watched = formatWatched(releaseOf(state).watched)
    if (hasFailed) {
      const reason = `${seen}: ${describeBreach(rule, names)}, odds of a false alarm ${formatOdds(wealth.logPeak)}, ${watched}${slow}`
      return { outcome: 'fail', reason, evidence }
    }
    const standing = formatStanding(wealth.logPeak, -Math.log(rule.alpha), 'fails')
    const coarse = describeCoarseness(check, rule, state, thresholds)
    const reason = `${seen}: ${formatSign(isInDoubt)} ${describeAbsence(rule, names)} ${standing}, ${watched}${slow}${describeSeenFrom(seenFrom)}${coarse}`
    return unshown(isInDoubt, reason, evidence)
  }
  if (!hasFailed) return { state, outcome: lack === null && !isInDoubt ? 'pass' : 'inconclusive', tell }
  const failure = tell()
  return { state: { ...state, failure }, outcome: 'fail', tell: () => failure }
}

/** One usable look: both histograms have the same, valid buckets. */
export interface Histograms {
  readonly canary: LatencyHistogram
  readonly stable: LatencyHistogram
  readonly duration: Milliseconds
}

/** The histograms of a usable look, or the sentence that says why there are none. */
export function readHistograms(
  input: CheckInput,
  lastEnd: Instant | null,
): ({ readonly kind: 'usable' } & Histograms) | { readonly kind: 'blind' | 'undecided'; readonly reason: string } {
  const read = readLook(input, lastEnd)
  if (read.kind !== 'usable') return read
  const { canary, stable, duration } = read.look
  const bounds = (canary.latency ?? stable.latency)?.upperBoundsSeconds
  const names = namesOf(input)
  if (bounds === undefined)
    return { kind: 'blind', reason: `neither ${names.canary} nor ${names.stable} reports latency` }
  const both = { canary: histogramOf(canary, bounds), stable: histogramOf(stable, bounds) }
  for (const arm of ['canary', 'stable'] as const) {
    const [name, histogram] = [names[arm], both[arm]]
    if (histogram === null) return { kind: 'blind', reason: `${name} reports no latency` }
    const fault = histogramFault(histogram)
    if (fault !== null) return { kind: 'blind', reason: `${name} ${fault}` }
    if (totalOf(histogram) > 1e15) return { kind: 'blind', reason: `${name} has latency counts too large to be true` }
  }
  if (both.canary === null || both.stable === null) return { kind: 'blind', reason: 'no latency' }
  if (!hasSameBuckets(both.canary.upperBoundsSeconds, both.stable.upperBoundsSeconds))
    return { kind: 'blind', reason: `${names.canary} and ${names.stable} count latency in different buckets` }
  return { kind: 'usable', canary: both.canary, stable: both.stable, duration }
}

/** An arm without a request may leave its histogram out: then it is an empty one. */
function histogramOf(arm: ArmCounts, bounds: readonly number[]): LatencyHistogram | null {
  if (arm.latency !== null || arm.requests > 0) return arm.latency
  return { upperBoundsSeconds: bounds, counts: [...bounds.map(() => 0), 0] }
}

/** Counts so far with one more look, older ones counted half once there are very many. */
export function addCounts(kept: readonly number[], added: readonly number[]): readonly number[] {
  const total = kept.reduce((sum, count) => sum + count, 0)
  const part = total > FORGET_FROM ? 0.5 : 1
  return added.map((count, index) => (kept[index] ?? 0) * part + count)
}

function releaseOf(state: LatencyState): Tally {
  return state.release ?? state.tally
}

function ruleFault(rule: SequentialRule): string | null {
  if (!(rule.alpha > 0 && rule.alpha < 1))
    return `the error budget is not between 0 and 1${formatImpossible(rule.alpha)}`
  if (!(rule.notWorseThan > 0 && rule.notWorseThan < Number.POSITIVE_INFINITY))
    return `the accepted ratio is not a positive number${formatImpossible(rule.notWorseThan)}`
  return null
}

function describeBreach(rule: SequentialRule, names: ArmNames): string {
  return rule.notWorseThan === 1 ? `slower than ${names.stable}` : `at least ${formatRatio(rule.notWorseThan)} as slow`
}

function describeAbsence({ notWorseThan }: SequentialRule, names: ArmNames): string {
  return notWorseThan === 1 ? `being slower than ${names.stable}` : `${formatRatio(notWorseThan)} as slow or slower`
}

/** `latency p95 480 ms and p99 1.2 s on 2.4.0 against 210 ms and 400 ms on 2.3.9 (9,614 / 372,100 requests)`. */
function describeQuantiles(check: LatencyCheck, state: LatencyState, names: ArmNames): string {
  const { seen } = state
  if (seen === null) return 'latency'
  const { canaryTrials, stableTrials } = releaseOf(state)
  const valueOf = (counts: readonly number[], quantile: number): string => {
    const value = quantileOf({ upperBoundsSeconds: seen.upperBoundsSeconds, counts }, quantile)
    if (value === null) return 'nothing'
    return value.kind === 'within' ? formatSeconds(value.seconds) : `over ${formatSeconds(value.seconds)}`
  }
  const canary = check.quantiles.map((quantile) => `${formatQuantile(quantile)} ${valueOf(seen.canary, quantile)}`)
  const stable = check.quantiles.map((quantile) => valueOf(seen.stable, quantile))
  const requests = `(${formatCount(canaryTrials)} / ${formatCount(stableTrials)} requests)`
  return `latency ${formatList(canary)} on ${names.canary} against ${formatList(stable)} on ${names.stable} ${requests}`
}

/** How many times as slow all requests would have to be to be seen by now; null when none would, or nothing was seen. */
function seenByNow(
  check: LatencyCheck,
  rule: SequentialRule,
  { seen, slow }: LatencyState,
  thresholds: Thresholds,
): number | null {
  if (seen === null || slow === undefined) return null
  return slowerSeenByNow({
    ...{ requests: slow.ratio, stable: { upperBoundsSeconds: seen.upperBoundsSeconds, counts: seen.stable } },
    ...{ thresholds, ratio: rule.notWorseThan, floor: floorOf(check), needed: -Math.log(rule.alpha) },
  })
}

/** `; all requests 1.4 times as slow would be seen by now (90%)` */
function describeSeenFrom(factor: number | null): string {
  if (factor === null) return '; no slowdown would be seen yet'
  return `; all requests ${formatRatio(factor)} as slow would be seen by now (${formatPercent(SEEN, 2)})`
}

/** Tells when the buckets only let larger slowdowns be seen than the plan accepts. */
function describeCoarseness(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  thresholds: Thresholds,
): string {
  const visible = smallestVisibleRatio(check, state, thresholds)
  if (visible === null) return '; hardly any request falls between these latency buckets: next to nothing can be seen'
  if (visible <= rule.notWorseThan * 1.1) return ''
  return `; the latency buckets are wide: only ${formatRatio(visible)} as slow or slower can be seen`
}

function smallestVisibleRatio(check: LatencyCheck, state: LatencyState, thresholds: Thresholds): number | null {
  if (state.seen === null) return null
  const above = survivalOf({ upperBoundsSeconds: state.seen.upperBoundsSeconds, counts: state.seen.stable })
  const highest = Math.max(...check.quantiles)
  const ratios = thresholds.stableSeconds.flatMap((seconds, index) => {
    const slower = above(seconds)
    const isWatched = slower <= 1 - floorOf(check) + 1e-9 && slower >= (1 - highest) / 4
    return isWatched ? [(thresholds.canarySeconds[index] ?? seconds) / seconds] : []
  })
  return ratios.length === 0 ? null : Math.min(...ratios)
}

function evidenceOf(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  outlook: SlowOutlook | null = slowOutlook(state.slow),
  seenFrom: number | null = null,
): Evidence {
  const { tally, seen, wealth } = state
  const figures: Record<string, number> = {
    canaryRequests: tally.canaryTrials,
    stableRequests: tally.stableTrials,
    watchedSeconds: tally.watched / 1_000,
    evidenceAbove: capEvidence(wealth.logPeak),
    evidenceNeeded: 1 / rule.alpha,
  }
  for (const arm of ['canary', 'stable'] as const) {
    if (seen === null) break
    for (const quantile of check.quantiles) {
      const value = quantileOf({ upperBoundsSeconds: seen.upperBoundsSeconds, counts: seen[arm] }, quantile)
      if (value !== null) figures[`${arm}P${String(quantile * 100).replace('.', '_')}Seconds`] = value.seconds
    }
  }
  const seenFigures = seenFrom === null ? {} : { seenSlowdown: seenFrom, seenPower: SEEN }
  return { judge: 'sequential', figures: finiteFigures({ ...figures, ...slowFigures(outlook), ...seenFigures }) }
}
