import type { ArmNames } from '../../domain/arm-names.ts'
import type { ArmCounts, MetricResult } from '../../domain/observation.ts'
import { type BasisPoints, FULL_WEIGHT, formatWeight } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import {
  asClause,
  asSentence,
  capEvidence,
  finiteFigures,
  formatCount,
  formatFraction,
  formatImpossible,
  formatOdds,
  formatShare,
} from '../explain.ts'
import { impossibleCount, isCount, namesOf } from '../read-look.ts'
import { logUpperBeta } from '../statistics/incomplete-beta.ts'
import { logBeta } from '../statistics/log-gamma.ts'
import { inconclusive } from '../verdicts.ts'
import { budgetFault } from './rule-faults.ts'
import { logAddExp } from './sequential/wealth.ts'

/** Does the canary get the share of requests it should get? */
export interface SampleRatioRule {
  /** Error budget, in (0, 1). */
  readonly alpha: number
  /** How far the share may be off, relative to the commanded weight: 0.1 accepts 4.5% to 5.5% for 5%. ≥ 0. */
  readonly tolerance: number
  /** Requests of both arms together, at one weight, before the share is called right. */
  readonly minRequests: number
}

/** What one look shows: the commanded weight and the requests of both arms since the last look. */
interface SampleRatioInput {
  readonly weight: BasisPoints
  /** True when cohorts are on the canary whatever the weight: then it may get more than its share, never less. */
  readonly hasCohorts: boolean
  readonly stable: MetricResult<ArmCounts>
  readonly canary: MetricResult<ArmCounts>
  /** What sentences call both sides; absent: canary and stable. */
  readonly names?: ArmNames
}

/** Plain JSON. `carried` is ln of the wealth of both bets before the present weight, started at each weight anew. */
export interface SampleRatioState {
  readonly weight: BasisPoints | null
  readonly canary: number
  readonly stable: number
  /** How many weights there have been. */
  readonly weights: number
  readonly carried: Sides
  readonly logPeak: number
  readonly failure: Verdict | null
}

/** ln of the wealth that bets on too many, and on too few, requests for the canary. */
interface Sides {
  readonly more: number
  readonly fewer: number
}

/** How sure the bet is of the commanded share before any data, in requests. */
const PRIOR_REQUESTS = 100

/** The state before the first look. */
export function startSampleRatio(): SampleRatioState {
  return {
    weight: null,
    canary: 0,
    stable: 0,
    weights: 0,
    carried: { more: Number.NEGATIVE_INFINITY, fewer: Number.NEGATIVE_INFINITY },
    logPeak: 0,
    failure: null,
  }
}

/**
 * One look. Fails, for good, when the odds against "the share is within the tolerance" reach 1 : 1/alpha; passes when
 * enough requests at the present weight show nothing; otherwise inconclusive.
 *
 * At one weight the wealth is that of the Dirichlet (here: beta) mixture of Lindon and Malek, "Anytime-valid inference
 * for multinomial count data" (NeurIPS 2022), truncated to shares beyond the accepted one so that it tests one side:
 * B(a+n_c, b+n_s)/B(a, b) · P(Beta(a+n_c, b+n_s) > ρ)/P(Beta(a, b) > ρ) / (ρ^n_c (1−ρ)^n_s) with (a, b) = 100·(ρ, 1−ρ).
 * The budget is halved over the sides. At a new weight the wealth so far goes on, and a part of the reserve joins it.
 */
export function judgeSampleRatio(
  rule: SampleRatioRule,
  state: SampleRatioState,
  input: SampleRatioInput,
): { readonly state: SampleRatioState; readonly verdict: Verdict } {
  if (state.failure !== null) return { state, verdict: state.failure }
  const fault = inputFault(rule, input)
  if (fault !== null || input.canary.kind !== 'value' || input.stable.kind !== 'value')
    return { state, verdict: inconclusive('blind', asSentence(fault ?? 'no data'), evidenceOf(rule, state)) }
  const entered = input.weight === state.weight ? state : enterWeight(rule, state, input.weight)
  const counted = {
    ...entered,
    canary: entered.canary + input.canary.value.requests,
    stable: entered.stable + input.stable.value.requests,
  }
  if (input.weight <= 0 || input.weight >= FULL_WEIGHT) {
    const reason = `at a weight of ${formatWeight(input.weight)} there is no share to compare`
    return { state: counted, verdict: inconclusive('undecided', reason, evidenceOf(rule, counted)) }
  }
  const wealth = wealthOf(rule, counted)
  const highest = input.hasCohorts ? wealth.fewer : Math.max(wealth.more, wealth.fewer)
  return conclude(rule, { ...counted, logPeak: Math.max(counted.logPeak, highest) }, input)
}

function conclude(
  rule: SampleRatioRule,
  state: SampleRatioState,
  input: SampleRatioInput,
): { readonly state: SampleRatioState; readonly verdict: Verdict } {
  const evidence = evidenceOf(rule, state)
  const total = state.canary + state.stable
  const wanted = `${formatWeight(input.weight)}${input.hasCohorts ? ' and cohorts' : ''}`
  const said = `${namesOf(input).canary} gets ${formatShare(state.canary / total)} of the requests (${formatFraction(state.canary, total)})`
  if (state.logPeak >= neededLogEvidence(rule)) {
    // Either side could have been wrong, so that the odds of both together are half as long.
    const odds = formatOdds(state.logPeak - Math.log(2))
    const reason = `${said} instead of ${wanted}: the router does not split as it should, odds of a false alarm ${odds}`
    const failure: Verdict = { outcome: 'fail', reason, evidence }
    return { state: { ...state, failure }, verdict: failure }
  }
  const needed = Math.max(1, rule.minRequests)
  if (!(total >= needed)) {
    const reason = `not enough requests yet to judge the split: ${formatCount(total)}; it needs ${formatCount(needed)}`
    return { state, verdict: inconclusive('undecided', reason, evidence) }
  }
  return { state, verdict: { outcome: 'pass', reason: `${said} at ${wanted}: no sign of a wrong split`, evidence } }
}

/** Wealth of both sides: that of bets started at earlier weights and at this one, and the reserve for later ones. */
function wealthOf(rule: SampleRatioRule, state: SampleRatioState): Sides {
  const now = currentGains(rule, state)
  const reserve = Math.log(1 / (state.weights + 1))
  return {
    more: logAddExp(state.carried.more + now.more, reserve),
    fewer: logAddExp(state.carried.fewer + now.fewer, reserve),
  }
}

function enterWeight(rule: SampleRatioRule, state: SampleRatioState, weight: BasisPoints): SampleRatioState {
  const before = state.weight === null ? { more: 0, fewer: 0 } : currentGains(rule, state)
  const weights = state.weights + 1
  // The n-th weight gets 1/(n(n+1)) of the money: all of it in the end, half of it at the first.
  const placed = Math.log(1 / (weights * (weights + 1)))
  const carried = {
    more: logAddExp(state.carried.more + before.more, placed),
    fewer: logAddExp(state.carried.fewer + before.fewer, placed),
  }
  return { ...state, weight, weights, carried, canary: 0, stable: 0 }
}

function currentGains(rule: SampleRatioRule, { weight, canary, stable }: SampleRatioState): Sides {
  const share = (weight ?? 0) / FULL_WEIGHT
  if (!(share > 0 && share < 1)) return { more: 0, fewer: 0 }
  const most = share * (1 + rule.tolerance)
  const least = share * (1 - rule.tolerance)
  return {
    more: most < 1 ? truncatedGain(most, canary, stable) : 0,
    fewer: least > 0 ? truncatedGain(1 - least, stable, canary) : 0,
  }
}

/** ln of the one-sided beta mixture for "the first arm's share is at most `share`". */
function truncatedGain(share: number, first: number, second: number): number {
  const [a, b] = [PRIOR_REQUESTS * share, PRIOR_REQUESTS * (1 - share)]
  const gain =
    logBeta(a + first, b + second) -
    logBeta(a, b) +
    logUpperBeta(share, a + first, b + second) -
    logUpperBeta(share, a, b) -
    first * Math.log(share) -
    second * Math.log1p(-share)
  return Number.isFinite(gain) ? gain : 0
}

function inputFault(rule: SampleRatioRule, input: SampleRatioInput): string | null {
  const fault = budgetFault(rule.alpha)
  if (fault !== null) return fault
  if (!(rule.tolerance >= 0 && Number.isFinite(rule.tolerance))) return 'the tolerance is not a number ≥ 0'
  if (!(input.weight >= 0 && input.weight <= FULL_WEIGHT))
    return `the weight is not a share${formatImpossible(input.weight)}`
  const names = namesOf(input)
  for (const [name, arm] of [
    [names.canary, input.canary],
    [names.stable, input.stable],
  ] as const) {
    if (arm.kind !== 'value') return `${name} cannot be seen: ${asClause(arm.reason)}`
    if (!isCount(arm.value.requests)) return impossibleCount(name, 'requests', arm.value.requests)
  }
  return null
}

function neededLogEvidence(rule: SampleRatioRule): number {
  return Math.log(2 / rule.alpha)
}

function evidenceOf(rule: SampleRatioRule, state: SampleRatioState): Evidence {
  return {
    judge: 'sampleRatio',
    figures: finiteFigures({
      canaryRequests: state.canary,
      stableRequests: state.stable,
      canaryTrafficShare: state.canary / (state.canary + state.stable),
      commandedShare: (state.weight ?? Number.NaN) / FULL_WEIGHT,
      evidence: capEvidence(state.logPeak),
      evidenceNeeded: 2 / rule.alpha,
    }),
  }
}
