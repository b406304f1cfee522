import type { CheckInput } from '../../domain/plan/checks.ts'
import type { Tolerance } from '../calibration/counting.ts'
import { startLimitMemory } from '../judges/hysteresis.ts'
import { type RelativeReading, type RelativeState, stepRelative } from '../judges/relative-judge.ts'
import type { LatencyState } from '../judges/sequential/latency-state.ts'
import type { RateState } from '../judges/sequential/rate-state.ts'
import { logMeanWealth, logSumExp } from '../judges/sequential/wealth.ts'
import { WORSE_BETS } from '../judges/split-test.ts'
import { stepThreshold, type ThresholdReading, type ThresholdState } from '../judges/threshold-judge.ts'
import { EMPTY_TALLY } from '../tally.ts'
import { type CheckStep, type HeldEvidence, NO_EVIDENCE } from './check-kind.ts'
import type { ErrorRateCheck, LatencyCheck, RelativeRule, SequentialRule, ThresholdRule } from './shapes.ts'

/** What checks with one limit of three kinds share, and what sequential ones do. */

/** The state of a limit that controls no error rate. */
export type LimitState = ThresholdState | RelativeState

/** The tags of such states. */
export const LIMIT_STATES = ['threshold', 'relative'] as const

/** The state before the first look. */
export function startLimit({ judge }: ThresholdRule | RelativeRule): LimitState {
  return startLimitMemory(judge)
}

/** What a kind of check reads for each of the two judges of limits that control no error rate. */
export interface LimitReadings {
  readonly fixed: ThresholdReading
  readonly ratio: RelativeReading
}

/** One look by a limit that controls no error rate; a state of the other one is replaced by a fresh one. */
export function stepLimit(
  { fixed, ratio }: LimitReadings,
  rule: ThresholdRule | RelativeRule,
  state: LimitState | RateState | LatencyState,
  input: CheckInput,
): CheckStep<LimitState> {
  switch (rule.judge) {
    case 'threshold':
      return stepThreshold(fixed, rule, state.kind === 'threshold' ? state : startLimitMemory('threshold'), input)
    case 'relative':
      return stepRelative(ratio, rule, state.kind === 'relative' ? state : startLimitMemory('relative'), input)
  }
}

/** How sentences name a fixed limit. */
export function besides(limit: string): { readonly above: string; readonly within: string } {
  return { above: `above the limit of ${limit}`, within: `within the limit of ${limit}` }
}

/** The state at a new exposure: requests are counted afresh, while evidence and breaches stay. */
export function enterAfresh<State extends LimitState | RateState | LatencyState>(state: State): State {
  return 'tally' in state
    ? { ...state, tally: EMPTY_TALLY }
    : { ...state, gathered: null, gatheredFor: 0, standing: null }
}

/** The evidence of a rate; one that is asked about on both sides has half of each side's. */
export function rateEvidence({ above, below }: RateState): HeldEvidence {
  const sides = [above, below].flatMap((wealth) => (wealth === null ? [] : [wealth]))
  if (sides.length === 0) return NO_EVIDENCE
  const halved = Math.log(sides.length)
  return {
    strongest: Math.max(0, Math.max(...sides.map(({ logPeak }) => logPeak), 0) - halved),
    now: logSumExp(sides.map((wealth) => logMeanWealth(wealth, WORSE_BETS.logWeights))) - halved,
  }
}

/** The part of the error budget of a rule that has one. */
export function alphaOfRule(rule: SequentialRule | ThresholdRule | RelativeRule): number | null {
  return rule.judge === 'sequential' ? rule.alpha : null
}

/** `1.5x stable's share`, `2%, 2 of 3 looks` */
export function limitOf(
  rule: SequentialRule | ThresholdRule | RelativeRule,
  ofStable: string,
  format: (max: number) => string,
): string {
  switch (rule.judge) {
    case 'sequential':
      return `${rule.notWorseThan}${ofStable}`
    case 'threshold':
      return `${format(rule.max)}${hysteresisOf(rule)}`
    case 'relative':
      return `${rule.maxRatio}${ofStable} in each look${hysteresisOf(rule)}`
  }
}

/** `, 2 of 3 looks`; nothing where one is enough. */
export function hysteresisOf({ failures, of }: { readonly failures: number; readonly of: number }): string {
  return failures === 1 && of === 1 ? '' : `, ${failures} of ${of} looks`
}

/** What may be proposed for a rule with a budget; null for one without. */
export function toleranceOfRule(check: ErrorRateCheck | LatencyCheck, enough: number | null): Tolerance | null {
  const { rule } = check
  if (rule.judge !== 'sequential') return null
  const withRule = (changed: Partial<SequentialRule>) => ({ ...check, rule: { ...rule, ...changed } })
  return {
    ...{ ratio: rule.notWorseThan, isFall: false, alpha: rule.alpha, minRequests: rule.minRequests, enough },
    withRatio: (notWorseThan) => withRule({ notWorseThan }),
    withAlpha: (alpha) => withRule({ alpha }),
    options: { notWorseThan: rule.notWorseThan },
  }
}
