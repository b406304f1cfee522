import type { MetricResult } from '../../domain/observation.ts'
import { type ConditionResult, evaluateCondition } from './condition.ts'
import { queryTypeOf } from './query-type.ts'

/** The four ends of a measurement, named as in Argo Rollouts. */
export type MeasurementPhase = 'Successful' | 'Failed' | 'Inconclusive' | 'Error'

/** One finished measurement; the message is empty unless there is something to say. */
interface Measurement {
  readonly phase: MeasurementPhase
  readonly message: string
}

/** The conditions of a metric, in expr-lang; null when not given. */
interface Conditions {
  readonly successCondition: string | null
  readonly failureCondition: string | null
  /** The query that they are about, which says whether `result` is a list; absent: their own use of it does. */
  readonly query?: string
}

/**
 * The phase of one measurement. An empty answer of the source is an empty list, NaN is a number of which every
 * comparison is false, and an infinite one is a number like any other; a source that did not answer, or answered with something old, is an Error.
 */
export function measure(conditions: Conditions, reading: MetricResult<readonly number[]> | null): Measurement {
  if (reading === null) return { phase: 'Error', message: 'the query was not answered' }
  switch (reading.kind) {
    case 'value':
      return assess(conditions, reading.value)
    case 'noData':
      return assess(conditions, [])
    case 'nan':
      return assess(conditions, reading.answers ?? [Number.NaN])
    case 'stale':
    case 'error':
      return { phase: 'Error', message: reading.reason }
  }
}

const EMPTY_RESULT = 'metric result is nil or empty'

// The success condition runs first, an error of either counts, and a true failure condition wins.
function assess(conditions: Conditions, series: readonly number[]): Measurement {
  const type = conditions.query === undefined ? null : queryTypeOf(conditions.query)
  const evaluate = (text: string | null) => (text === null ? null : evaluateCondition(text, series, type))
  const success = evaluate(conditions.successCondition)
  const failure = evaluate(conditions.failureCondition)
  for (const result of [success, failure]) {
    if (result?.kind === 'error')
      return { phase: 'Error', message: series.length === 0 ? EMPTY_RESULT : result.message }
  }
  return { phase: phaseOf(holds(success), holds(failure)), message: '' }
}

function holds(result: ConditionResult | null): boolean | null {
  return result?.kind === 'bool' ? result.value : null
}

function phaseOf(success: boolean | null, failure: boolean | null): MeasurementPhase {
  if (failure === true) return 'Failed'
  if (success === true) return 'Successful'
  if (success === false) return failure === null ? 'Failed' : 'Inconclusive'
  return 'Successful'
}
