import { normalCdf, normalQuantile } from './normal.ts'

/** Outcome of the two-sided rank test of "both samples come from one distribution". */
export interface MannWhitney {
  /** Pairs in which `left` is larger, ties counted half: from 0 to n·m. */
  readonly u: number
  /** Two-sided p-value: exact for small samples without ties, else the normal approximation. */
  readonly p: number
  readonly isExact: boolean
}

/** Up to this many values per sample, and without ties, the distribution of U is counted out. */
const EXACT_UP_TO = 25

/**
 * Mann–Whitney (Wilcoxon rank-sum) test. NaN as p when a sample is empty, 1 when all values are equal. For other than
 * small samples: normal approximation with tie-corrected variance n·m/12·((N+1) − Σ(t³−t)/(N(N−1))) and continuity
 * correction ½.
 *
 * Source: Mann and Whitney (1947); Lehmann, "Nonparametrics" (1975), section 1.4.
 */
export function mannWhitney(left: readonly number[], right: readonly number[]): MannWhitney {
  const [n, m] = [left.length, right.length]
  const { rankSum, tieTerm } = rankLeft(left, right)
  const u = rankSum - (n * (n + 1)) / 2
  if (n === 0 || m === 0) return { u: 0, p: Number.NaN, isExact: false }
  const centre = (n * m) / 2
  const distance = Math.abs(u - centre)
  if (tieTerm === 0 && n <= EXACT_UP_TO && m <= EXACT_UP_TO) {
    const tail = upTo(countRankSums(n, m), Math.round(centre - distance))
    return { u, p: Math.min(1, 2 * tail), isExact: true }
  }
  const total = n + m
  const variance = ((n * m) / 12) * (total + 1 - tieTerm / (total * (total - 1)))
  if (!(variance > 0)) return { u, p: 1, isExact: false }
  const z = Math.max(0, distance - 0.5) / Math.sqrt(variance)
  return { u, p: Math.min(1, 2 * normalCdf(-z)), isExact: false }
}

/** How far `left` lies above `right`, and an interval that holds the shift with the confidence asked for. */
export interface Shift {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/**
 * Hodges–Lehmann estimate (median of all n·m differences) with the interval that inverts the Mann–Whitney test; exact
 * for up to 25 values per sample, else by the normal approximation. NaN when a sample is empty. Takes n·m memory.
 *
 * Source: Hodges and Lehmann (1963); Hollander and Wolfe, "Nonparametric Statistical Methods", section 4.3.
 */
export function hodgesLehmann(left: readonly number[], right: readonly number[], confidence: number): Shift {
  const [n, m] = [left.length, right.length]
  if (n === 0 || m === 0) return { estimate: Number.NaN, low: Number.NaN, high: Number.NaN }
  const differences = Float64Array.from(
    { length: n * m },
    (_, index) => (left[Math.floor(index / m)] ?? 0) - (right[index % m] ?? 0),
  ).sort()
  const middle = (n * m - 1) / 2
  const at = (index: number): number => differences[Math.min(n * m - 1, Math.max(0, index))] ?? Number.NaN
  const rank = Math.max(1, criticalRank(n, m, 1 - confidence))
  return { estimate: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, low: at(rank - 1), high: at(n * m - rank) }
}

/** The smallest k with P(U ≤ k) ≥ alpha/2, or its normal approximation rounded down. */
function criticalRank(n: number, m: number, alpha: number): number {
  if (n > EXACT_UP_TO || m > EXACT_UP_TO) {
    const spread = Math.sqrt((n * m * (n + m + 1)) / 12)
    return Math.floor((n * m) / 2 + normalQuantile(alpha / 2) * spread)
  }
  const shares = countRankSums(n, m)
  let sum = 0
  for (const [k, share] of shares.entries()) {
    sum += share
    if (sum >= alpha / 2 - 1e-12) return k
  }
  return shares.length - 1
}

/** Rank sum of `left` among all values (ties share their mean rank), and Σ(t³ − t) over groups of ties. */
function rankLeft(
  left: readonly number[],
  right: readonly number[],
): { readonly rankSum: number; readonly tieTerm: number } {
  const all = [...left.map((value) => ({ value, isLeft: true })), ...right.map((value) => ({ value, isLeft: false }))]
  all.sort((a, b) => a.value - b.value)
  let rankSum = 0
  let tieTerm = 0
  for (let start = 0; start < all.length; ) {
    let end = start
    let lefts = 0
    while (end < all.length && all[end]?.value === all[start]?.value) {
      lefts += all[end]?.isLeft === true ? 1 : 0
      end += 1
    }
    // A NaN equals nothing, not even itself; it is passed over so that the loop ends.
    end = Math.max(end, start + 1)
    const ties = end - start
    rankSum += lefts * ((start + 1 + end) / 2)
    tieTerm += ties ** 3 - ties
    start = end
  }
  return { rankSum, tieTerm }
}

/** P(U = k) for k = 0 … n·m, by the recurrence of the Gaussian binomial coefficients. */
function countRankSums(n: number, m: number): readonly number[] {
  // shares[j][k]: number of ways to get U = k with j lefts among the values looked at so far, over all ways.
  let counts: number[][] = Array.from({ length: n + 1 }, (_, j) => (j === 0 ? [1] : []))
  for (let values = 1; values <= n + m; values += 1) {
    counts = counts.map((_, lefts) => {
      const rights = values - lefts
      if (lefts > values || rights > m) return []
      // The largest value is a left one (and beats all rights) or a right one.
      const fromLeft = lefts > 0 ? (counts[lefts - 1] ?? []) : []
      const fromRight = counts[lefts] ?? []
      return Array.from(
        { length: lefts * rights + 1 },
        (__, k) =>
          (lefts / values) * (fromLeft[k - rights] ?? 0) + (rights > 0 ? (rights / values) * (fromRight[k] ?? 0) : 0),
      )
    })
  }
  return counts[n] ?? []
}

function upTo(shares: readonly number[], last: number): number {
  return shares.slice(0, last + 1).reduce((sum, share) => sum + share, 0)
}
