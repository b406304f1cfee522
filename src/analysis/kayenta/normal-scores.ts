import { normalQuantile } from '../statistics/normal.ts'

/**
 * `count` values that lie as a normal sample would on average: the quantiles of (i − ½)/count, ascending, with mean 0.
 * They stand in for random noise where a decision must come out the same on every run.
 */
export function normalScores(count: number): number[] {
  return Array.from({ length: count }, (_, index) => normalQuantile((index + 0.5) / count))
}
