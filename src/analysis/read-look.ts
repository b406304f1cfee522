import { type ArmNames, ROLE_NAMES } from '../domain/arm-names.ts'
import type { ArmCounts, MetricResult } from '../domain/observation.ts'
import type { CheckInput } from '../domain/plan/checks.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { asClause, formatFraction, formatImpossible } from './explain.ts'

/** What sentences about this look call both arms. */
export function namesOf({ names = ROLE_NAMES }: { readonly names?: ArmNames }): ArmNames {
  return names
}

/** What both arms did in one usable window. */
interface UsableLook {
  readonly canary: ArmCounts
  readonly stable: ArmCounts
  readonly duration: Milliseconds
}

/** Why a look says nothing, as a sentence. */
export interface Unusable {
  readonly kind: 'blind' | 'undecided'
  readonly reason: string
}

/** A window that can be judged, or the sentence that says why not. */
type Look = { readonly kind: 'usable'; readonly look: UsableLook } | Unusable

/**
 * The look's counts when both arms have values that are possible and the window goes on after `lastEnd` (the end of the
 * last window, null before the first). A window that goes back is not counted: its requests may have been counted
 * before.
 */
export function readLook(input: CheckInput, lastEnd: Instant | null): Look {
  const { start, end } = input.window
  const names = namesOf(input)
  for (const arm of ['canary', 'stable'] as const) {
    const fault = armFault(names[arm], input[arm])
    if (fault !== null) return { kind: 'blind', reason: fault }
  }
  if (input.canary.kind !== 'value' || input.stable.kind !== 'value') return { kind: 'blind', reason: 'no data' }
  const unusable = unusableWindow(input.window, lastEnd)
  if (unusable !== null) return unusable
  return { kind: 'usable', look: { canary: input.canary.value, stable: input.stable.value, duration: end - start } }
}

/**
 * The `lastEnd` for the next look. It moves on only when both arms were seen: a source that could not observe starts its
 * next window where the last good one ended. After a clock that went back it follows the new clock.
 */
export function endOfLook(input: CheckInput, lastEnd: Instant | null): Instant | null {
  const { start, end } = input.window
  const isSeen = input.canary.kind === 'value' && input.stable.kind === 'value'
  return isSeen && isTime(start) && isTime(end) && end >= start ? end : lastEnd
}

/** Why nothing can be said of a window, or null when something can. */
export function unusableWindow(window: CheckInput['window'], lastEnd: Instant | null): Unusable | null {
  const fault = windowFault(window, lastEnd)
  if (fault !== null) return { kind: 'blind', reason: fault }
  if (window.end > window.start) return null
  return { kind: 'undecided', reason: 'measuring has only just begun: the first window is still empty' }
}

/** What is wrong with a window, as a sentence; null when nothing is. One that goes back may count requests again. */
export function windowFault({ start, end }: CheckInput['window'], lastEnd: Instant | null): string | null {
  if (!isTime(start) || !isTime(end)) return 'the window of this look has no time'
  if (end < start) return 'the window of this look ends before it starts'
  const isOverlapping = lastEnd !== null && start < lastEnd - CLOCK_GRAIN
  return isOverlapping ? 'the clock went back: this window overlaps the one before' : null
}

/** Why an arm's counts cannot be used, as a sentence; null when they can. */
export function armFault(name: string, arm: MetricResult<ArmCounts>): string | null {
  if (arm.kind !== 'value') return `${name} cannot be seen: ${asClause(arm.reason)}`
  const { requests, errors } = arm.value
  if (!isCount(requests)) return impossibleCount(name, 'requests', requests)
  if (!isCount(errors)) return impossibleCount(name, 'errors', errors)
  if (errors > requests * (1 + 1e-9))
    return `${name} reports more errors than requests (${formatFraction(errors, requests)})`
  return null
}

/** `2.4.0 reports an impossible number of requests (-1)`. */
export function impossibleCount(name: string, noun: string, count: number): string {
  return `${name} reports an impossible number of ${noun}${formatImpossible(count)}`
}

/** More than this in one window is not a count of requests but a mistake; sums of smaller ones stay exact enough. */
const HIGHEST_COUNT = 1e15
/** Stores that keep time in floating seconds may be off by this much. */
const CLOCK_GRAIN: Milliseconds = 1
/** Times further from the epoch than this are not dates. */
const LATEST_TIME: Instant = 8.64e15

/** True for a number that can count something: finite, not negative, and not absurdly large. */
export function isCount(value: number): boolean {
  return value >= 0 && value <= HIGHEST_COUNT
}

/** True for a point in time that can be a date. */
export function isTime(value: Instant): boolean {
  return Math.abs(value) <= LATEST_TIME
}
