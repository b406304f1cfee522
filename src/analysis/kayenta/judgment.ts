import type { CanaryConfig } from './canary-config.ts'
import { classifyMetric, type MetricClass, type MetricLabel } from './classifier.ts'
import { type Score, scoreOf } from './scorer.ts'

/** Points of one metric, one per step and arm; NaN where the source had no data. */
export interface MetricPoints {
  readonly canary: readonly number[]
  readonly baseline: readonly number[]
}

/** One judgment over everything collected so far. */
export interface Judgment {
  readonly score: Score
  readonly metrics: readonly { readonly name: string; readonly result: MetricClass }[]
  readonly counts: Readonly<Record<MetricLabel, number>>
}

/** Judges all metrics of a config; muted metrics are left out, metrics without points have no data. */
export function judge(config: CanaryConfig, points: Readonly<Record<string, MetricPoints>>): Judgment {
  const judged = config.metrics
    .filter((metric) => !metric.muted)
    .map((metric) => ({
      metric,
      result: classifyMetric(
        Object.hasOwn(points, metric.name) ? (points[metric.name] ?? NOTHING) : NOTHING,
        metric.rules,
      ),
    }))
  const counts: Record<MetricLabel, number> = { pass: 0, high: 0, low: 0, nodata: 0, nodataFail: 0 }
  for (const { result } of judged) counts[result.label] += 1
  const scored = judged.map(({ metric, result }) => ({ ...metric, label: result.label, critical: result.critical }))
  return {
    score: scoreOf(scored, config.groupWeights),
    metrics: judged.map(({ metric, result }) => ({ name: metric.name, result })),
    counts,
  }
}

const NOTHING: MetricPoints = { canary: [], baseline: [] }
const MOST_NAMED = 5

/** What did not pass, in words with numbers: `errors high (canary 0.021, baseline 0.004)`. */
export function describeJudgment(judgment: Judgment): string {
  const notable = judgment.metrics.filter(({ result }) => result.label !== 'pass')
  if (notable.length === 0) return `all ${judgment.metrics.length} metrics pass`
  const named = notable.slice(0, MOST_NAMED).map(({ name, result }) => `${name} ${WORDS[result.label]}${means(result)}`)
  return notable.length > MOST_NAMED ? `${named.join(', ')} and ${notable.length - MOST_NAMED} more` : named.join(', ')
}

const WORDS: Readonly<Record<MetricLabel, string>> = {
  pass: 'passes',
  high: 'high',
  low: 'low',
  nodata: 'without data',
  nodataFail: 'without the data it must have',
}

function means(result: MetricClass): string {
  if (result.canaryMean === null || result.baselineMean === null) return ''
  return ` (canary ${short(result.canaryMean)}, baseline ${short(result.baselineMean)})`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}
