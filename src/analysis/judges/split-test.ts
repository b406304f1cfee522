/** Events and trials of both arms in one interval. Trials need not be whole numbers. */
export interface SplitCounts {
  readonly canaryEvents: number
  readonly canaryTrials: number
  readonly stableEvents: number
  readonly stableTrials: number
}

/** Bets on the ratio of the rates, as multiples of the largest accepted ratio, with their weights (sum 1). */
interface RatioBets {
  readonly multiples: readonly number[]
  readonly logWeights: readonly number[]
}

/**
 * Bets for "the canary is worse": 39 multiples from 1.1 to 30, evenly on a logarithmic scale, and 60. How far they lie above
 * 1 is weighted log-normally, most of the money on 2.6: regressions that matter within minutes have it, and little is
 * staked on rises that take hours to show anyway. Three hundredths lie on 60, for errors that stable never has: at a
 * weight of 5% two of them are enough at a budget of 5%. `test/analysis/detection.test.ts` holds what they reach.
 */
export const WORSE_BETS: RatioBets = ratioBets([...logSpaced(1.1, 30, 39), 60], (multiple) =>
  multiple === 60 ? 0.53 : 0.02 + bell((multiple - 1) / 1.6, 0.95),
)

/**
 * Bets for "the canary is no worse", where the arms are swapped: the true multiple lies just above 1, so small ones have
 * the weight.
 */
export const NO_WORSE_BETS: RatioBets = ratioBets(
  logSpaced(1.02, 10, 24),
  (multiple) => 0.1 + bell(multiple / 1.5, 0.8),
)

/**
 * ln of what each bet earns from one interval, if money was placed on "canary rate = multiple · θ₀ · stable rate".
 *
 * Given the events of both arms together, the canary's are binomial with probability q(θ) = ρθ/(ρθ + 1 − ρ), ρ being its
 * share of the trials. A bet earns the likelihood ratio of q(multiple·θ₀) against q(θ₀):
 * e_c·ln m − (e_c + e_s)·ln[(ρθ₀m + 1 − ρ)/(ρθ₀ + 1 − ρ)]. As that rises with e_c, its mean is at most 1 for every true
 * ratio ≤ θ₀, and as rate and weight may differ between intervals, drift and ramps change nothing. Exact for Poisson
 * events; for events that are a part of the trials it errs on the safe side.
 *
 * Source: conditional (Przyborowski–Wilenski) test of two Poisson rates, made sequential by the likelihood ratio.
 */
export function splitGains(counts: SplitCounts, ratio: number, multiples: readonly number[]): readonly number[] {
  const trials = counts.canaryTrials + counts.stableTrials
  const events = counts.canaryEvents + counts.stableEvents
  const share = counts.canaryTrials / trials
  // With all trials in one arm, or none at all, the split of the events says nothing.
  if (!(events > 0 && share > 0 && share < 1)) return multiples.map(() => 0)
  const odds = (share * ratio) / (1 - share)
  return multiples.map(
    (multiple) => counts.canaryEvents * Math.log(multiple) - events * Math.log1p((odds * (multiple - 1)) / (odds + 1)),
  )
}

/** The canary's share of the events of both arms, with this share of the trials and `ratio` times stable's rate. */
export function shareFor(shareOfTrials: number, ratio: number): number {
  const odds = (shareOfTrials * ratio) / (1 - shareOfTrials)
  return odds / (odds + 1)
}

/** Bets with these weights, to be scaled. */
function ratioBets(multiples: readonly number[], weigh: (multiple: number) => number): RatioBets {
  const raw = multiples.map(weigh)
  const sum = raw.reduce((total, weight) => total + weight, 0)
  return { multiples, logWeights: raw.map((weight) => Math.log(weight / sum)) }
}

function logSpaced(low: number, high: number, size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) => low * (high / low) ** (index / (size - 1)))
}

/** A log-normal bell, 1 at 1. */
function bell(at: number, spread: number): number {
  return Math.exp(-0.5 * (Math.log(at) / spread) ** 2)
}
