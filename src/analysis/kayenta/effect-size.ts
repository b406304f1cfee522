/** How far the canary is from the baseline: the ratio of the means, or the chance that a canary value is the larger. */
export type EffectMeasure = 'meanRatio' | 'cles'

/** Mean of the canary over mean of the baseline; NaN when either mean is 0, because a ratio then says nothing. */
export function meanRatio(canary: readonly number[], baseline: readonly number[]): number {
  const [above, below] = [mean(canary), mean(baseline)]
  return above === 0 || below === 0 ? Number.NaN : above / below
}

/** Common-language effect size: the share of pairs in which the canary is larger, ties counted half; in [0, 1]. */
export function commonLanguageEffect(canary: readonly number[], baseline: readonly number[]): number {
  const sorted = baseline.toSorted((a, b) => a - b)
  let wins = 0
  for (const value of canary) {
    const smaller = countWhile(sorted, (other) => other < value)
    const notLarger = countWhile(sorted, (other) => other <= value)
    wins += smaller + (notLarger - smaller) / 2
  }
  return wins / (canary.length * baseline.length)
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function countWhile(sorted: readonly number[], holds: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(sorted[middle] ?? Infinity)) low = middle + 1
    else high = middle
  }
  return low
}
