import {
  type Check,
  type CheckInput,
  type ErrorRateCheck,
  knownTo,
  type LatencyCheck,
} from '../../domain/plan/checks.ts'
import type { Verdict } from '../../domain/verdict.ts'
import { type ArgoState, startArgo, stepArgo } from '../argo/argo-judge.ts'
import { EMPTY_TALLY } from '../arms.ts'
import { asSentence } from '../explain.ts'
import { type QueryState, startQuery, stepQuery } from '../expressions/query-judge.ts'
import { type KayentaState, startKayenta, stepKayenta } from '../kayenta/kayenta-judge.ts'
import { type LatencyState, startLatency, stepLatency } from './sequential/latency-judge.ts'
import { errorQuestion, eventQuestion, type RateState, startRate, stepRate } from './sequential/rate-judge.ts'
import { type RelativeState, startRelative, stepRelative } from './relative-judge.ts'
import { startThreshold, stepThreshold, type ThresholdState } from './threshold-judge.ts'

/** What a check remembers between looks. Plain JSON: it travels in heartbeats and survives restarts. */
export type CheckState =
  | RateState
  | LatencyState
  | ThresholdState
  | RelativeState
  | { readonly kind: 'query'; readonly query: QueryState }
  | { readonly kind: 'kayenta'; readonly kayenta: KayentaState }
  | { readonly kind: 'argo'; readonly argo: ArgoState }

/** The state of a check after a look, and its answer at that look. */
export interface CheckStep {
  readonly state: CheckState
  readonly verdict: Verdict
}

/** The state of a check before the first look of a release. */
export function startCheck(check: Check): CheckState {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
      return startRuled(check)
    case 'rate':
      return startRate(eventQuestion(check))
    case 'query':
      return { kind: 'query', query: startQuery(check) }
    case 'kayenta':
      return { kind: 'kayenta', kayenta: startKayenta(check) }
    case 'argo':
      return { kind: 'argo', argo: startArgo(check) }
  }
}

/**
 * One look of a check: a pure function that never throws, whatever the input. Missing or impossible data never passes
 * and never fails. A state of another kind of check than this one is replaced by a fresh one. The reason is one line of
 * bounded length, whatever a metric source had to say.
 */
export function stepCheck(check: Check, state: CheckState, input: CheckInput): CheckStep {
  const step = stepKind(check, state, knownTo(check, input))
  return { ...step, verdict: { ...step.verdict, reason: asSentence(step.verdict.reason) } }
}

function stepKind(check: Check, state: CheckState, input: CheckInput): CheckStep {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
      return stepRuled(check, state, input)
    case 'rate': {
      const question = eventQuestion(check)
      return stepRate(question, state.kind === 'rate' ? state : startRate(question), input)
    }
    case 'query': {
      const step = stepQuery(check, state.kind === 'query' ? state.query : startQuery(check), input)
      return { state: { kind: 'query', query: step.state }, verdict: step.verdict }
    }
    case 'kayenta': {
      const step = stepKayenta(check, state.kind === 'kayenta' ? state.kayenta : startKayenta(check), input)
      return { state: { kind: 'kayenta', kayenta: step.state }, verdict: step.verdict }
    }
    case 'argo': {
      const step = stepArgo(check, state.kind === 'argo' ? state.argo : startArgo(check), input)
      return { state: { kind: 'argo', argo: step.state }, verdict: step.verdict }
    }
  }
}

function startRuled(check: ErrorRateCheck | LatencyCheck): CheckState {
  switch (check.rule.judge) {
    case 'sequential':
      return check.kind === 'latency' ? startLatency() : startRate(errorQuestion(check, check.rule))
    case 'threshold':
      return startThreshold()
    case 'relative':
      return startRelative()
  }
}

function stepRuled(check: ErrorRateCheck | LatencyCheck, state: CheckState, input: CheckInput): CheckStep {
  const { rule } = check
  switch (rule.judge) {
    case 'sequential': {
      if (check.kind === 'latency')
        return stepLatency(check, rule, state.kind === 'latency' ? state : startLatency(), input)
      const question = errorQuestion(check, rule)
      return stepRate(question, state.kind === 'rate' ? state : startRate(question), input)
    }
    case 'threshold':
      return stepThreshold(check, rule, state.kind === 'threshold' ? state : startThreshold(), input)
    case 'relative':
      return stepRelative(check, rule, state.kind === 'relative' ? state : startRelative(), input)
  }
}

/**
 * The state to go on with when the exposure changes: requests are counted afresh, so that "enough requests" and the
 * sentence are about the new exposure, while the evidence (and with it the one error budget of the release) stays, as
 * do the breaches of a limit.
 */
export function enterExposure(state: CheckState): CheckState {
  switch (state.kind) {
    case 'rate':
    case 'latency':
      return { ...state, tally: EMPTY_TALLY }
    case 'threshold':
    case 'relative':
      return { ...state, gathered: null, gatheredFor: 0, standing: null }
    case 'query':
    case 'kayenta':
    case 'argo':
      return state
  }
}
