import { z } from 'zod'
import { defineReading } from '../../domain/plan/check-form.ts'
import { nameText, ratioText } from '../../domain/plan/plan-values.ts'
import type { RecordedEvents, RecordedStable } from '../../domain/recorded-noise.ts'
import type { Tolerance } from '../calibration/counting.ts'
import { moreEvents } from '../calibration/worse-arms.ts'
import { rateProof } from '../judges/sequential/promotion-evidence.ts'
import { stepRate } from '../judges/sequential/rate-judge.ts'
import { eventQuestion } from '../judges/sequential/rate-question.ts'
import { type RateState, startRate } from '../judges/sequential/rate-state.ts'
import type { Asked } from '../power/check-power.ts'
import { eventSight } from '../power/event-power.ts'
import type { ExpectedTraffic } from '../power/expected-traffic.ts'
import { EMPTY_TALLY } from '../tally.ts'
import { eventClaims } from '../traffic/past-claims.ts'
import { type CheckKind, defineCheck } from './check-kind.ts'
import { rateEvidence } from './limits.ts'
import { claimOf, common, reportMissing, sequential } from './options.ts'
import type { RateCheck } from './shapes.ts'

export const rateKind: CheckKind<RateCheck> = defineCheck<RateCheck, RateState>({
  kind: 'rate',
  summary: 'A named event per request, such as orders, against stable: it may not fall below or rise above a ratio.',
  reading: defineReading({
    schema: z.strictObject({
      ...common,
      ...sequential,
      of: nameText,
      notBelow: ratioText.refine((ratio) => ratio <= 1, { error: 'expected at most 1x' }).optional(),
      notAbove: ratioText.refine((ratio) => ratio >= 1, { error: 'expected at least 1x' }).optional(),
    }),
    needs: ({ of }) => (of === undefined ? null : { event: of }),
    rules({ has }, context) {
      if (!has('notBelow') && !has('notAbove')) reportMissing('notBelow, notAbove, or both', 'limit', context)
    },
    read(options, { name, source }) {
      const { of, minRequests, notBelow = null, notAbove = null } = options
      return {
        ...claimOf(options.confidence),
        complete: (alpha) => ({ kind: 'rate', name, source, of, notBelow, notAbove, alpha, minRequests }),
      }
    },
  }),
  question({ of, notBelow, notAbove }) {
    const sides = [
      ...(notBelow === null ? [] : [`at least ${notBelow}x`]),
      ...(notAbove === null ? [] : [`at most ${notAbove}x`]),
    ]
    return `${of} per request ${sides.join(' and ')} stable's`
  },
  comparesWithStable: () => true,
  alpha: ({ alpha }) => alpha,
  missing: ({ of }, { events = {} }) => (Object.hasOwn(events, of) ? events[of] : undefined),
  states: ['rate'],
  start: (check) => startRate(eventQuestion(check)),
  step: (check, state, input) => stepRate(eventQuestion(check), state, input),
  enter: (state) => ({ ...state, tally: EMPTY_TALLY }),
  evidence: rateEvidence,
  power: (check) => ({
    leastRequests: check.minRequests,
    event: check.of,
    asked: (traffic) => askedOf(check, traffic),
  }),
  proof: (check) => rateProof(eventQuestion(check)),
  pastClaims: (check, past) => eventClaims(past, check),
  calibrate: (check) => ({
    cost: 1,
    events: ({ events }) => events[check.of] ?? 0,
    worsen: (arm, times, random) => moreEvents(check.of, arm, times, random),
    lack: (windows) =>
      windows.every(({ counts }) => !((counts.events[check.of] ?? 0) > 0))
        ? `the recording holds no ${check.of}`
        : null,
    tolerance: toleranceOf(check),
  }),
})

/** So much further than accepted an event's rate changes, when no change is stated. */
const FALL = 3 / 4
const RISE = 4 / 3

function askedOf(check: RateCheck, { events, changes, noise }: ExpectedTraffic): Asked {
  const { of } = check
  const base = Object.hasOwn(events, of) ? events[of] : undefined
  if (base === undefined || !(base > 0))
    return { why: `the number of ${of} per request is not known: state it with --event ${of}=3%` }
  const change = (Object.hasOwn(changes, of) ? changes[of] : undefined) ?? usualChange(check)
  const direction = change < 1 ? 'fall' : 'rise'
  const sight = eventSight(check, direction, base, recordedOf(noise?.events ?? {}, of))
  if (sight !== null) return { sight, size: change }
  return { why: `this check sets no ${direction === 'fall' ? 'lower' : 'upper'} limit for ${of}` }
}

function recordedOf(events: RecordedStable['events'], name: string): RecordedEvents | null {
  return Object.hasOwn(events, name) ? (events[name] ?? null) : null
}

function usualChange({ notBelow, notAbove }: RateCheck): number {
  return notBelow === null ? RISE * (notAbove ?? 1) : FALL * notBelow
}

function toleranceOf(check: RateCheck): Tolerance {
  const { notBelow, notAbove, alpha, minRequests } = check
  return {
    ratio: notBelow === null ? (notAbove ?? 1) : 1 / notBelow,
    isFall: notBelow !== null,
    ...{ alpha, minRequests, enough: null },
    withRatio: (ratio) => withRatio(check, ratio),
    withAlpha: (part): RateCheck => ({ ...check, alpha: part }),
    options: { ...(notBelow !== null && { notBelow }), ...(notAbove !== null && { notAbove }) },
  }
}

function withRatio(check: RateCheck, ratio: number): RateCheck {
  const { notBelow, notAbove } = check
  if (notBelow === null) return { ...check, notAbove: ratio }
  return { ...check, notBelow: 1 / ratio, notAbove: notAbove === null ? null : Math.max(notAbove, ratio) }
}
