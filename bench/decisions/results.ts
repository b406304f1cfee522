/** Alarm times of every scenario and rule that was asked for. */
export interface Results {
  readonly of: (scenario: string, rule: string) => RuleResult
}

/** What a rule did over the releases of one scenario. */
export interface RuleResult {
  readonly runs: number
  /** Share of the releases that were rolled back. */
  readonly share: number
  /** Standard error of that share; never 0, as no finite number of releases is certain. */
  readonly shareError: number
  /** Median minutes to the rollback over all releases; Infinity when fewer than half were rolled back. */
  readonly median: number
  /** Half the width of a 95% interval of the median, from order statistics; NaN where it has no end. */
  readonly medianError: number
  /** Mean over all releases, of figures that every release has. */
  readonly mean: number
}

/** Summary of alarm times, Infinity standing for none. */
export function summarise(minutes: readonly number[]): RuleResult {
  const sorted = minutes.toSorted((left, right) => left - right)
  const runs = sorted.length
  const alarms = sorted.filter(Number.isFinite).length
  const smoothed = (alarms + 1) / (runs + 2)
  const reach = 0.98 * Math.sqrt(runs)
  const low = sorted[Math.max(0, Math.floor(runs / 2 - reach))] ?? Number.NaN
  const high = sorted[Math.min(runs - 1, Math.ceil(runs / 2 + reach))] ?? Number.NaN
  const medianError = Number.isFinite(high) ? (high - low) / 2 : Number.NaN
  return {
    runs,
    share: alarms / runs,
    shareError: Math.sqrt((smoothed * (1 - smoothed)) / runs),
    median: sorted[Math.floor((runs - 1) / 2)] ?? Number.NaN,
    medianError,
    mean: minutes.reduce((sum, one) => sum + one, 0) / runs,
  }
}
