import type { LatencyHistogram } from '../../../domain/observation.ts'
import { survivalOf, totalOf } from '../../histogram.ts'

/**
 * A way in which a version can be slower: a share of its requests takes `factor` times as long (beyond the accepted
 * ratio), the others are as fast as before.
 */
interface Slowdown {
  readonly share: number
  readonly factor: number
  readonly logWeight: number
}

/**
 * The slowdowns that are bet on: all requests a little to much slower, or a few requests much slower. Most of the money is
 * on those that need many requests to be told: large ones of many requests show within two looks whatever is staked. Chosen
 * over nine slowdowns in fine and in the 11 default buckets of Prometheus clients: all of them are seen at the same
 * look as with evenly spread bets or sooner, 5% sooner on average.
 */
export const SLOWDOWNS: readonly Slowdown[] = weighSlowdowns([
  [1, 1.05, 2],
  [1, 1.1, 3],
  [1, 1.25, 2],
  [1, 2, 1],
  [1, 4, 1],
  [0.3, 1.5, 3],
  [0.3, 5, 1],
  [0.1, 2.5, 3],
  [0.04, 2.5, 3],
  [0.03, 4, 3],
  [0.015, 3, 2],
  [0.02, 8, 3],
  [0.015, 10, 3],
  [0.005, 10, 2],
])

/** ln of their weights, which sum to 1. */
export const SLOWDOWN_LOG_WEIGHTS: readonly number[] = SLOWDOWNS.map(({ logWeight }) => logWeight)

/**
 * Thresholds at which both arms are compared: requests of the canary above `canarySeconds[i]` with requests of stable
 * above `stableSeconds[i]`, where canarySeconds ≥ ratio · stableSeconds. Both ascend.
 */
export interface Thresholds {
  readonly stableSeconds: readonly number[]
  readonly canarySeconds: readonly number[]
}

/**
 * The tightest thresholds a bucket layout allows: each bound of stable is paired with the smallest bound that is at
 * least `ratio` times as large; of several bounds with the same partner only the largest stays. With ratio 1 these are
 * all bounds; with coarse buckets the partner lies further away and only a larger slowdown is seen.
 */
export function thresholdsOf(bounds: readonly number[], ratio: number): Thresholds {
  const byPartner = new Map<number, number>()
  for (const bound of bounds) {
    const partner = bounds.find((candidate) => candidate >= bound * ratio * (1 - 1e-9))
    if (partner !== undefined) byPartner.set(partner, bound)
  }
  return { stableSeconds: [...byPartner.values()], canarySeconds: [...byPartner.keys()] }
}

/** Counts between neighbouring thresholds: below the first, …, above the last. One entry more than thresholds. */
export function countBetween(histogram: LatencyHistogram, thresholds: readonly number[]): readonly number[] {
  const counts = Array.from({ length: thresholds.length + 1 }, () => 0)
  let category = 0
  for (const [index, count] of histogram.counts.entries()) {
    const upper = histogram.upperBoundsSeconds[index] ?? Number.POSITIVE_INFINITY
    while (category < thresholds.length && upper > (thresholds[category] ?? 0)) category += 1
    counts[category] = (counts[category] ?? 0) + count
  }
  return counts
}

/** The same for shares: from those above rising thresholds. */
export function sharesBetween(above: readonly number[]): readonly number[] {
  return [...above, 0].map((share, index) => Math.max(0, (index === 0 ? 1 : (above[index - 1] ?? 0)) - share))
}

/** What one interval showed, in the categories of {@link countBetween}. */
interface SlowdownCounts {
  readonly canary: readonly number[]
  readonly stable: readonly number[]
}

/**
 * ln of what a bet on `slowdown` earns from one interval.
 *
 * The bet is a factor θ per category, rising from fast to slow: a canary request in category j multiplies the money by
 * q/ρ and a stable one by (1 − q)/(1 − ρ), with ρ the canary's share of all requests and q = ρθ/(ρθ + 1 − ρ). Written
 * a = q/ρ − 1, which rises with j, the mean is at most exp(N_c·Σ a_j(f_c(j) − f_s(j))), and that is ≤ 1 whenever the
 * canary is stochastically no slower than `ratio` times stable: for every such pair of distributions, whatever they were
 * before. θ comes from what stable did in EARLIER intervals (`past`), so the bet is placed before the data is seen.
 */
export function slowdownGain(counts: SlowdownCounts, factors: readonly number[]): number {
  const canaryTotal = sum(counts.canary)
  const stableTotal = sum(counts.stable)
  const share = canaryTotal / (canaryTotal + stableTotal)
  // Without requests on stable nothing is said; without any on the canary the sum is 0 by itself.
  if (!(share < 1)) return 0
  let gain = 0
  for (const [index, factor] of factors.entries()) {
    const canary = counts.canary[index] ?? 0
    const stable = counts.stable[index] ?? 0
    gain += canary * Math.log(factor) - (canary + stable) * Math.log1p(share * (factor - 1))
  }
  return gain
}

/**
 * For each slowdown the rising factors θ per category, from stable's past; all 1 (no bet) while there is no past.
 * `floor` is the quantile of stable below which requests are not told apart.
 */
export function factorsOf(
  slowdowns: readonly Slowdown[],
  ratio: number,
  past: LatencyHistogram,
  thresholds: Thresholds,
  floor: number,
): readonly (readonly number[])[] {
  const total = totalOf(past)
  const above = survivalOf(past)
  const usual = thresholds.stableSeconds.map(above)
  if (!(total > 0)) return slowdowns.map(() => [...usual.map(() => 1), 1])
  const fast = usual.findIndex((share) => share < 1 - floor)
  const first = Math.max(0, (fast === -1 ? usual.length : fast) - 1)
  const unaffected = thresholds.canarySeconds.map(above)
  return slowdowns.map(({ share, factor }) => {
    const slowed = thresholds.canarySeconds.map((seconds, index) =>
      // Below the first category nobody asks.
      index < first ? 1 : (1 - share) * (unaffected[index] ?? 0) + share * above(seconds / (ratio * factor)),
    )
    return risingFactors(usual, slowed, first, 0.5 / total)
  })
}

/**
 * Factors between the survival functions at the thresholds, made to rise by pooling adjacent violators. The categories
 * of fast requests, up to the one numbered `first`, are one block from the start.
 */
function risingFactors(
  usual: readonly number[],
  slowed: readonly number[],
  first: number,
  halfRequest: number,
): readonly number[] {
  const blocks: Block[] = []
  let from = { usual: 1, slowed: 1, category: -1 }
  for (let category = first; category <= usual.length; category += 1) {
    const to = { usual: usual[category] ?? 0, slowed: slowed[category] ?? 0, category }
    const block: Block = {
      usual: from.usual - to.usual,
      slowed: from.slowed - to.slowed,
      size: category - from.category,
      factor: 1,
    }
    pool(blocks, block, halfRequest)
    from = to
  }
  const factors: number[] = []
  for (const block of blocks) for (let index = 0; index < block.size; index += 1) factors.push(block.factor)
  return factors
}

/** Neighbouring categories with one factor: their shares of the usual and of the slowed requests. */
interface Block {
  usual: number
  slowed: number
  size: number
  factor: number
}

/** Largest factor in either direction. */
const HIGHEST_FACTOR = 50

/** Adds a block, merged with those before it that do not have a smaller factor. */
function pool(blocks: Block[], added: Block, halfRequest: number): void {
  for (;;) {
    const factor = (added.slowed + halfRequest) / (added.usual + halfRequest)
    added.factor = Math.min(HIGHEST_FACTOR, Math.max(1 / HIGHEST_FACTOR, factor))
    const last = blocks.at(-1)
    if (last === undefined || last.factor < added.factor) break
    blocks.pop()
    added.usual += last.usual
    added.slowed += last.slowed
    added.size += last.size
  }
  blocks.push(added)
}

function weighSlowdowns(rows: readonly (readonly [share: number, factor: number, weight: number])[]): Slowdown[] {
  const total = rows.reduce((all, [, , weight]) => all + weight, 0)
  return rows.map(([share, factor, weight]) => ({ share, factor, logWeight: Math.log(weight / total) }))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
