import { normalQuantile } from '../statistics/normal.ts'
import { brentRoot } from './brent.ts'

/** Confidence interval and estimate of the shift of the canary against the baseline, in the unit of the metric. */
export interface ShiftInterval {
  readonly lower: number
  readonly upper: number
  readonly estimate: number
}

const ROOT = { tolerance: 1e-4, maxSteps: 1_000 } as const

/**
 * Mann–Whitney interval for the shift as Kayenta computes it (normal approximation with tie and continuity correction,
 * roots by Brent's method to 1e-4, as in R's `wilcox.test(exact = FALSE)`). Its own variant: the roots are approximate
 * and the ends of the search range are returned where no root lies inside.
 *
 * @param canary at least one finite value
 * @param baseline at least one finite value
 * @param confidence in (0, 1), e.g. 0.98
 */
export function mannWhitneyShift(
  canary: readonly number[],
  baseline: readonly number[],
  confidence: number,
): ShiftInterval {
  const statistic = shiftStatistic(canary, baseline)
  const least = smallest(canary) - largest(baseline)
  const most = largest(canary) - smallest(baseline)
  const z = -normalQuantile((1 - confidence) / 2)
  const end = (level: number): number => {
    if (statistic(least) - level <= 0) return least
    if (statistic(most) - level >= 0) return most
    return brentRoot((shift) => statistic(shift) - level, least, most, ROOT)
  }
  return { lower: end(z), upper: end(-z), estimate: brentRoot(statistic, least, most, ROOT) }
}

/**
 * The standardised rank statistic of `canary − shift` against `baseline` as a function of the shift: it falls from
 * large to small values, is 0 at the estimate and ±z at the ends of the interval.
 */
export function shiftStatistic(canary: readonly number[], baseline: readonly number[]): (shift: number) => number {
  const x = canary.toSorted(ascending)
  const y = baseline.toSorted(ascending)
  const pairs = x.length * y.length
  const total = x.length + y.length
  return (shift) => {
    const { rankSum, ties } = rank(x, shift, y)
    const excess = rankSum - (x.length * (x.length + 1)) / 2 - pairs / 2
    const variance = (pairs / 12) * (total + 1 - ties / (total * (total - 1)))
    // Every value tied: neither arm is larger.
    if (!(variance > 0)) return 0
    return (excess - Math.sign(excess) / 2) / Math.sqrt(variance)
  }
}

/** Sum of the ranks of the shifted canary (ties share their average rank) and Σ(t³ − t) over the groups of ties. */
function rank(x: readonly number[], shift: number, y: readonly number[]): { rankSum: number; ties: number } {
  let [i, j, rankSum, ties] = [0, 0, 0, 0]
  while (i < x.length || j < y.length) {
    const value = Math.min((x[i] ?? Infinity) - shift, y[j] ?? Infinity)
    const [i0, j0] = [i, j]
    while (i < x.length && (x[i] ?? Infinity) - shift <= value) i += 1
    while (j < y.length && (y[j] ?? Infinity) <= value) j += 1
    const size = i - i0 + j - j0
    if (size === 0) break
    rankSum += (i - i0) * (i0 + j0 + (size + 1) / 2)
    ties += size ** 3 - size
  }
  return { rankSum, ties }
}

function ascending(a: number, b: number): number {
  return a - b
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity)
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity)
}
