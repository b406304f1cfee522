import { z } from 'zod'
import { defineReading } from '../../domain/plan/check-form.ts'
import { onlyWarns } from '../../domain/plan/consequences.ts'
import { ratioText, shareText } from '../../domain/plan/plan-values.ts'
import type { RecordedEvents } from '../../domain/recorded-noise.ts'
import { formatPercent } from '../../domain/units.ts'
import { moreErrors } from '../calibration/worse-arms.ts'
import { rateProof } from '../judges/sequential/promotion-evidence.ts'
import { stepRate } from '../judges/sequential/rate-judge.ts'
import { errorQuestion } from '../judges/sequential/rate-question.ts'
import { type RateState, startRate } from '../judges/sequential/rate-state.ts'
import { errorSight } from '../power/event-power.ts'
import { errorLimitSight } from '../power/limit-power.ts'
import type { Sight } from '../power/power.ts'
import { errorRatioSight } from '../power/ratio-power.ts'
import { acceptedBy, errorClaims } from '../traffic/past-claims.ts'
import { type CheckKind, defineCheck, NO_EVIDENCE } from './check-kind.ts'
import { ERROR_LIMITS } from './error-limits.ts'
import {
  alphaOfRule,
  enterAfresh,
  LIMIT_STATES,
  type LimitState,
  limitOf,
  rateEvidence,
  startLimit,
  stepLimit,
  toleranceOfRule,
} from './limits.ts'
import { common, hysteresis, limitRules, readRule, sequential } from './options.ts'
import type { ErrorRateCheck } from './shapes.ts'

export const errorRateKind: CheckKind<ErrorRateCheck> = defineCheck<ErrorRateCheck, RateState | LimitState>({
  kind: 'errorRate',
  summary:
    'Share of requests that failed, against stable (`notWorseThan`, `maxRatio`) or against a fixed limit (`max`).',
  reading: defineReading({
    schema: z.strictObject({
      ...common,
      ...sequential,
      ...hysteresis,
      notWorseThan: ratioText.optional(),
      max: shareText.optional(),
      maxRatio: ratioText.optional(),
    }),
    needs: () => 'counts',
    rules: limitRules,
    read(options, { name, source }) {
      const { rule, ...claim } = readRule(options)
      return { ...claim, complete: (alpha) => ({ kind: 'errorRate', name, source, rule: rule(alpha) }) }
    },
  }),
  question: ({ rule }) =>
    `failed requests at most ${limitOf(rule, "x stable's share", (share) => formatPercent(share, 6))}`,
  comparesWithStable: ({ rule }) => rule.judge !== 'threshold',
  alpha: ({ rule }) => alphaOfRule(rule),
  missing: (_check, { errors }) => errors,
  states: ['rate', ...LIMIT_STATES],
  start: (check) => (check.rule.judge === 'sequential' ? startRate(errorQuestion(check.rule)) : startLimit(check.rule)),
  step(check, state, input) {
    if (check.rule.judge !== 'sequential') return stepLimit(ERROR_LIMITS, check.rule, state, input)
    const question = errorQuestion(check.rule)
    return stepRate(question, state.kind === 'rate' ? state : startRate(question), input)
  },
  enter: enterAfresh,
  evidence: (state) => (state.kind === 'rate' ? rateEvidence(state) : NO_EVIDENCE),
  power: (check) => ({
    leastRequests: check.rule.minRequests,
    event: null,
    asked: ({ errors, noise }) => ({
      ...{ sight: sightOf(check, check.rule, errors.from, noise?.errors ?? null), size: errors.to },
    }),
  }),
  proof: (check) => (check.rule.judge === 'sequential' ? rateProof(errorQuestion(check.rule)) : null),
  pastClaims: ({ rule }, past) => errorClaims(past, acceptedBy(rule)),
  // Of a cohort's requests nobody knows what they say of everybody else's; what only warns holds no raise up.
  harm: (check) =>
    check.rule.judge !== 'sequential' || check.cohort !== undefined || onlyWarns(check)
      ? null
      : (state) =>
          state.kind === 'rate' && state.ratio !== undefined
            ? { ratio: state.ratio, canaryRequests: state.release.canaryTrials }
            : null,
  calibrate: (check) => ({
    cost: 1,
    events: ({ errors }) => errors,
    worsen: moreErrors,
    lack: (windows) =>
      windows.every(({ counts }) => !(counts.errors > 0))
        ? 'the recording holds no errors that could be multiplied'
        : null,
    tolerance: toleranceOfRule(check, null),
  }),
})

function sightOf(
  check: ErrorRateCheck,
  rule: ErrorRateCheck['rule'],
  from: number,
  noise: RecordedEvents | null,
): Sight {
  switch (rule.judge) {
    case 'sequential':
      return errorSight(check, rule, from, noise)
    case 'threshold':
      return errorLimitSight(check, rule, from)
    case 'relative':
      return errorRatioSight(check, rule, from)
  }
}
