import { formatDuration, type Instant, type Milliseconds } from '../units.ts'
import { type BakeClock, bakeOverAt } from './bake-clock.ts'
import { blindTime, type GuardState, lagOf, unwatchedText } from './guard.ts'

/** A hold of a check ends with the guard's word; this is for one that comes too late. */
export const HELD_LOOK: Milliseconds = 60_000

/** What a bake does whose time is over. */
export type BakeMove =
  | {
      readonly kind: 'end'
      /** Why the weight may be raised, where that had to be weighed. */
      readonly raise?: string
    }
  /** Part of it was not watched, and is watched now instead. */
  | {
      readonly kind: 'prolong'
      readonly by: Milliseconds
      readonly reason: string
      /** True when the canary has still to warm up. */
      readonly isWarmUp?: true
    }
  /** Something is missing that time may bring; `next` is when to look again. */
  | {
      readonly kind: 'hold'
      readonly next: Milliseconds
      readonly waiting: string
      /** True when a check's own consequence is to hold: that lasts as long as it takes. */
      readonly isHeld?: true
    }
  /** It has held long enough: the plan's policy for checks that cannot decide. */
  | { readonly kind: 'give-up'; readonly reason: string }

/** What a bake whose time is over is judged by. All times in milliseconds, by the workflow's clock. */
interface BakeAtEnd {
  readonly clock: BakeClock
  readonly now: Instant
  /** What the guard knows, or null when it has never looked. */
  readonly state: GuardState | null
  /** Why the checks do not pass yet, or null when all do. */
  readonly waiting: string | null
  /** True when what is waited for may take as long as it takes: checks whose own consequence is to hold. */
  readonly isHeld?: boolean
  readonly interval: Milliseconds
  /** When the last check begins to count; absent or null when none waits for the canary to warm up. */
  readonly warmsUpUntil?: Instant | null
  /** How long the plan holds before its policy decides. */
  readonly holdFor: Milliseconds
}

/** A check that compares needs two looks to fail even a canary that only fails, and the metrics lag by one. */
const LOOKS_AFTER_WARM_UP = 3

/**
 * What a bake does whose time is over: it ends when the canary has warmed up and some looks have judged it, all of it was
 * watched, the guard has looked lately, every check passes and the metrics have reached its end. A bake that a person ended, or that is proven, ends whatever is missing.
 */
export function bakeMove(bake: BakeAtEnd): BakeMove {
  const { clock, state, interval, holdFor, now, warmsUpUntil = null } = bake
  if (clock.isEnded) return { kind: 'end' }
  const judgedAt = warmsUpUntil === null ? now : warmsUpUntil + LOOKS_AFTER_WARM_UP * interval
  if (judgedAt > now) {
    const reason = 'the canary still warms up, and the checks need some looks after that'
    return { kind: 'prolong', by: judgedAt - now, reason, isWarmUp: true }
  }
  const unwatched = state === null ? 0 : blindTime(state, clock.startedAt) - clock.prolongedBy
  if (unwatched >= interval) {
    const why = state === null ? '' : ` (so far ${unwatchedText(state, clock.startedAt)})`
    return { kind: 'prolong', by: unwatched, reason: `no usable data in that time${why}` }
  }
  const unseen = unseenEnd(bake)
  const waiting = missing(bake) ?? unseen?.text ?? null
  if (waiting === null) return { kind: 'end' }
  if (bake.isHeld === true && waiting === bake.waiting)
    return { kind: 'hold', next: Math.max(interval, HELD_LOOK), waiting, isHeld: true }
  const held = clock.held ?? 0
  if (held >= holdFor)
    return { kind: 'give-up', reason: `still inconclusive after ${formatDuration(held)} of holding; ${waiting}` }
  // A little longer each time, so that a long hold does not fill the history.
  const usual = Math.max(interval, Math.round(held / 4))
  return { kind: 'hold', next: Math.max(1_000, Math.min(unseen?.missing ?? usual, usual)), waiting }
}

/** By how much the timer of a bake outlasts its time, where it is known how far the metrics lag behind what users see. */
export function furtherLag(state: GuardState | null, interval: Milliseconds): Milliseconds {
  return state === null ? 0 : Math.max(0, lagOf(state) - interval)
}

/** Why a bake may not end yet, or null when nothing is missing but the newest metrics. */
function missing({ state, now, waiting, interval }: BakeAtEnd): string | null {
  if (state === null || now - state.lookedAt > 3 * interval + 5_000) return 'the guard has not looked lately'
  return state.hold ?? waiting
}

/** How much of a bake the metrics have not reached, give or take a look; null when they have. */
function unseenEnd({ state, clock, now, interval }: BakeAtEnd) {
  if (state?.seenUntil === undefined || lagOf(state) === 0) return null
  const rest = bakeOverAt(clock, now) - interval - state.seenUntil
  if (rest <= 0) return null
  return { missing: rest, text: `the metrics have not reached the end of the bake yet: ${formatDuration(rest)} to go` }
}
