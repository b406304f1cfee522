import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { Instant, Milliseconds } from '../../../domain/units.ts'
import { formatCount } from '../../explain.ts'
import { impossibleCount, isCount, namesOf, readLook } from '../../read-look.ts'
import type { SplitCounts } from '../split-test.ts'
import type { RateQuestion } from './rate-question.ts'

/** Counts of one look. */
type Counts =
  | { readonly kind: 'usable'; readonly counts: SplitCounts; readonly duration: Milliseconds }
  | { readonly kind: 'blind' | 'undecided'; readonly reason: string }

/** The event and request counts of a usable look, or the sentence that says why there are none. */
export function readCounts(question: RateQuestion, input: CheckInput, lastEnd: Instant | null): Counts {
  const read = readLook(input, lastEnd)
  if (read.kind !== 'usable') return read
  const { canary, stable, duration } = read.look
  const canaryEvents = question.eventsOf(canary)
  const stableEvents = question.eventsOf(stable)
  const names = namesOf(input)
  for (const [name, arm, events] of [
    [names.canary, canary, canaryEvents],
    [names.stable, stable, stableEvents],
  ] as const) {
    if (events === undefined) return { kind: 'blind', reason: `${name} does not report ${question.noun}` }
    if (!isCount(events)) return { kind: 'blind', reason: impossibleCount(name, question.noun, events) }
    if (events > 0 && arm.requests === 0)
      return { kind: 'blind', reason: `${name} reports ${formatCount(events)} ${question.noun} without a request` }
  }
  const counts = {
    canaryEvents: canaryEvents ?? 0,
    canaryTrials: canary.requests,
    stableEvents: stableEvents ?? 0,
    stableTrials: stable.requests,
  }
  return { kind: 'usable', counts, duration }
}

/** The same counts with the arms exchanged: "canary has fewer" becomes "stable has more". */
export function swapArms(counts: SplitCounts): SplitCounts {
  return {
    canaryEvents: counts.stableEvents,
    canaryTrials: counts.stableTrials,
    stableEvents: counts.canaryEvents,
    stableTrials: counts.canaryTrials,
  }
}
