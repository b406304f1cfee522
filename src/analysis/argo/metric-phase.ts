import type { MeasurementPhase } from './measurement.ts'

/** Phases of a metric and of a whole run, named as in Argo Rollouts. */
export type Phase = 'Pending' | 'Running' | 'Successful' | 'Failed' | 'Inconclusive' | 'Error'

/** The limits of a metric with Argo's defaults filled in. `failureLimit` −1 switches it off. */
export interface MetricLimits {
  readonly count: number | null
  readonly hasInterval: boolean
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  readonly consecutiveSuccessLimit: number
}

/** What the measurements of a metric add up to. */
export interface Counters {
  readonly successful: number
  readonly failed: number
  readonly inconclusive: number
  readonly error: number
  /** Measurements that count towards `count`: all but errors. */
  readonly count: number
  readonly consecutiveError: number
  readonly consecutiveSuccess: number
}

export const NO_MEASUREMENTS: Counters = {
  successful: 0,
  failed: 0,
  inconclusive: 0,
  error: 0,
  count: 0,
  consecutiveError: 0,
  consecutiveSuccess: 0,
}

/** The counters after one more finished measurement. Failed and inconclusive ones add up and are never taken back. */
export function counted(counters: Counters, phase: MeasurementPhase): Counters {
  const counts = { ...counters, count: counters.count + 1, consecutiveError: 0, consecutiveSuccess: 0 }
  switch (phase) {
    case 'Successful':
      return { ...counts, successful: counters.successful + 1, consecutiveSuccess: counters.consecutiveSuccess + 1 }
    case 'Failed':
      return { ...counts, failed: counters.failed + 1 }
    case 'Inconclusive':
      return { ...counts, inconclusive: counters.inconclusive + 1 }
    case 'Error':
      return {
        ...counts,
        error: counters.error + 1,
        count: counters.count,
        consecutiveError: counters.consecutiveError + 1,
      }
  }
}

/** How many measurements a metric takes: null without end (an interval and no count), 1 without an interval. */
export function effectiveCount(limits: Pick<MetricLimits, 'count' | 'hasInterval'>): number | null {
  if (limits.count !== null && limits.count !== 0) return limits.count
  return limits.hasInterval ? null : 1
}

/** One metric within a run, as its phase is asked for. */
export interface MetricProgress {
  readonly limits: MetricLimits
  readonly counters: Counters
  /** The newest measurement: its phase, `Running` while it is in flight, null before the first. */
  readonly last: MeasurementPhase | 'Running' | null
  /** The phase it has ended in, or null. */
  readonly completed: Phase | null
}

/** The phase of a metric now; the first rule that applies decides. */
export function metricPhase(metric: MetricProgress, terminating: boolean): Phase {
  const { limits, counters, last, completed } = metric
  if (completed !== null) return completed
  if (last === null) return terminating ? 'Successful' : 'Pending'
  if (last === 'Running') return 'Running'
  const broken = brokenLimit(limits, counters)
  if (broken !== null) return broken
  const wantsRow = limits.consecutiveSuccessLimit > 0
  if (wantsRow && counters.consecutiveSuccess >= limits.consecutiveSuccessLimit) return 'Successful'
  const count = effectiveCount(limits)
  if (count !== null && counters.count >= count) {
    if (!wantsRow) return 'Successful'
    return limits.failureLimit >= 0 ? 'Inconclusive' : 'Failed'
  }
  return terminating ? 'Successful' : 'Running'
}

// A limit is broken when it is exceeded, not when it is reached; Error outranks Inconclusive outranks Failed.
function brokenLimit(limits: MetricLimits, counters: Counters): Phase | null {
  if (counters.consecutiveError > limits.consecutiveErrorLimit) return 'Error'
  if (counters.inconclusive > limits.inconclusiveLimit) return 'Inconclusive'
  if (limits.failureLimit >= 0 && counters.failed > limits.failureLimit) return 'Failed'
  return null
}

/** True for phases that do not change any more. */
export function isEnd(phase: Phase): boolean {
  return phase !== 'Pending' && phase !== 'Running'
}
