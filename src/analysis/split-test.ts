/** Events and trials of both arms in one interval. Trials need not be whole numbers. */
export interface SplitCounts {
  readonly canaryEvents: number
  readonly canaryTrials: number
  readonly stableEvents: number
  readonly stableTrials: number
}

/** Bets on the ratio of the rates, as multiples of the largest accepted ratio, with their weights (sum 1). */
export interface RatioBets {
  readonly multiples: readonly number[]
  readonly logWeights: readonly number[]
}

/**
 * Bets for "the canary is worse": 40 multiples from 1.1 to 50, evenly on a logarithmic scale, with more weight in the
 * middle, where regressions that matter within minutes lie (see `test/analysis/detection.test.ts` for what it reaches).
 */
export const WORSE_BETS: RatioBets = logSpacedBets(1.1, 50, 40, 4, 1.1)

/**
 * Bets for "the canary is no worse", where the arms are swapped: the true multiple lies just above 1, so small ones have
 * the weight.
 */
export const NO_WORSE_BETS: RatioBets = logSpacedBets(1.02, 10, 24, 1.5, 0.8)

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
  // With all trials in one arm the split of the events says nothing.
  if (!(trials > 0 && events > 0 && share > 0 && share < 1)) return multiples.map(() => 0)
  const odds = (share * ratio) / (1 - share)
  return multiples.map(
    (multiple) => counts.canaryEvents * Math.log(multiple) - events * Math.log1p((odds * (multiple - 1)) / (odds + 1)),
  )
}

/** `size` multiples from `low` to `high`, log-spaced, with weights log-normal around `centre` plus a flat part. */
function logSpacedBets(low: number, high: number, size: number, centre: number, spread: number): RatioBets {
  const multiples = Array.from({ length: size }, (_, index) => low * (high / low) ** (index / (size - 1)))
  const raw = multiples.map((multiple) => 0.1 + Math.exp(-0.5 * (Math.log(multiple / centre) / spread) ** 2))
  const sum = raw.reduce((total, weight) => total + weight, 0)
  return { multiples, logWeights: raw.map((weight) => Math.log(weight / sum)) }
}
