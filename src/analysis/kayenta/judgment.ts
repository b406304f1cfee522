import type { ArmNames } from '../../domain/arm-names.ts'
import { formatNumber, shorten } from '../explain.ts'
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
const MOST_NAMED = 3
const LONGEST_METRIC = 40

/** What did not pass, in words with numbers: `errors too high (0.021 on 2.4.0 against 0.004 on 2.3.9)`. */
export function describeJudgment({ metrics }: Judgment, names: ArmNames): string {
  const notable = metrics.filter(({ result }) => result.label !== 'pass')
  if (metrics.length === 0) return 'no metric is judged'
  if (notable.length === 0) return metrics.length === 1 ? 'its metric passes' : `all ${metrics.length} metrics pass`
  const named = notable
    .slice(0, MOST_NAMED)
    .map(({ name, result }) => `${shorten(name, LONGEST_METRIC)} ${WORDS[result.label]}${means(result, names)}`)
  const more = notable.length > MOST_NAMED ? ` and ${notable.length - MOST_NAMED} more` : ''
  return `${named.join(', ')}${more}; ${metrics.length - notable.length} of ${metrics.length} pass`
}

const WORDS: Readonly<Record<MetricLabel, string>> = {
  pass: 'passes',
  high: 'too high',
  low: 'too low',
  nodata: 'without data',
  nodataFail: 'without the data it must have',
}

function means({ canaryMean, baselineMean }: MetricClass, { canary, stable }: ArmNames): string {
  if (canaryMean === null || baselineMean === null) return ''
  return ` (${formatNumber(canaryMean)} on ${canary} against ${formatNumber(baselineMean)} on ${stable})`
}
