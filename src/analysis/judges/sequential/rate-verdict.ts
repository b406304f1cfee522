import type { ArmNames } from '../../../domain/arm-names.ts'
import type { Evidence } from '../../../domain/verdict.ts'
import {
  capEvidence,
  finiteFigures,
  formatFraction,
  formatOdds,
  formatRatio,
  formatShare,
  formatSign,
  formatStanding,
  formatWatched,
} from '../../explain.ts'
import type { Tally } from '../../tally.ts'
import {
  beyond,
  describeBursts,
  describeInterval,
  describeSeen,
  isBeyond,
  type Outlook,
  outlookFigures,
} from './rate-outlook.ts'
import { limitOf, neededLogEvidence, type RateQuestion, type RateSide } from './rate-question.ts'
import { type RateState, sidesOf } from './rate-state.ts'
import { NO_RATIO } from './ratio-evidence.ts'

function describeCounts(question: RateQuestion, tally: Tally, names: ArmNames): string {
  const canary = tally.canaryTrials > 0 ? formatShare(tally.canaryEvents / tally.canaryTrials) : 'nothing'
  const stable = tally.stableTrials > 0 ? formatShare(tally.stableEvents / tally.stableTrials) : 'nothing'
  const fractions = `${formatFraction(tally.canaryEvents, tally.canaryTrials)} / ${formatFraction(tally.stableEvents, tally.stableTrials)}`
  return `${question.noun} ${canary} on ${names.canary} against ${stable} on ${names.stable} (${fractions})`
}

/** The failure in words and figures: `errors 9.4% on 2.5.0 against … : at least 1.5 times as many, odds of a false alarm 1 : 440`. */
export function describeFailure(
  question: RateQuestion,
  state: RateState,
  side: RateSide,
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
function showsBreach(question: RateQuestion, side: RateSide, tally: Tally): boolean {
  const canary = tally.canaryEvents / tally.canaryTrials
  const stable = tally.stableEvents / tally.stableTrials
  return side === 'above' ? canary > stable * (question.notAbove ?? 1) : canary < stable * (question.notBelow ?? 1)
}

/** `at least 1.5 times as many`, `at most 0.9 times as many`, `more than on 2.3.9`. */
function describeSide(question: RateQuestion, side: RateSide, names: ArmNames): string {
  const { word, ratio } = limitOf(question, side)
  if (ratio === 1) return `${word} than on ${names.stable}`
  return `${side === 'above' ? 'at least' : 'at most'} ${formatRatio(ratio)} as many`
}

/** What there is no sign of, or only a first one, and what would be seen by now. */
export function describeUnshown(
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
function describeAbsence(question: RateQuestion, side: RateSide, names: ArmNames): string {
  const { word, ratio } = limitOf(question, side)
  return ratio === 1 ? `${word} than on ${names.stable}` : `${formatRatio(ratio)} as many or ${word}`
}

/** The figures of a verdict. */
export function evidenceOf(
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
