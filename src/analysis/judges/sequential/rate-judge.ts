import type { ArmNames } from '../../../domain/arm-names.ts'
import type { ArmCounts } from '../../../domain/observation.ts'
import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { RecordedEvents, RecordedStable } from '../../../domain/recorded-noise.ts'
import type { Instant, Milliseconds } from '../../../domain/units.ts'
import type { Evidence, Verdict } from '../../../domain/verdict.ts'
import {
  addToTally,
  EMPTY_TALLY,
  endOfLook,
  impossibleCount,
  inconclusive,
  isCount,
  namesOf,
  readLook,
  type Tally,
  tallyFault,
  unshown,
} from '../../arms.ts'
import type { ErrorRateCheck, RateCheck, SequentialRule } from '../../checks/shapes.ts'
import {
  capEvidence,
  finiteFigures,
  formatCount,
  formatFraction,
  formatImpossible,
  formatOdds,
  formatRatio,
  formatShare,
  formatSign,
  formatStanding,
  formatWatched,
} from '../../explain.ts'
import { countedPart } from '../../power/event-power.ts'
import { type SplitCounts, WORSE_BETS } from '../split-test.ts'
import type { WeighedStep } from '../weighed-step.ts'
import {
  clumpedGains,
  type DesignEffect,
  designEffectOf,
  learnDesignEffect,
  startDesignEffect,
} from './design-effect.ts'
import {
  beyond,
  describeBursts,
  describeInterval,
  describeSeen,
  isBeyond,
  type Outlook,
  outlookFigures,
  outlookOf,
  SURE,
} from './rate-outlook.ts'
import { addToRatio, NO_RATIO, type RatioEvidence, ratioInterval } from './ratio-evidence.ts'
import { effectOfRecord } from './record-effect.ts'
import { growWealth, isDoubt, logMeanWealth, startWealth, type Wealth } from './wealth.ts'

/** One or two one-sided questions about the ratio of two rates, at one error budget. */
export interface RateQuestion {
  /** What is counted, as in sentences: `errors`, `orders`. */
  readonly noun: string
  /** Largest accepted ratio canary / stable, ≥ 1, or null. */
  readonly notAbove: number | null
  /** Smallest accepted ratio, in (0, 1], or null. */
  readonly notBelow: number | null
  readonly alpha: number
  readonly minRequests: number
  /** Most events that a request can have; absent: any number. */
  readonly mostPerRequest?: number
  /** The event's count of one arm; undefined when the arm does not report it. */
  readonly eventsOf: (arm: ArmCounts) => number | undefined
  /** The same in the target's record. */
  readonly recordedOf: (record: RecordedStable) => RecordedEvents | null | undefined
}

/** In so many looks the odds cannot show a canary that only fails, as all of it may be one user: till then the interval is asked. */
const FIRST_LOOKS = 2

/** What the judge remembers between looks. Plain JSON; the wealth of a side that is not asked about is null. */
export interface RateState {
  readonly kind: 'rate'
  readonly lastEnd: Instant | null
  readonly tally: Tally
  /** The same over all exposures: what a failure, whose evidence is the whole release's, is told with. */
  readonly release: Tally
  readonly above: Wealth | null
  readonly below: Wealth | null
  /** What the looks say of the ratio itself. Absent in the state of an older version, and before the first look. */
  readonly ratio?: RatioEvidence
  /** How stable's events come, as far as its looks have shown it. Absent in the state of an older version. */
  readonly effect?: DesignEffect
  /** The design effect of the last look by the target's record; absent where that shows none. */
  readonly ofRecord?: number
  /** The failure, once there is one: it stays. */
  readonly failure: Verdict | null
}

/** The question of an error-rate check with a sequential rule. */
export function errorQuestion(_check: ErrorRateCheck, rule: SequentialRule): RateQuestion {
  return {
    noun: 'errors',
    notAbove: rule.notWorseThan,
    notBelow: null,
    alpha: rule.alpha,
    minRequests: rule.minRequests,
    mostPerRequest: 1,
    eventsOf: (arm) => arm.errors,
    recordedOf: (record) => record.errors,
  }
}

/** The question of a rate check. */
export function eventQuestion(check: RateCheck): RateQuestion {
  return {
    noun: check.of,
    notAbove: check.notAbove,
    notBelow: check.notBelow,
    alpha: check.alpha,
    minRequests: check.minRequests,
    eventsOf: (arm) => (Object.hasOwn(arm.events, check.of) ? arm.events[check.of] : undefined),
    recordedOf: ({ events }) => (Object.hasOwn(events, check.of) ? events[check.of] : null),
  }
}

/** The state before the first look. */
export function startRate(question: RateQuestion): RateState {
  return {
    kind: 'rate',
    lastEnd: null,
    tally: EMPTY_TALLY,
    release: EMPTY_TALLY,
    above: question.notAbove === null ? null : startWealth(WORSE_BETS.multiples.length),
    below: question.notBelow === null ? null : startWealth(WORSE_BETS.multiples.length),
    effect: startDesignEffect(),
    failure: null,
  }
}

/**
 * One look at both arms, by the per-interval split e-process (`split-test.ts`, `wealth.ts`), O(bets) whatever the
 * traffic. It fails once the odds against "the ratio is within what is accepted" reach 1 : 1/alpha, the budget being
 * halved when both sides are asked about; a failure stays. It passes when this look had usable data of both arms, both
 * have served `minRequests` since the exposure began and are not silent, and nothing is shown, nor likely ({@link isDoubted}).
 * Anything else is inconclusive. Weights and traffic may differ at each look.
 */
export function stepRate(question: RateQuestion, before: RateState, input: CheckInput): WeighedStep<RateState> {
  const state = hasSameSides(question, before) ? before : startRate(question)
  const { failure } = state
  if (failure !== null) return { state, outcome: 'fail', tell: () => failure }
  const hold = (held: RateState, cause: 'blind' | 'undecided', reason: string): WeighedStep<RateState> => ({
    ...{ state: held, outcome: 'inconclusive' },
    tell: () => inconclusive(cause, reason, evidenceOf(question, held)),
  })
  const fault = questionFault(question)
  if (fault !== null) return hold(state, 'blind', fault)
  const next = { ...state, lastEnd: endOfLook(input, state.lastEnd) }
  const read = readCounts(question, input, state.lastEnd)
  if (read.kind !== 'usable') return hold(next, read.kind, read.reason)
  const { counts, duration } = read
  const record = input.recorded === undefined ? null : question.recordedOf(input.recorded)
  const ofRecord = effectOfRecord(record, counts, duration, state.release.watched)
  const grown = grow(question, next, counts, duration, ofRecord)
  const ratio = addToRatio(state.ratio ?? NO_RATIO, counts, Math.max(ofRecord, lastingEffect(state)))
  return conclude(question, { ...grown, ratio }, namesOf(input))
}

/** False for the state of a question that asked about other sides: its wealth would leave one side unwatched. */
function hasSameSides(question: RateQuestion, state: RateState): boolean {
  return (
    (question.notAbove === null) === (state.above === null) && (question.notBelow === null) === (state.below === null)
  )
}

function grow(
  question: RateQuestion,
  { ofRecord: _, ...state }: RateState,
  counts: SplitCounts,
  duration: Milliseconds,
  ofRecord: number,
): RateState {
  const effect = state.effect ?? startDesignEffect()
  const multiples = WORSE_BETS.multiples
  const bet = (wealth: Wealth | null, ratio: number | null, seen: SplitCounts): Wealth | null =>
    wealth === null || ratio === null
      ? null
      : growWealth(wealth, clumpedGains(seen, ratio, multiples, effect, ofRecord), WORSE_BETS.logWeights, duration)
  const tally = addToTally(state.tally, counts, duration)
  return {
    ...state,
    tally,
    release: addToTally(state.release, counts, duration),
    above: bet(state.above, question.notAbove, counts),
    below: bet(state.below, question.notBelow === null ? null : 1 / question.notBelow, swapArms(counts)),
    effect: learnDesignEffect(effect, { events: counts.stableEvents, trials: counts.stableTrials }, duration),
    ...(ofRecord > 1 && { ofRecord }),
  }
}

function conclude(question: RateQuestion, state: RateState, names: ArmNames): WeighedStep<RateState> {
  const needed = neededLogEvidence(question)
  const side = (['above', 'below'] as const).find((one) => (state[one]?.logPeak ?? 0) >= needed)
  if (side !== undefined) {
    const outlook = outlookNow(question, state)
    const reason = describeFailure(question, state, side, names, outlook)
    const failure: Verdict = { outcome: 'fail', reason, evidence: evidenceOf(question, state, outlook) }
    return { state: { ...state, failure }, outcome: 'fail', tell: () => failure }
  }
  const lack = tallyFault(state.tally, question.minRequests, names)
  const isInDoubt = lack === null && isDoubted(question, state)
  return {
    ...{ state, outcome: lack === null && !isInDoubt ? 'pass' : 'inconclusive' },
    tell() {
      const outlook = outlookNow(question, state)
      const evidence = evidenceOf(question, state, outlook)
      if (lack !== null) return inconclusive(lack.cause, lack.reason, evidence)
      return unshown(isInDoubt, describeUnshown(question, state, names, outlook, isInDoubt), evidence)
    },
  }
}

function outlookNow(question: RateQuestion, state: RateState): Outlook {
  return outlookOf({ ...question, needed: neededByNow(question, state) }, state.ratio ?? NO_RATIO)
}

/** Counts of one look. */
type Counts =
  | { readonly kind: 'usable'; readonly counts: SplitCounts; readonly duration: Milliseconds }
  | { readonly kind: 'blind' | 'undecided'; readonly reason: string }

/** The event and request counts of a usable look, or the sentence that says why there are none. */
export function readCounts(question: RateQuestion, input: CheckInput, lastEnd: Instant | null): Counts {
  const read = readLook(input, lastEnd)
  if (read.kind !== 'usable') return read
  const { canary, stable, duration } = read.look
  const canaryEvents = question.eventsOf(canary)
  const stableEvents = question.eventsOf(stable)
  const names = namesOf(input)
  for (const [name, arm, events] of [
    [names.canary, canary, canaryEvents],
    [names.stable, stable, stableEvents],
  ] as const) {
    if (events === undefined) return { kind: 'blind', reason: `${name} does not report ${question.noun}` }
    if (!isCount(events)) return { kind: 'blind', reason: impossibleCount(name, question.noun, events) }
    if (events > 0 && arm.requests === 0)
      return { kind: 'blind', reason: `${name} reports ${formatCount(events)} ${question.noun} without a request` }
  }
  const counts = {
    canaryEvents: canaryEvents ?? 0,
    canaryTrials: canary.requests,
    stableEvents: stableEvents ?? 0,
    stableTrials: stable.requests,
  }
  return { kind: 'usable', counts, duration }
}

/** The same counts with the arms exchanged: "canary has fewer" becomes "stable has more". */
export function swapArms(counts: SplitCounts): SplitCounts {
  return {
    canaryEvents: counts.stableEvents,
    canaryTrials: counts.stableTrials,
    stableEvents: counts.canaryEvents,
    stableTrials: counts.canaryTrials,
  }
}

function questionFault(question: RateQuestion): string | null {
  const { alpha, notAbove, notBelow } = question
  if (!(alpha > 0 && alpha < 1)) return `the error budget is not between 0 and 1${formatImpossible(alpha)}`
  if (notAbove === null && notBelow === null)
    return 'the check accepts every ratio: it has neither notAbove nor notBelow'
  if (notAbove !== null && !(notAbove > 0 && notAbove < Number.POSITIVE_INFINITY))
    return `the accepted ratio is not a positive number${formatImpossible(notAbove)}`
  if (notBelow !== null && !(notBelow > 0 && notBelow < Number.POSITIVE_INFINITY))
    return `the accepted ratio is not a positive number${formatImpossible(notBelow)}`
  return null
}

/** True while the canary is too likely to be worse to go on; one of two sides has half of the odds. */
function isDoubted(question: RateQuestion, state: RateState): boolean {
  const sides = sidesOf(state)
  const oddsOf = ({ wealth }: AskedSide) => logMeanWealth(wealth, WORSE_BETS.logWeights) - Math.log(sides.length)
  if (sides.some((side) => isDoubt(oddsOf(side)))) return true
  const { ratio = NO_RATIO } = state
  if (ratio.looks > FIRST_LOOKS) return false
  const interval = ratioInterval(ratio, SURE)
  return sides.some(({ side }) => isBeyond(interval, limitOf(question, side)))
}

function neededLogEvidence({ alpha, notAbove, notBelow }: RateQuestion): number {
  return Math.log((notAbove !== null && notBelow !== null ? 2 : 1) / alpha)
}

function lastingEffect({ effect, ofRecord = 1 }: RateState): number {
  return Math.max(ofRecord, effect === undefined ? 1 : designEffectOf(effect).lasting)
}

/** What independent events would need to show for the judge to fail, as it is not sure that they are. */
function neededByNow(question: RateQuestion, state: RateState): number {
  const { canaryEvents, stableEvents } = state.release
  const looks = state.effect?.learned ?? 0
  const needed = neededLogEvidence(question)
  const counted = countedPart(looks, Math.max(canaryEvents, stableEvents), stableEvents, needed)
  return (needed * lastingEffect(state)) / counted
}

function describeCounts(question: RateQuestion, tally: Tally, names: ArmNames): string {
  const canary = tally.canaryTrials > 0 ? formatShare(tally.canaryEvents / tally.canaryTrials) : 'nothing'
  const stable = tally.stableTrials > 0 ? formatShare(tally.stableEvents / tally.stableTrials) : 'nothing'
  const fractions = `${formatFraction(tally.canaryEvents, tally.canaryTrials)} / ${formatFraction(tally.stableEvents, tally.stableTrials)}`
  return `${question.noun} ${canary} on ${names.canary} against ${stable} on ${names.stable} (${fractions})`
}

type Side = 'above' | 'below'

/** A side that is asked about. */
interface AskedSide {
  readonly side: Side
  readonly wealth: Wealth
}

function sidesOf(state: RateState): readonly AskedSide[] {
  return (['above', 'below'] as const).flatMap((side) => {
    const wealth = state[side]
    return wealth === null ? [] : [{ side, wealth }]
  })
}

function describeFailure(
  question: RateQuestion,
  state: RateState,
  side: Side,
  names: ArmNames,
  { interval }: Outlook,
): string {
  const { word, ratio } = limitOf(question, side)
  const size = describeInterval(interval === null ? null : beyond(interval, ratio, word))
  const bursts = side === 'above' ? describeBursts(question.noun, state.ratio ?? NO_RATIO) : ''
  const told = [state.release, state.tally].find((tally) => showsBreach(question, side, tally))
  const tally = told ?? state.release
  const how = told === undefined ? 'look by look ' : ''
  const odds = formatOdds(state[side]?.logPeak ?? 0)
  return `${describeCounts(question, tally, names)}: ${how}${describeSide(question, side, names)}, odds of a false alarm ${odds}, ${formatWatched(tally.watched)}${size}${bursts}`
}

/**
 * True when the sums themselves show the breach on this side. The test compares look by look, so a change of weight or a
 * rush hour between looks can turn the sums over a whole release around: then they would contradict what is said.
 */
function showsBreach(question: RateQuestion, side: Side, tally: Tally): boolean {
  const canary = tally.canaryEvents / tally.canaryTrials
  const stable = tally.stableEvents / tally.stableTrials
  return side === 'above' ? canary > stable * (question.notAbove ?? 1) : canary < stable * (question.notBelow ?? 1)
}

/** `at least 1.5 times as many`, `at most 0.9 times as many`, `more than on 2.3.9`. */
function describeSide(question: RateQuestion, side: Side, names: ArmNames): string {
  const { word, ratio } = limitOf(question, side)
  if (ratio === 1) return `${word} than on ${names.stable}`
  return `${side === 'above' ? 'at least' : 'at most'} ${formatRatio(ratio)} as many`
}

function limitOf({ notAbove, notBelow }: RateQuestion, side: Side) {
  return side === 'above'
    ? ({ word: 'more', ratio: notAbove ?? 1 } as const)
    : ({ word: 'fewer', ratio: notBelow ?? 1 } as const)
}

function describeUnshown(
  question: RateQuestion,
  state: RateState,
  names: ArmNames,
  outlook: Outlook,
  isInDoubt: boolean,
): string {
  const sides = sidesOf(state)
  const peak = Math.max(...sides.map(({ wealth }) => wealth.logPeak))
  const standing = formatStanding(peak, neededLogEvidence(question), 'fails')
  const none = sides.map(({ side }) => describeAbsence(question, side, names)).join(', nor of ')
  // The interval is surer of less than the judge is: it may have seen already what the judge must not say yet.
  const isNear = isInDoubt || sides.some(({ side }) => isBeyond(outlook.interval, limitOf(question, side)))
  const said = `${describeCounts(question, state.tally, names)}: ${formatSign(isNear)} ${none} ${standing}, ${formatWatched(state.tally.watched)}`
  return `${said}${describeInterval(outlook.interval)}${describeSeen(question, outlook)}`
}

/** What there is no sign of: `1.5 times as many or more`, `more than on 2.3.9`. */
function describeAbsence(question: RateQuestion, side: Side, names: ArmNames): string {
  const { word, ratio } = limitOf(question, side)
  return ratio === 1 ? `${word} than on ${names.stable}` : `${formatRatio(ratio)} as many or ${word}`
}

function evidenceOf(
  question: RateQuestion,
  { tally, above, below }: RateState,
  outlook: Outlook | null = null,
): Evidence {
  const figures: Record<string, number> = {
    canaryRequests: tally.canaryTrials,
    canaryEvents: tally.canaryEvents,
    canaryShare: tally.canaryEvents / tally.canaryTrials,
    stableRequests: tally.stableTrials,
    stableEvents: tally.stableEvents,
    stableShare: tally.stableEvents / tally.stableTrials,
    watchedSeconds: tally.watched / 1_000,
    evidenceNeeded: Math.exp(neededLogEvidence(question)),
  }
  if (above !== null) figures['evidenceAbove'] = capEvidence(above.logPeak)
  if (below !== null) figures['evidenceBelow'] = capEvidence(below.logPeak)
  return { judge: 'sequential', figures: finiteFigures({ ...figures, ...outlookFigures(outlook) }) }
}
