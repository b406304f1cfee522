import { betaBinomialMixture } from './mixtures.ts'

/**
 * Sequential two-sided p-value for "both samples have the same p-quantile": valid at any sample size one happens to stop
 * at. `tunedFor` is the sample size per arm at which it is sharpest. 1 while a sample is empty.
 *
 * Source: Howard and Ramdas (2022), Theorem 5: exp(−min over x of G₁(x) + G₂(x)), G being ln of the two-sided
 * beta-binomial mixture at s = (F̂(x) − p)·n, v = p(1 − p)·n with range (p, 1 − p), where x may lie anywhere between the
 * left and the right limit of F̂.
 */
export function quantileTest(
  left: readonly number[],
  right: readonly number[],
  p: number,
  options: { readonly tunedFor: number; readonly alpha: number },
): number {
  // One empty sample needs no look: the cost of the other one is below 0 at its own quantile.
  if (left.length + right.length === 0) return 1
  const mixture = betaBinomialMixture(p * (1 - p) * options.tunedFor, options.alpha, { g: p, h: 1 - p }, 'two')
  const arms = [left, right].map((values) => values.toSorted((a, b) => a - b))
  const cost = (sorted: readonly number[], x: number): number => {
    const n = sorted.length
    const atMost = n * p
    const [low, high] = [countBelow(sorted, x, false), countBelow(sorted, x, true)]
    // The quantile may split ties, so the count nearest to n·p is the fairest one.
    const count = Math.min(high, Math.max(low, atMost))
    return mixture.logValue(count - n * p, p * (1 - p) * n)
  }
  let least = Number.POSITIVE_INFINITY
  for (const x of arms.flat()) {
    let sum = 0
    for (const sorted of arms) sum += cost(sorted, x)
    least = Math.min(least, sum)
  }
  return Math.min(1, Math.exp(-least))
}

/** How many values are below x, or at most x. */
function countBelow(sorted: readonly number[], x: number, isInclusive: boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    const value = sorted[middle] ?? Number.POSITIVE_INFINITY
    if (value < x || (isInclusive && value === x)) low = middle + 1
    else high = middle
  }
  return low
}
