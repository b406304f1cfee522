import type { ArmCounts } from '../../../domain/observation.ts'
import type { RecordedEvents, RecordedStable } from '../../../domain/recorded-noise.ts'
import type { RateCheck, SequentialRule } from '../../checks/shapes.ts'
import { budgetFault, ratioFault } from '../rule-faults.ts'

/** One or two one-sided questions about the ratio of two rates, at one error budget. */
export interface RateQuestion {
  /** What is counted, as in sentences: `errors`, `orders`. */
  readonly noun: string
  /** Largest accepted ratio canary / stable, ≥ 1, or null. */
  readonly notAbove: number | null
  /** Smallest accepted ratio, in (0, 1], or null. */
  readonly notBelow: number | null
  readonly alpha: number
  readonly minRequests: number
  /** Most events that a request can have; absent: any number. */
  readonly mostPerRequest?: number
  /** The event's count of one arm; undefined when the arm does not report it. */
  readonly eventsOf: (arm: ArmCounts) => number | undefined
  /** The same in the target's record. */
  readonly recordedOf: (record: RecordedStable) => RecordedEvents | null | undefined
}

/** The question of an error-rate check with a sequential rule. */
export function errorQuestion(rule: SequentialRule): RateQuestion {
  return {
    noun: 'errors',
    notAbove: rule.notWorseThan,
    notBelow: null,
    alpha: rule.alpha,
    minRequests: rule.minRequests,
    mostPerRequest: 1,
    eventsOf: (arm) => arm.errors,
    recordedOf: (record) => record.errors,
  }
}

/** The question of a rate check. */
export function eventQuestion(check: RateCheck): RateQuestion {
  return {
    noun: check.of,
    notAbove: check.notAbove,
    notBelow: check.notBelow,
    alpha: check.alpha,
    minRequests: check.minRequests,
    eventsOf: (arm) => (Object.hasOwn(arm.events, check.of) ? arm.events[check.of] : undefined),
    recordedOf: ({ events }) => (Object.hasOwn(events, check.of) ? events[check.of] : null),
  }
}

/** Why the question cannot be answered, as a sentence; null when it can. */
export function questionFault({ alpha, notAbove, notBelow }: RateQuestion): string | null {
  const fault = budgetFault(alpha)
  if (fault !== null) return fault
  if (notAbove === null && notBelow === null)
    return 'the check accepts every ratio: it has neither notAbove nor notBelow'
  return (notAbove === null ? null : ratioFault(notAbove)) ?? (notBelow === null ? null : ratioFault(notBelow))
}

/** The log-odds at which a side fails: two sides have half of the budget each. */
export function neededLogEvidence({ alpha, notAbove, notBelow }: RateQuestion): number {
  return Math.log((notAbove !== null && notBelow !== null ? 2 : 1) / alpha)
}

/** More events than on stable, or fewer. */
export type RateSide = 'above' | 'below'

/** The accepted ratio of a side, and the word for what is beyond it. */
export function limitOf({ notAbove, notBelow }: RateQuestion, side: RateSide) {
  return side === 'above'
    ? ({ word: 'more', ratio: notAbove ?? 1 } as const)
    : ({ word: 'fewer', ratio: notBelow ?? 1 } as const)
}
