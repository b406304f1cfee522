import type { ArmNames } from '../domain/arm-names.ts'
import { formatDuration, type Milliseconds } from '../domain/units.ts'
import { formatCount } from './explain.ts'
import type { SplitCounts } from './judges/split-test.ts'

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

function lengthen(silence: Silence, duration: Milliseconds): Silence {
  return { looks: silence.looks + 1, time: silence.time + duration }
}
