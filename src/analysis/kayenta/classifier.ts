import { commonLanguageEffect, type EffectMeasure, mean, meanRatio } from './effect-size.ts'
import { mannWhitneyShift, type ShiftInterval } from './mann-whitney.ts'
import { normalScores } from './normal-scores.ts'
import { withoutOutliers } from './outliers.ts'

/** How one metric is judged; every default of the canary config is filled in. */
export interface MetricRules {
  readonly direction: 'increase' | 'decrease' | 'either'
  readonly nanStrategy: 'remove' | 'replace'
  readonly mustHaveData: boolean
  readonly critical: boolean
  readonly effect: {
    readonly measure: EffectMeasure
    readonly allowedIncrease: number
    readonly allowedDecrease: number
    readonly criticalIncrease: number
    readonly criticalDecrease: number
  }
  /** Fence factor for outliers, or null to keep them. */
  readonly outlierFactor: number | null
}

/** `nodataFail` is missing data of a metric that must have data: it counts as a failure of the metric. */
export type MetricLabel = 'pass' | 'high' | 'low' | 'nodata' | 'nodataFail'

/** The answer for one metric. Figures are those of the cleaned points; `interval` is null where no test was made. */
export interface MetricClass {
  readonly label: MetricLabel
  /** True when this answer alone sets the score of the whole judgment to 0. */
  readonly critical: boolean
  readonly interval: ShiftInterval | null
  /** Null when it cannot be computed (a mean of 0) or was not needed. */
  readonly effect: number | null
  readonly canaryMean: number | null
  readonly baselineMean: number | null
}

/** The two numbers that Kayenta has as literals: tolerance around no shift, as a share of the estimate, and confidence. */
interface TestConstants {
  readonly tolerance: number
  readonly confidence: number
}

const KAYENTA_CONSTANTS: TestConstants = { tolerance: 0.25, confidence: 0.98 }

/**
 * Classifies one metric as Kayenta's `NetflixACAJudge-v1.0` does. Points may be NaN (no data in that step). Two answers
 * differ on purpose: both arms constant is jittered by normal scores instead of by random noise of the same size, so the
 * answer is the same on every run; and when a figure is not finite (sums beyond the range of numbers) the metric is
 * `nodata` instead of a pass.
 */
export function classifyMetric(
  points: { readonly canary: readonly number[]; readonly baseline: readonly number[] },
  rules: MetricRules,
  constants: TestConstants = KAYENTA_CONSTANTS,
): MetricClass {
  const canary = cleaned(points.canary, rules)
  const baseline = cleaned(points.baseline, rules)
  const means = { canaryMean: meanOrNull(canary), baselineMean: meanOrNull(baseline) }
  const plain = { interval: null, effect: null, ...means }
  if (canary.length === 0 || baseline.length === 0) return { ...withoutData(rules), ...plain }
  if (sameValues(canary, baseline)) return { label: 'pass', critical: false, ...plain }
  const [x, y] = jittered(canary, baseline)
  const interval = mannWhitneyShift(x, y, constants.confidence)
  const effect = rules.effect.measure === 'cles' ? commonLanguageEffect(x, y) : meanRatio(x, y)
  if (![interval.lower, interval.upper, interval.estimate].every(Number.isFinite) || Math.abs(effect) === Infinity) {
    return { label: 'nodata', critical: rules.critical, ...plain }
  }
  const label = labelOf(interval, effect, rules, constants.tolerance)
  return {
    label,
    critical: isCritical(label, effect, rules),
    interval,
    effect: Number.isNaN(effect) ? null : effect,
    ...means,
  }
}

function cleaned(points: readonly number[], rules: MetricRules): readonly number[] {
  const values =
    rules.nanStrategy === 'remove'
      ? points.filter((point) => !Number.isNaN(point))
      : points.map((point) => (Number.isNaN(point) ? 0 : point))
  return rules.outlierFactor === null ? values : withoutOutliers(values, rules.outlierFactor)
}

function withoutData(rules: MetricRules): { label: MetricLabel; critical: boolean } {
  if (rules.nanStrategy === 'replace') return { label: 'pass', critical: false }
  if (rules.mustHaveData && !rules.critical) return { label: 'nodataFail', critical: false }
  return { label: 'nodata', critical: rules.critical }
}

function sameValues(canary: readonly number[], baseline: readonly number[]): boolean {
  const x = canary.toSorted((a, b) => a - b)
  const y = baseline.toSorted((a, b) => a - b)
  if (x.length === y.length && x.every((value, index) => value === y[index])) return true
  return isConstant([...x, ...y])
}

// Two different constants leave the test without any spread: give each as much as Kayenta's noise has.
function jittered(canary: readonly number[], baseline: readonly number[]): [readonly number[], readonly number[]] {
  if (!isConstant(canary) || !isConstant(baseline)) return [canary, baseline]
  return [spread(canary), spread(baseline)]
}

const JITTER = 1e-5

function spread(values: readonly number[]): readonly number[] {
  const scores = normalScores(values.length)
  return values.map((value, index) => value + value * JITTER * (scores[index] ?? 0))
}

function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0])
}

function labelOf(interval: ShiftInterval, effect: number, rules: MetricRules, tolerance: number): MetricLabel {
  const bound = tolerance * Math.abs(interval.estimate)
  const { direction } = rules
  const unknown = Number.isNaN(effect)
  if (direction !== 'decrease' && interval.lower > bound && (unknown || effect >= rules.effect.allowedIncrease))
    return 'high'
  if (direction !== 'increase' && interval.upper < -bound && (unknown || effect <= rules.effect.allowedDecrease))
    return 'low'
  return 'pass'
}

function isCritical(label: MetricLabel, effect: number, rules: MetricRules): boolean {
  if (!rules.critical) return false
  if (label === 'high') return Number.isNaN(effect) || effect >= rules.effect.criticalIncrease
  if (label === 'low') return Number.isNaN(effect) || effect <= rules.effect.criticalDecrease
  return false
}

function meanOrNull(values: readonly number[]): number | null {
  const value = mean(values)
  return Number.isFinite(value) ? value : null
}
