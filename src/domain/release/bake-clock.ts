import type { Instant, Milliseconds } from '../units.ts'

/** A bake's clock: unpaused time only. All in milliseconds of workflow time. */
export interface BakeClock {
  readonly startedAt: Instant
  readonly duration: Milliseconds
  /** Unpaused time before `runningSince`. */
  readonly elapsed: Milliseconds
  /** When the clock was last started, or null while it stands. */
  readonly runningSince: Instant | null
  /** Part of `duration` that was added because nobody could watch, nobody asked, or the router had drifted. */
  readonly prolongedBy: Milliseconds
  /** A person ended the bake, or the checks have proven the canary good. */
  readonly isEnded: boolean
  /** How long the bake has been held for checks that do not pass yet; absent in bakes of an older version. */
  readonly held?: Milliseconds
}

/** Unpaused time of a bake up to `now`. */
export function bakeElapsed(clock: BakeClock, now: Instant): Milliseconds {
  return clock.elapsed + (clock.runningSince === null ? 0 : Math.max(0, now - clock.runningSince))
}

/** Since when the time of a bake is over; in the future when it is not. */
export function bakeOverAt(clock: BakeClock, now: Instant): Instant {
  return now + clock.duration - bakeElapsed(clock, now)
}

/** What is left of a bake at `now`; 0 when it is over or a person ended it. */
export function bakeRemaining(clock: BakeClock, now: Instant): Milliseconds {
  return clock.isEnded ? 0 : Math.max(0, clock.duration - bakeElapsed(clock, now))
}

/** The clock of a bake that lasts longer; only what is no warm-up counts as lost. */
export function prolong(
  clock: BakeClock,
  { by, isWarmUp = false }: { readonly by: Milliseconds; readonly isWarmUp?: boolean },
): BakeClock {
  return { ...clock, duration: clock.duration + by, prolongedBy: clock.prolongedBy + (isWarmUp ? 0 : by) }
}

/** A retry bakes anew; a resume goes on where the clock stood. */
export function resumeClock(clock: BakeClock | null, at: Instant, isRetry: boolean): BakeClock | null {
  return clock === null ? null : { ...clock, ...(isRetry && { elapsed: 0, startedAt: at }), runningSince: at }
}
