import type { MetricLabel } from './classifier.ts'

/** What the scorer needs to know of one metric. */
interface ScoredMetric {
  readonly name: string
  readonly groups: readonly string[]
  readonly label: MetricLabel
  readonly critical: boolean
}

/** Why the score is 0 whatever the groups say. */
type AutomaticFailure = 'critical' | 'criticalNodata' | 'nodata'

/** The score of a judgment, 0 to 100 rounded to two decimals, and the score of each group (null: it has no data). */
export interface Score {
  readonly summary: number
  readonly groups: Readonly<Record<string, number | null>>
  readonly automatic: AutomaticFailure | null
}

/**
 * Kayenta's weighted sum: each group scores 100·pass/(pass + high + low + nodataFail); a group without any data counts
 * as 100; groups without a weight share what the given weights leave of 100. The score is 0 when a critical metric does
 * not pass or when half of the metrics or more have no data.
 */
export function scoreOf(metrics: readonly ScoredMetric[], weights: Readonly<Record<string, number>>): Score {
  const names = [...new Set(metrics.flatMap((metric) => metric.groups))]
  const groups = Object.fromEntries(
    names.map((name) => [name, groupScore(metrics.filter((metric) => metric.groups.includes(name)))]),
  )
  const automatic = automaticFailure(metrics)
  if (automatic !== null) return { summary: 0, groups, automatic }
  const given = names.filter((name) => Object.hasOwn(weights, name))
  const givenSum = given.reduce((sum, name) => sum + (weights[name] ?? 0), 0)
  const shared = (100 - givenSum) / (names.length - given.length)
  const sum = names.reduce((total, name) => {
    const weight = Object.hasOwn(weights, name) ? (weights[name] ?? 0) : shared
    return total + ((groups[name] ?? 100) * weight) / 100
  }, 0)
  return { summary: Math.round(sum * 100) / 100, groups, automatic: null }
}

function groupScore(metrics: readonly ScoredMetric[]): number | null {
  const counted = metrics.filter((metric) => metric.label !== 'nodata')
  if (counted.length === 0) return null
  return (100 * counted.filter((metric) => metric.label === 'pass').length) / counted.length
}

function automaticFailure(metrics: readonly ScoredMetric[]): AutomaticFailure | null {
  const failing = metrics.filter((metric) => metric.critical && metric.label !== 'pass')
  if (failing.some((metric) => metric.label !== 'nodata')) return 'critical'
  if (failing.length > 0) return 'criticalNodata'
  const blind = metrics.filter((metric) => metric.label === 'nodata').length
  return metrics.length === 0 || blind * 2 >= metrics.length ? 'nodata' : null
}

/** The class of a score; both limits count as reached at equality. */
type ScoreClass = 'pass' | 'marginal' | 'fail'

/** Classifies a score by the two limits of the check. A score that is not a number fails. */
export function classifyScore(score: number, limits: { readonly pass: number; readonly marginal: number }): ScoreClass {
  if (score >= limits.pass) return 'pass'
  return score >= limits.marginal ? 'marginal' : 'fail'
}
