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
    const tail = sum(countRankSums(n, m).slice(0, Math.round(centre - distance) + 1))
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
  const differences = Float64Array.from(
    { length: n * m },
    (_, index) => (left[Math.floor(index / m)] ?? 0) - (right[index % m] ?? 0),
  ).sort()
  const middle = (n * m - 1) / 2
  const at = (index: number): number => differences[index] ?? Number.NaN
  const rank = Math.max(1, criticalRank(n, m, 1 - confidence))
  return { estimate: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, low: at(rank - 1), high: at(n * m - rank) }
}

/** The smallest k with P(U ≤ k) ≥ alpha/2, or its normal approximation rounded down. */
function criticalRank(n: number, m: number, alpha: number): number {
  if (n > EXACT_UP_TO || m > EXACT_UP_TO) {
    const spread = Math.sqrt((n * m * (n + m + 1)) / 12)
    return Math.floor((n * m) / 2 + normalQuantile(alpha / 2) * spread)
  }
  let upTo = 0
  return countRankSums(n, m).findIndex((share) => {
    upTo += share
    return upTo >= alpha / 2 - 1e-12
  })
}

/** Rank sum of `left` among all values (ties share their mean rank), and Σ(t³ − t) over groups of ties. */
function rankLeft(
  left: readonly number[],
  right: readonly number[],
): { readonly rankSum: number; readonly tieTerm: number } {
  const groups = new Map<number, { lefts: number; ties: number }>()
  const put = (value: number, lefts: number): void => {
    const group = groups.get(value) ?? { lefts: 0, ties: 0 }
    groups.set(value, { lefts: group.lefts + lefts, ties: group.ties + 1 })
  }
  for (const value of left) put(value, 1)
  for (const value of right) put(value, 0)
  let below = 0
  let rankSum = 0
  let tieTerm = 0
  for (const [, { lefts, ties }] of [...groups].sort(([a], [b]) => a - b)) {
    rankSum += lefts * (below + (ties + 1) / 2)
    tieTerm += ties ** 3 - ties
    below += ties
  }
  return { rankSum, tieTerm }
}

/**
 * P(U = k) for k = 0 … n·m: the coefficients of the Gaussian binomial ∏ (1 − q^{m+i})/(1 − q^i), i = 1 … n, over their
 * sum. They are whole numbers below 2^53 up to 25 values per sample, so nothing is rounded before the division.
 */
function countRankSums(n: number, m: number): readonly number[] {
  // What is not there yet is 0.
  const ways = [1]
  for (let i = 1; i <= n; i += 1) {
    for (let k = n * m; k >= m + i; k -= 1) ways[k] = (ways[k] ?? 0) - (ways[k - m - i] ?? 0)
    for (let k = i; k <= n * m; k += 1) ways[k] = (ways[k] ?? 0) + (ways[k - i] ?? 0)
  }
  const all = sum(ways)
  return ways.map((count) => count / all)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
