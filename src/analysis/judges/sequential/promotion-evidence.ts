import type { ArmNames } from '../../../domain/arm-names.ts'
import type { LatencyHistogram } from '../../../domain/observation.ts'
import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { Instant, Milliseconds } from '../../../domain/units.ts'
import type { LatencyCheck, SequentialRule } from '../../checks/shapes.ts'
import { formatImpossible, formatList, formatOdds, formatQuantile, formatRatio, formatStanding } from '../../explain.ts'
import { hasSameBuckets, survivalOf, totalOf } from '../../histogram.ts'
import { endOfLook, namesOf } from '../../read-look.ts'
import { NO_WORSE_BETS, type SplitCounts } from '../split-test.ts'
import { clumpedGains, type DesignEffect, learnDesignEffect, startDesignEffect } from './design-effect.ts'
import { type Histograms, readHistograms } from './latency-look.ts'
import { addCounts } from './latency-state.ts'
import { readCounts, swapArms } from './rate-counts.ts'
import type { RateQuestion } from './rate-question.ts'
import { growWealth, startWealth, type Wealth } from './wealth.ts'

/** What is remembered for the proof that a canary is good enough. Plain JSON, tagged; what it holds its proof knows. */
export interface ProofState {
  readonly kind: string
}

/** The mirror of a check, with its own wealth: one per claim; a bake may end early once all claims are proven. */
interface ClaimState extends ProofState {
  readonly lastEnd: Instant | null
  readonly claims: readonly Wealth[]
}

interface RateProofState extends ClaimState {
  readonly kind: 'rate'
  /** How stable's events come. Absent in the state of an older version. */
  readonly effect?: DesignEffect
}

interface LatencyProofState extends ClaimState {
  readonly kind: 'latency'
  /** Stable's requests so far, from which the thresholds are chosen once. */
  readonly bounds: readonly number[]
  readonly stable: readonly number[]
  readonly thresholds: readonly ProofThreshold[] | null
  /** How stable's requests above each threshold come. Absent in the state of an older version. */
  readonly effects?: readonly DesignEffect[]
}

/** Stable is counted above `stableSeconds`, the canary above `canarySeconds` ≤ ratio · stableSeconds. */
interface ProofThreshold {
  readonly stableSeconds: number
  readonly canarySeconds: number
}

/** The state after a look, whether all is proven, and the sentence that says so or what is missing. */
export interface ProofStep {
  readonly state: ProofState
  readonly isProven: boolean
  readonly reason: string
}

/** Requests of stable before the latency thresholds are chosen. */
const ENOUGH_TO_CHOOSE = 200

/**
 * Whether the canary is SHOWN to be within what a check accepts: the same split e-process with the arms exchanged, null
 * hypothesis "the ratio is at least θ₀" (for a rate's lower side: at most). Each claim must reach 1/alpha by itself (an
 * intersection–union test needs no correction). The probability that a canary which is worse than accepted is ever called
 * proven is at most alpha. With a ratio of exactly 1 only a better canary can be proven.
 */
export interface Proof {
  /** The state before the first look. */
  readonly start: () => ProofState
  /** One look; null for a state that is not its own. */
  readonly step: (state: ProofState, input: CheckInput) => ProofStep | null
}

/** A proof whose state is hidden, so that no list of all of them is needed. */
function defineProof<State extends ProofState>(
  kind: State['kind'],
  start: () => State,
  step: (state: State, input: CheckInput) => ProofStep,
): Proof {
  const isOwn = (state: ProofState): state is State => state.kind === kind
  return { start, step: (state, input) => (isOwn(state) ? step(state, input) : null) }
}

/** The proof for one or two questions about a rate. */
export function rateProof(question: RateQuestion): Proof {
  return defineProof<RateProofState>(
    'rate',
    () => ({ kind: 'rate', lastEnd: null, claims: claimsOf(question).map(() => freshWealth()) }),
    (state, input) => stepRateProof(question, state, input),
  )
}

/** The proof for a latency, one claim per quantile. */
export function latencyProof(check: LatencyCheck, rule: SequentialRule): Proof {
  return defineProof<LatencyProofState>(
    'latency',
    () => {
      const claims = check.quantiles.map(() => freshWealth())
      return { kind: 'latency', lastEnd: null, claims, bounds: [], stable: [], thresholds: null }
    },
    (state, input) => stepLatencyProof(check, rule, state, input),
  )
}

function stepRateProof(question: RateQuestion, state: RateProofState, input: CheckInput): ProofStep {
  const read = readCounts(question, input, state.lastEnd)
  const held = { ...state, lastEnd: endOfLook(input, state.lastEnd) }
  const sides = claimsOf(question)
  if (read.kind !== 'usable') return { state: held, isProven: false, reason: read.reason }
  const { counts, duration } = read
  const known = held.effect ?? startDesignEffect()
  const claims = held.claims.map((wealth, index) => {
    const side = sides[index]
    return side === undefined ? wealth : bet(wealth, side.arrange(counts), side.ratio, duration, known)
  })
  const effect = learnDesignEffect(known, { events: counts.stableEvents, trials: counts.stableTrials }, duration)
  const names = namesOf(input)
  const subject = `${question.noun} on ${names.canary}`
  const limits = sides.map((side) => side.say(names))
  const said = limits.map((limit) => `${subject} ${limit}`)
  return conclude({ ...held, claims, effect }, said, `${subject} ${formatList(limits)}`, question.alpha)
}

function stepLatencyProof(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyProofState,
  input: CheckInput,
): ProofStep {
  const read = readHistograms(input, state.lastEnd)
  const held = { ...state, lastEnd: endOfLook(input, state.lastEnd) }
  if (read.kind !== 'usable') return { state: held, isProven: false, reason: read.reason }
  const bounds = read.stable.upperBoundsSeconds
  const isSame = hasSameBuckets(bounds, held.bounds)
  const kept = isSame ? held : { ...held, bounds, stable: [], thresholds: null, effects: [] }
  const steps = kept.claims.map((wealth, index) =>
    betOnLatency(wealth, kept.thresholds?.[index], kept.effects?.[index] ?? startDesignEffect(), read),
  )
  const [claims, effects] = [steps.map((step) => step.wealth), steps.map((step) => step.effect)]
  const stable = addCounts(kept.stable, read.stable.counts)
  const past = { upperBoundsSeconds: bounds, counts: stable }
  const thresholds = kept.thresholds ?? (totalOf(past) >= ENOUGH_TO_CHOOSE ? chooseThresholds(check, rule, past) : null)
  const { canary, stable: other } = namesOf(input)
  const limit = `below ${rule.notWorseThan === 1 ? '' : `${formatRatio(rule.notWorseThan)} `}that of ${other}`
  const say = (quantiles: readonly string[]) => `latency ${formatList(quantiles)} on ${canary} ${limit}`
  const quantiles = check.quantiles.map(formatQuantile)
  const said = quantiles.map((quantile) => say([quantile]))
  return conclude({ ...kept, claims, stable, thresholds, effects }, said, say(quantiles), rule.alpha)
}

function betOnLatency(
  wealth: Wealth,
  threshold: ProofThreshold | undefined,
  effect: DesignEffect,
  look: Histograms,
): { readonly wealth: Wealth; readonly effect: DesignEffect } {
  if (threshold === undefined) return { wealth, effect }
  const counts = {
    canaryEvents: countAbove(look.canary, threshold.canarySeconds),
    canaryTrials: totalOf(look.canary),
    stableEvents: countAbove(look.stable, threshold.stableSeconds),
    stableTrials: totalOf(look.stable),
  }
  const seen = { events: counts.stableEvents, trials: counts.stableTrials }
  return {
    wealth: bet(wealth, swapArms(counts), 1, look.duration, effect),
    effect: learnDesignEffect(effect, seen, look.duration),
  }
}

/** Near each quantile of stable, the pair of bounds that lies furthest apart within the accepted ratio. */
function chooseThresholds(
  check: LatencyCheck,
  rule: SequentialRule,
  past: LatencyHistogram,
): readonly ProofThreshold[] {
  const above = survivalOf(past)
  const bounds = past.upperBoundsSeconds
  return check.quantiles.map((quantile) => {
    const share = 1 - quantile
    const distance = (seconds: number): number => Math.abs(Math.log(Math.max(above(seconds), 1e-12) / share))
    const near = bounds.filter((bound) => distance(bound) < Math.log(2))
    const nearest = bounds.toSorted((left, right) => distance(left) - distance(right)).slice(0, 1)
    const pairs = (near.length > 0 ? near : nearest).map((stableSeconds) => ({
      stableSeconds,
      canarySeconds:
        bounds.findLast((bound) => bound <= stableSeconds * rule.notWorseThan * (1 + 1e-9)) ?? stableSeconds,
    }))
    pairs.sort((left, right) => right.canarySeconds / right.stableSeconds - left.canarySeconds / left.stableSeconds)
    return pairs[0] ?? { stableSeconds: 0, canarySeconds: 0 }
  })
}

/** `said` has one sentence per claim, `all` says them together. */
function conclude<State extends ClaimState>(
  state: State,
  said: readonly string[],
  all: string,
  alpha: number,
): ProofStep {
  const needed = -Math.log(alpha)
  if (!(needed > 0))
    return { state, isProven: false, reason: `the error budget is not between 0 and 1${formatImpossible(alpha)}` }
  const claims = state.claims.map(({ logPeak }, index) => ({ logPeak, claim: said[index] ?? all }))
  const weakest = claims.toSorted((left, right) => left.logPeak - right.logPeak)[0]
  if (weakest === undefined)
    return { state, isProven: false, reason: 'there is nothing to prove: the check accepts every ratio' }
  if (weakest.logPeak < needed) {
    const reason = `${weakest.claim}: not yet shown ${formatStanding(weakest.logPeak, needed, 'shown')}`
    return { state, isProven: false, reason }
  }
  return { state, isProven: true, reason: `${all}: shown, odds of a false proof ${formatOdds(weakest.logPeak)}` }
}

/** What must be shown: below the upper limit (arms exchanged), above the lower one (arms as they are). */
function claimsOf(question: RateQuestion) {
  const claims: {
    ratio: number
    say: (names: ArmNames) => string
    arrange: (counts: SplitCounts) => SplitCounts
  }[] = []
  if (question.notAbove !== null)
    claims.push({
      ratio: 1 / question.notAbove,
      say: sayLimit('fewer', question.notAbove),
      arrange: swapArms,
    })
  if (question.notBelow !== null)
    claims.push({
      ratio: question.notBelow,
      say: sayLimit('more', question.notBelow),
      arrange: (counts) => counts,
    })
  return claims
}

/** `fewer than 1.5 times as many as on 2.3.9`. */
function sayLimit(word: 'fewer' | 'more', ratio: number): (names: ArmNames) => string {
  return ({ stable }) =>
    ratio === 1 ? `${word} than on ${stable}` : `${word} than ${formatRatio(ratio)} as many as on ${stable}`
}

function freshWealth(): Wealth {
  return startWealth(NO_WORSE_BETS.multiples.length)
}

function bet(wealth: Wealth, counts: SplitCounts, ratio: number, duration: Milliseconds, effect: DesignEffect): Wealth {
  if (!(ratio > 0 && Number.isFinite(ratio))) return wealth
  const gains = clumpedGains(counts, ratio, NO_WORSE_BETS.multiples, effect)
  return growWealth(wealth, gains, NO_WORSE_BETS.logWeights, duration)
}

function countAbove(histogram: LatencyHistogram, seconds: number): number {
  let count = 0
  for (const [index, inBucket] of histogram.counts.entries()) {
    const lower = histogram.upperBoundsSeconds[index - 1] ?? 0
    if (index > 0 && lower >= seconds) count += inBucket
  }
  return count
}
