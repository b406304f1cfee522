import { isEnd, type MetricProgress, metricPhase, type Phase } from './metric-phase.ts'

/** One metric of a run. */
interface RunMetric extends MetricProgress {
  readonly name: string
  readonly dryRun: boolean
  readonly message: string
}

/** The state of a run after one pass. */
interface RunAssessment {
  readonly phase: Phase
  /** Of the first metric that reached the worst phase. */
  readonly message: string
  /** By name, dry-run metrics included. */
  readonly metrics: Readonly<Record<string, Phase>>
  /** True when no further measurement may start: from the pass after a metric has failed, or when asked to terminate. */
  readonly terminating: boolean
}

/**
 * One pass over a run. It ends when all metrics have ended, in the worst phase of those that are not dry-run. A metric
 * that is not dry-run and has ended (`completed`) in anything but success makes the run terminating: the others end
 * Successful as soon as nothing of theirs is in flight.
 */
export function assessRun(metrics: readonly RunMetric[], terminate: boolean): RunAssessment {
  const terminating = terminate || metrics.some((metric) => !metric.dryRun && isUnsuccessful(metric.completed))
  const phases = metrics.map((metric) => metricPhase(metric, terminating))
  const byName = Object.fromEntries(metrics.map((metric, index) => [metric.name, phases[index] ?? 'Pending'] as const))
  if (!phases.every(isEnd)) {
    const started = phases.some((phase) => phase !== 'Pending')
    return { phase: started ? 'Running' : 'Pending', message: '', metrics: byName, terminating }
  }
  let phase: Phase = 'Successful'
  let message = terminate && metrics.every((metric) => metric.last === null) ? 'Run Terminated' : ''
  for (const [index, metric] of metrics.entries()) {
    const own = phases[index] ?? 'Pending'
    if (metric.dryRun || rank(own) <= rank(phase)) continue
    phase = own
    message = metric.message
  }
  return { phase, message, metrics: byName, terminating }
}

const ORDER: readonly Phase[] = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed']

function rank(phase: Phase): number {
  return ORDER.indexOf(phase)
}

function isUnsuccessful(phase: Phase | null): boolean {
  return phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive'
}

/** The metrics that dry-run rules name, or why a rule cannot be used; Argo ends a run with such a rule in Error. */
type DryRun =
  | { readonly ok: true; readonly names: ReadonlySet<string> }
  | { readonly ok: false; readonly problem: string }

/**
 * Applies dry-run rules: each is a regular expression that need not match the whole name, and must match a metric.
 * Groups and more than three repetitions are refused, because JavaScript's expressions can take exponential time where
 * Argo's cannot.
 */
export function dryRunMetrics(names: readonly string[], rules: readonly string[]): DryRun {
  const matched = new Set<string>()
  for (const [index, rule] of rules.entries()) {
    if (rules.indexOf(rule) !== index) return { ok: false, problem: `the dry-run rule '${rule}' is given twice` }
    const pattern = patternOf(rule)
    if (pattern === null) return { ok: false, problem: `the dry-run rule '${rule}' is not a usable regular expression` }
    const hits = names.filter((name) => pattern.test(name))
    if (hits.length === 0) return { ok: false, problem: `the dry-run rule '${rule}' matches no metric` }
    for (const hit of hits) matched.add(hit)
  }
  return { ok: true, names: matched }
}

const LONGEST_RULE = 128

function patternOf(rule: string): RegExp | null {
  const plain = rule.replaceAll(/\\./g, '')
  const repetitions = plain.match(/[*+{]/g)?.length ?? 0
  if (rule.length > LONGEST_RULE || plain.includes('(') || repetitions > 3 || /\\[1-9k]/.test(rule)) return null
  try {
    return new RegExp(rule, 'u')
  } catch {
    return null
  }
}
