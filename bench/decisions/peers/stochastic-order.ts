import type { BinnedSamples } from './quantile-test.ts'

/** Factor of the band: a larger one costs width now and saves some later; the authors' reference uses this. */
const FACTOR = 0.85

/**
 * Half-width, after `size` values, of a band around the empirical distribution function that holds at all times at once
 * with probability 1 − alpha; infinite before `from` values. `constant` is {@link bandConstant} of alpha.
 *
 * Source: Howard and Ramdas, Bernoulli 28 (2022), Theorem 2; the family that Netflix built on (KDD 2022).
 */
export function bandRadius(size: number, from: number, constant: number): number {
  if (size < from) return Number.POSITIVE_INFINITY
  return FACTOR * Math.sqrt((Math.log1p(Math.log(size / from)) + constant) / size)
}

/** The constant of {@link bandRadius} for an error probability: the smallest that the theorem allows. */
export function bandConstant(alpha: number): number {
  let low = 1
  let high = 100
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2
    if (leastError(middle) > alpha) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Largest excess of stable's distribution function over the canary's: how much more often the canary is slower. */
export function largestExcess({ canary, stable }: BinnedSamples): { excess: number; canary: number; stable: number } {
  const sizes = { canary: total(canary), stable: total(stable) }
  let [canaryUpTo, stableUpTo, excess] = [0, 0, 0]
  for (let bin = 0; bin < canary.length; bin += 1) {
    canaryUpTo += canary[bin] ?? 0
    stableUpTo += stable[bin] ?? 0
    excess = Math.max(excess, stableUpTo / sizes.stable - canaryUpTo / sizes.canary)
  }
  return { excess, ...sizes }
}

/** The theorem's error bound, at the best spacing of the epochs that its proof splits time into. */
function leastError(constant: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let spacing = 1.0005; spacing < 2 * FACTOR ** 2; spacing += 0.0005) {
    const reach = FACTOR - Math.sqrt((2 * (spacing - 1)) / constant)
    const gamma = (2 / spacing) * reach ** 2
    if (reach <= 0 || gamma <= 1) break
    const error = 4 * Math.exp(-gamma * constant) * (1 + 1 / ((gamma - 1) * Math.log(spacing)))
    least = Math.min(least, error)
  }
  return least
}

function total(counts: ArrayLike<number>): number {
  let sum = 0
  for (let bin = 0; bin < counts.length; bin += 1) sum += counts[bin] ?? 0
  return sum
}
