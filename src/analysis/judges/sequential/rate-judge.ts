import type { ArmNames } from '../../../domain/arm-names.ts'
import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { Milliseconds } from '../../../domain/units.ts'
import type { Verdict } from '../../../domain/verdict.ts'
import { countedPart } from '../../power/event-power.ts'
import { endOfLook, namesOf } from '../../read-look.ts'
import { addToTally, tallyFault } from '../../tally.ts'
import { inconclusive, unshown } from '../../verdicts.ts'
import { type SplitCounts, WORSE_BETS } from '../split-test.ts'
import type { WeighedStep } from '../weighed-step.ts'
import { clumpedGains, designEffectOf, learnDesignEffect, startDesignEffect } from './design-effect.ts'
import { readCounts, swapArms } from './rate-counts.ts'
import { isBeyond, type Outlook, outlookOf, SURE } from './rate-outlook.ts'
import { limitOf, neededLogEvidence, questionFault, type RateQuestion } from './rate-question.ts'
import { type AskedSide, hasSameSides, type RateState, sidesOf, startRate } from './rate-state.ts'
import { describeFailure, describeUnshown, evidenceOf } from './rate-verdict.ts'
import { addToRatio, NO_RATIO, ratioInterval } from './ratio-evidence.ts'
import { effectOfRecord } from './record-effect.ts'
import { growWealth, isDoubt, logMeanWealth, type Wealth } from './wealth.ts'

/** In so many looks the odds cannot show a canary that only fails, as all of it may be one user: till then the interval is asked. */
const FIRST_LOOKS = 2

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
