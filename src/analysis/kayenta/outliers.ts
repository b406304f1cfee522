/** Percentile with linear interpolation between order statistics (R's type 7). `share` in [0, 1]; null when empty. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) return null
  return below + (above - below) * (position - Math.floor(position))
}

/** The range outside of which values count as outliers. */
interface Fences {
  readonly low: number
  readonly high: number
}

/**
 * Fences at Q1 − factor·IQR and Q3 + factor·IQR, widened to the 1st and 99th percentile so that a few values of a narrow
 * distribution are not thrown away. Null when there is no value.
 */
export function interquartileFences(values: readonly number[], factor: number): Fences | null {
  const [q1, q3] = [percentile(values, 0.25), percentile(values, 0.75)]
  const [p1, p99] = [percentile(values, 0.01), percentile(values, 0.99)]
  if (q1 === null || q3 === null || p1 === null || p99 === null) return null
  const reach = factor * (q3 - q1)
  return { low: Math.min(q1 - reach, p1), high: Math.max(q3 + reach, p99) }
}

/** The values within the fences, in their order. */
export function withoutOutliers(values: readonly number[], factor: number): readonly number[] {
  const fences = interquartileFences(values, factor)
  return fences === null ? values : values.filter((value) => value >= fences.low && value <= fences.high)
}
