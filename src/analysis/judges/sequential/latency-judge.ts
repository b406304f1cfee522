import type { ArmNames } from '../../../domain/arm-names.ts'
import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { RecordedEvents } from '../../../domain/recorded-noise.ts'
import type { Verdict } from '../../../domain/verdict.ts'
import type { LatencyCheck, SequentialRule } from '../../checks/shapes.ts'
import { formatRatio } from '../../explain.ts'
import { hasSameBuckets, totalOf } from '../../histogram.ts'
import { endOfLook, namesOf } from '../../read-look.ts'
import { addToTally, EMPTY_TALLY, tallyFault } from '../../tally.ts'
import { inconclusive, unshown } from '../../verdicts.ts'
import { budgetFault, ratioFault } from '../rule-faults.ts'
import type { WeighedStep } from '../weighed-step.ts'
import { effectOnShare, learnLatencyEffect, recordedNear } from './latency-effect.ts'
import { floorOf } from './latency-floor.ts'
import { type Histograms, readHistograms } from './latency-look.ts'
import { addCounts, type LatencyState, releaseOf } from './latency-state.ts'
import { describeFailure, describeUnshown, evidenceOf, seenByNow } from './latency-verdict.ts'
import { effectOfRecord } from './record-effect.ts'
import { addSlow, chooseBound, shareBeyond, slowOutlook } from './slow-share.ts'
import {
  countBetween,
  factorsOf,
  SLOWDOWN_LOG_WEIGHTS,
  SLOWDOWNS,
  slowdownGain,
  type Thresholds,
  thresholdsOf,
} from './slowdown-test.ts'
import { growWealth, isDoubt, logMeanWealth } from './wealth.ts'

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
  const fault = budgetFault(rule.alpha) ?? ratioFault(rule.notWorseThan)
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
    if (hasFailed) return { outcome: 'fail', reason: describeFailure(check, rule, state, names, outlook), evidence }
    const reason = describeUnshown({ check, rule, state, thresholds, names, outlook, seenFrom, isInDoubt })
    return unshown(isInDoubt, reason, evidence)
  }
  if (!hasFailed) return { state, outcome: lack === null && !isInDoubt ? 'pass' : 'inconclusive', tell }
  const failure = tell()
  return { state: { ...state, failure }, outcome: 'fail', tell: () => failure }
}
