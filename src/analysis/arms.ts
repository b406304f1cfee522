import { type ArmNames, ROLE_NAMES } from '../domain/arm-names.ts'
import type { ArmCounts, MetricResult } from '../domain/observation.ts'
import type { CheckInput } from '../domain/plan/checks.ts'
import { formatDuration, type Instant, type Milliseconds } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'
import { asClause, formatCount, formatFraction, formatImpossible } from './explain.ts'
import { addHistograms } from './histogram.ts'
import type { SplitCounts } from './judges/split-test.ts'

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

/** What one exposure has shown so far: sums for the sentence and for the minimum of requests. Plain JSON. */
export interface Tally extends SplitCounts {
  readonly watched: Milliseconds
  readonly canarySilence: Silence
  readonly stableSilence: Silence
}

/** For how many looks, and how long, an arm has had no request. */
interface Silence {
  readonly looks: number
  readonly time: Milliseconds
}

const NO_SILENCE: Silence = { looks: 0, time: 0 }

export const EMPTY_TALLY: Tally = {
  canaryTrials: 0,
  canaryEvents: 0,
  stableTrials: 0,
  stableEvents: 0,
  watched: 0,
  canarySilence: NO_SILENCE,
  stableSilence: NO_SILENCE,
}

/** The tally with one more look in it. */
export function addToTally(tally: Tally, counts: SplitCounts, duration: Milliseconds): Tally {
  return {
    canaryTrials: tally.canaryTrials + counts.canaryTrials,
    canaryEvents: tally.canaryEvents + counts.canaryEvents,
    stableTrials: tally.stableTrials + counts.stableTrials,
    stableEvents: tally.stableEvents + counts.stableEvents,
    watched: tally.watched + duration,
    canarySilence: counts.canaryTrials > 0 ? NO_SILENCE : lengthen(tally.canarySilence, duration),
    stableSilence: counts.stableTrials > 0 ? NO_SILENCE : lengthen(tally.stableSilence, duration),
  }
}

/** An arm is silent after more than so many looks and more than so much time without a request. */
const SILENT_AFTER: Silence = { looks: 3, time: 60_000 }

/** Why the tally is not enough to pass: an arm is silent (blind) or has too few requests (undecided); null when enough. */
export function tallyFault(
  tally: Tally,
  minRequests: number,
  names: ArmNames,
): { readonly cause: 'blind' | 'undecided'; readonly reason: string } | null {
  for (const [name, silence] of [
    [names.canary, tally.canarySilence],
    [names.stable, tally.stableSilence],
  ] as const) {
    if (silence.looks > SILENT_AFTER.looks && silence.time > SILENT_AFTER.time)
      return { cause: 'blind', reason: `${name} has served no requests for ${formatDuration(silence.time)}` }
  }
  const reason = tooFewOnEither({ canary: tally.canaryTrials, stable: tally.stableTrials }, minRequests, names)
  return reason === null ? null : { cause: 'undecided', reason }
}

/** Why both arms have not served enough, as a sentence; null when they have. */
export function tooFewOnEither(
  { canary, stable }: { readonly canary: number; readonly stable: number },
  minRequests: number,
  names: ArmNames,
): string | null {
  const needed = neededRequests(minRequests)
  if (canary >= needed && stable >= needed) return null
  const counts = `${formatServed(canary)} on ${names.canary}, ${formatServed(stable)} on ${names.stable}`
  return `not enough requests yet: ${counts}; each needs ${formatCount(needed)}`
}

/** The same of one arm. */
export function tooFewOn(name: string, requests: number, minRequests: number): string | null {
  const needed = neededRequests(minRequests)
  if (requests >= needed) return null
  return `not enough requests yet: ${formatServed(requests)} on ${name}; it needs ${formatCount(needed)}`
}

/** At least one request, whatever the plan says: nothing can be said about an arm that served nobody. */
function neededRequests(minRequests: number): number {
  return Math.max(1, Number.isNaN(minRequests) ? Number.POSITIVE_INFINITY : minRequests)
}

/** A count of requests that is too small; parts of one are left out, because 49.9 is not 50. */
function formatServed(requests: number): string {
  return formatCount(Math.floor(requests))
}

/** What an arm did that nobody asked. */
export const NO_REQUESTS: ArmCounts = { requests: 0, errors: 0, latency: null, events: {} }

/** Both together. Latencies in different buckets cannot be added: those of the second, the later one, stay. */
export function addArms(first: ArmCounts, second: ArmCounts): ArmCounts {
  const names = [...new Set([...Object.keys(first.events), ...Object.keys(second.events)])]
  return {
    requests: first.requests + second.requests,
    errors: first.errors + second.errors,
    latency:
      first.latency === null || second.latency === null
        ? (first.latency ?? second.latency)
        : (addHistograms(first.latency, second.latency) ?? second.latency),
    events: Object.fromEntries(names.map((name) => [name, (first.events[name] ?? 0) + (second.events[name] ?? 0)])),
    ...bothMissing(first, second),
  }
}

/** What one of them does not know, the sum does not know either. */
function bothMissing({ missing: first }: ArmCounts, { missing: second }: ArmCounts): Pick<ArmCounts, 'missing'> {
  if (first === undefined && second === undefined) return {}
  const events = { ...first?.events, ...second?.events }
  return { missing: { ...first, ...second, ...(Object.keys(events).length > 0 && { events }) } }
}

/** An inconclusive verdict. */
export function inconclusive(cause: 'blind' | 'undecided', reason: string, evidence: Verdict['evidence']): Verdict {
  return { outcome: 'inconclusive', cause, reason, evidence }
}

/** The verdict of a look that has shown no breach: no pass while one is likely. */
export function unshown(isInDoubt: boolean, reason: string, evidence: Verdict['evidence']): Verdict {
  return isInDoubt ? inconclusive('undecided', reason, evidence) : { outcome: 'pass', reason, evidence }
}

function lengthen(silence: Silence, duration: Milliseconds): Silence {
  return { looks: silence.looks + 1, time: silence.time + duration }
}
