import { logBeta } from '../../../src/analysis/statistics/log-gamma.ts'

/** Sizes of both samples per bin of a common, ascending grid of values. Values in one bin count as equal. */
export interface BinnedSamples {
  readonly canary: ArrayLike<number>
  readonly stable: ArrayLike<number>
}

export interface QuantileTestSettings {
  /** The quantile that is compared, in (0, 1). */
  readonly quantile: number
  /** The sample size for which the test is tuned. */
  readonly tunedFor: number
  /** The error probability for which it is tuned. */
  readonly alpha: number
}

/**
 * ln of the evidence against "both arms have the same quantile", two-sided; its exponential stays below 1/α with
 * probability 1 − α over all looks when that is true.
 *
 * A common quantile x would make the number of values up to x a sum of Bernoulli variables in each arm, against which a
 * beta-binomial mixture bets; the evidence is that of the x which both arms together like best.
 * Source: Howard and Ramdas, Bernoulli 28 (2022), Theorem 5, with the beta-binomial mixture of the authors' reference.
 */
export function quantileEvidence(samples: BinnedSamples, settings: QuantileTestSettings): number {
  const canary = armEvidence(sizeOf(samples.canary), settings)
  const stable = armEvidence(sizeOf(samples.stable), settings)
  let least = Number.POSITIVE_INFINITY
  let [canaryBelow, stableBelow] = [0, 0]
  for (let bin = 0; bin < samples.canary.length; bin += 1) {
    const canaryUpTo = canaryBelow + (samples.canary[bin] ?? 0)
    const stableUpTo = stableBelow + (samples.stable[bin] ?? 0)
    // Outside of the range between the two sample quantiles both terms only grow.
    const isBefore = canaryUpTo < canary.likeliest && stableUpTo < stable.likeliest
    const isBehind = canaryBelow > canary.likeliest && stableBelow > stable.likeliest
    if (!isBefore)
      least = Math.min(least, canary.within(canaryBelow, canaryUpTo) + stable.within(stableBelow, stableUpTo))
    if (isBehind) break
    canaryBelow = canaryUpTo
    stableBelow = stableUpTo
  }
  return least
}

interface ArmEvidence {
  /** The number of values up to the quantile that speaks least against it. */
  readonly likeliest: number
  /** The least evidence for any number of values in this range. */
  within(low: number, high: number): number
}

function armEvidence(size: number, { quantile, tunedFor, alpha }: QuantileTestSettings): ArmEvidence {
  const spread = quantile * (1 - quantile)
  const mass = Math.max(tuning(spread * tunedFor, alpha) - spread, 1e-3 * spread)
  const [above, upTo] = [mass / quantile, mass / (1 - quantile)]
  const start = logBeta(above, upTo)
  const likeliest = Math.min(size, Math.max(0, quantile * size + 0.5 - quantile))
  const evidence = (count: number): number =>
    logBeta(above + size - count, upTo + count) -
    start -
    count * Math.log(quantile) -
    (size - count) * Math.log1p(-quantile)
  return { likeliest, within: (low, high) => evidence(Math.min(high, Math.max(low, likeliest))) }
}

/** Mass of a normal mixture that is tightest at this variance (Howard et al., arXiv 1810.08240). */
function tuning(variance: number, alpha: number): number {
  const odds = -2 * Math.log(alpha)
  return variance / (odds + Math.log1p(odds))
}

function sizeOf(counts: ArrayLike<number>): number {
  let size = 0
  for (let bin = 0; bin < counts.length; bin += 1) size += counts[bin] ?? 0
  return size
}
