import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import { formatDuration, type Instant, type Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { asClause, formatCount, formatSeries, shorten } from '../explain.ts'
import { inconclusive } from '../verdicts.ts'
import { type MeasurementPhase, measure } from './measurement.ts'
import {
  type Counters,
  counted,
  effectiveCount,
  isEnd,
  type MetricLimits,
  NO_MEASUREMENTS,
  type Phase,
} from './metric-phase.ts'
import { assessRun } from './run-phase.ts'

/** Argo Rollouts' measurement and verdict state machine over one query; numbers as in an AnalysisTemplate metric. */
export interface ArgoCheck extends Check {
  readonly kind: 'argo'
  readonly query: string
  readonly successCondition: string | null
  readonly failureCondition: string | null
  readonly interval: Milliseconds | null
  readonly initialDelay: Milliseconds
  readonly count: number | null
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  readonly consecutiveSuccessLimit: number
}

/** What the judge remembers. Plain JSON of fixed size. */
export interface ArgoState {
  readonly startedAt: Instant | null
  /** When the newest measurement was taken. */
  readonly measuredAt: Instant | null
  readonly counters: Counters
  readonly last: MeasurementPhase | null
  /** What the newest measurement saw, or why it saw nothing. */
  readonly message: string
  /** The phase the run has ended in; it does not change any more. */
  readonly completed: Phase | null
}

/** After an Error the next measurement comes after this, whatever the interval. */
const ERROR_RETRY: Milliseconds = 10_000
const LONGEST_MESSAGE = 200

/** The state before the first look. */
export function startArgo(_check: ArgoCheck): ArgoState {
  return { startedAt: null, measuredAt: null, counters: NO_MEASUREMENTS, last: null, message: '', completed: null }
}

/**
 * One look at an analysis of one metric, counted exactly as Argo Rollouts counts. The first measurement comes at once or
 * after `initialDelay`, the next strictly after `interval`, after an Error 10 s later; between them the reading is not
 * looked at.
 *
 * Successful is a pass. Failed is a fail. Error, which needs more than `consecutiveErrorLimit` errors in a row, is a fail
 * too, because Argo aborts on it: the one place where missing data can fail a check, and only for who imports Argo's
 * rules. Inconclusive stays inconclusive. A run that still goes on is undecided (blind after an Error); without an end
 * (an interval and no count) it passes as long as its newest measurement is Successful, which is how Argo ends such a run
 * when it is terminated.
 */
export function stepArgo(
  check: ArgoCheck,
  state: ArgoState,
  input: CheckInput,
): { readonly state: ArgoState; readonly verdict: Verdict } {
  const limits = limitsOf(check)
  if (state.completed !== null) return { state, verdict: verdictOf(check, limits, state, state.completed) }
  const at = Number.isFinite(input.at) ? input.at : (state.measuredAt ?? state.startedAt ?? 0)
  const started = { ...state, startedAt: state.startedAt ?? at }
  const next = isDue(check, started, at) ? measured(check, started, input, at) : started
  const { phase } = assessRun([{ ...next, name: check.name, dryRun: false, limits }], false)
  const ended = isEnd(phase) ? { ...next, completed: phase } : next
  return { state: ended, verdict: verdictOf(check, limits, ended, phase) }
}

function limitsOf(check: ArgoCheck): MetricLimits {
  return { ...check, hasInterval: check.interval !== null }
}

function isDue(check: ArgoCheck, state: ArgoState, at: Instant): boolean {
  if (state.measuredAt === null) return at >= (state.startedAt ?? at) + check.initialDelay
  if (state.last === 'Error') return at >= state.measuredAt + ERROR_RETRY
  return at > state.measuredAt + (check.interval ?? 0)
}

function measured(check: ArgoCheck, state: ArgoState, input: CheckInput, at: Instant): ArgoState {
  const readings = Object.hasOwn(input.readings, check.name) ? input.readings[check.name] : undefined
  const reading = readings?.canary ?? null
  const { phase, message } = measure(check, reading)
  const seen = reading?.kind === 'value' ? formatSeries(reading.value) : ''
  return {
    ...state,
    measuredAt: at,
    counters: counted(state.counters, phase),
    last: phase,
    message: shorten(message === '' ? seen : message, LONGEST_MESSAGE),
  }
}

function verdictOf(check: ArgoCheck, limits: MetricLimits, state: ArgoState, phase: Phase): Verdict {
  const evidence = evidenceOf(state)
  const reason = `${phase}: ${describe(check, limits, state)}`
  switch (phase) {
    case 'Successful':
      return { outcome: 'pass', reason, evidence }
    case 'Failed':
    case 'Error':
      return { outcome: 'fail', reason, evidence }
    case 'Inconclusive':
      return inconclusive('undecided', reason, evidence)
    case 'Pending':
    case 'Running':
      if (effectiveCount(limits) === null && state.last === 'Successful') return { outcome: 'pass', reason, evidence }
      return inconclusive(state.last === 'Error' ? 'blind' : 'undecided', reason, evidence)
  }
}

/** `2 of 3 measurements, 1 successful, 1 failed (0 accepted); last: 0.061`: only what there was, with its limit. */
function describe(check: ArgoCheck, limits: MetricLimits, state: ArgoState): string {
  const { counters, last, message } = state
  if (last === null) return `the first measurement comes ${formatDuration(check.initialDelay)} after the start`
  const count = effectiveCount(limits)
  const inRow = check.consecutiveSuccessLimit
  const parts = [
    `${formatCount(counters.count)}${count === null ? '' : ` of ${formatCount(count)}`} measurements`,
    ...tally(counters.successful, 'successful', null),
    ...(inRow > 0 ? [`${formatCount(counters.consecutiveSuccess)} of ${formatCount(inRow)} in a row`] : []),
    ...tally(counters.failed, 'failed', check.failureLimit < 0 ? null : check.failureLimit),
    ...tally(counters.inconclusive, 'inconclusive', check.inconclusiveLimit),
    ...tally(
      counters.consecutiveError,
      counters.consecutiveError === 1 ? 'error in a row' : 'errors in a row',
      check.consecutiveErrorLimit,
    ),
  ]
  return `${parts.join(', ')}${message === '' ? '' : `; last: ${asClause(message)}`}`
}

/** `1 failed (0 accepted)`; nothing when there was none. */
function tally(counted: number, word: string, accepted: number | null): readonly string[] {
  if (counted === 0) return []
  return [`${formatCount(counted)} ${word}${accepted === null ? '' : ` (${formatCount(accepted)} accepted)`}`]
}

function evidenceOf(state: ArgoState): Evidence {
  return { judge: 'argo', figures: { ...state.counters } }
}
