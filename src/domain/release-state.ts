import type { Actor } from './actor.ts'
import { type Exposure, type ExposureSpan, isSameExposure, NO_EXPOSURE, type PoolRoles } from './exposure.ts'
import type { Milliseconds } from './units.ts'
import type { Verdict } from './verdict.ts'

/**
 * Where a release is. `paused` is not a phase: a release is paused *in* one (see {@link ReleaseState.pause}), and goes on
 * in it.
 */
export type ReleasePhase =
  | 'starting'
  | 'exposing'
  | 'baking'
  | 'judging'
  | 'waiting'
  | 'rolling-back'
  | 'promoted'
  | 'rolled-back'

/** Why the plan does not go on by itself. */
export interface Pause {
  readonly cause: 'command' | 'failed-check' | 'inconclusive' | 'router' | 'approval-expired' | 'foreign-change'
  readonly by: string
  readonly reason: string
  readonly at: Milliseconds
}

/** Why a release is being rolled back. Once set it stays. */
export interface Abandonment {
  readonly cause: 'abort' | 'failed-check' | 'inconclusive' | 'rejected' | 'approval-expired' | 'cancelled' | 'router'
  readonly by: string
  readonly reason: string
  readonly at: Milliseconds
}

/** A bake's clock: unpaused time only. All in milliseconds of workflow time. */
export interface BakeClock {
  readonly startedAt: Milliseconds
  readonly duration: Milliseconds
  /** Unpaused time before `runningSince`. */
  readonly elapsed: Milliseconds
  /** When the clock was last started, or null while it stands. */
  readonly runningSince: Milliseconds | null
  /** Part of `duration` that was added because the guard had been blind. */
  readonly prolongedBy: Milliseconds
  /** A person ended the bake, or the checks have proven the canary good. */
  readonly isEnded: boolean
}

export interface ApprovalRequest {
  readonly by: string
  readonly people: readonly string[]
  readonly need: number
  readonly notAuthor: boolean
  readonly deadline: Milliseconds
  readonly given: readonly {
    readonly person: string
    readonly at: Milliseconds
    readonly entrance: Actor['entrance']
  }[]
}

/** One line of the release's story: what happened, by whom, why. */
export interface TrailEntry {
  readonly at: Milliseconds
  readonly event: ReleaseEvent['type']
  readonly text: string
}

export interface ReleaseState {
  readonly releaseId: string
  readonly phase: ReleasePhase
  /** Index of the action that runs or comes next. */
  readonly position: number
  /** The plan's step that runs, from 1; 0 before the first. */
  readonly step: number
  readonly roles: PoolRoles | null
  /** What a rollback returns to; null until it has been read. No effect happens before. */
  readonly baseline: Exposure | null
  /** The exposure that was asked for last. */
  readonly wanted: Exposure
  /** The exposure that was read back last; differs from `wanted` while a change is under way. */
  readonly live: Exposure
  /** Orders writes to the router; rises with every exposure. */
  readonly epoch: number
  /** When `live` was read back. */
  readonly exposedAt: Milliseconds | null
  /** Who had the new version from when to when, oldest first, up to the rollback. */
  readonly spans: readonly ExposureSpan[]
  readonly bake: BakeClock | null
  readonly approval: ApprovalRequest | null
  readonly pause: Pause | null
  readonly abandoned: Abandonment | null
  readonly verdicts: Readonly<Record<string, Verdict>>
  readonly repairs: number
  readonly endedAt: Milliseconds | null
  readonly trail: readonly TrailEntry[]
  /** Idempotency keys of the commands taken, newest last. */
  readonly commandKeys: readonly string[]
}

/** Everything that can happen to a release. `at` is workflow time. */
export type ReleaseEvent = { readonly at: Milliseconds } & (
  | { readonly type: 'baseline-recorded'; readonly roles: PoolRoles; readonly exposure: Exposure }
  | { readonly type: 'exposure-wanted'; readonly step: number; readonly exposure: Exposure }
  | { readonly type: 'exposure-confirmed'; readonly exposure: Exposure }
  | {
      readonly type: 'bake-started'
      readonly step: number
      readonly duration: Milliseconds
      readonly isAnalysis: boolean
    }
  | { readonly type: 'bake-prolonged'; readonly by: Milliseconds; readonly reason: string }
  | { readonly type: 'bake-proven'; readonly reason: string }
  | { readonly type: 'bake-ended' }
  | { readonly type: 'approval-asked'; readonly step: number; readonly request: Omit<ApprovalRequest, 'given'> }
  | { readonly type: 'approval-ended' }
  | { readonly type: 'action-done' }
  | { readonly type: 'judged'; readonly verdicts: Readonly<Record<string, Verdict>> }
  | { readonly type: 'drift-repaired'; readonly text: string }
  | { readonly type: 'paused'; readonly cause: Pause['cause']; readonly by: string; readonly reason: string }
  | { readonly type: 'approved'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | {
      readonly type: 'resumed'
      readonly actor: Actor
      readonly key: string
      readonly reason: string
      readonly isRetry: boolean
    }
  | { readonly type: 'bake-cut-short'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | {
      readonly type: 'extended'
      readonly actor: Actor
      readonly key: string
      readonly reason: string
      readonly by: Milliseconds
    }
  | { readonly type: 'pause-commanded'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | { readonly type: 'command-seen'; readonly key: string }
  | { readonly type: 'abandoned'; readonly cause: Abandonment['cause']; readonly by: string; readonly reason: string }
  | { readonly type: 'rollback-wanted' }
  | { readonly type: 'rolled-back' }
  | { readonly type: 'promoted' }
)

/** Oldest trail entries are dropped beyond this many; Temporal's history has them all. */
const LONGEST_TRAIL = 300
const MOST_KEYS = 200
const MOST_SPANS = 500

export function beginState(releaseId: string): ReleaseState {
  return {
    releaseId,
    phase: 'starting',
    position: 0,
    step: 0,
    roles: null,
    baseline: null,
    wanted: NO_EXPOSURE,
    live: NO_EXPOSURE,
    epoch: 0,
    exposedAt: null,
    spans: [],
    bake: null,
    approval: null,
    pause: null,
    abandoned: null,
    verdicts: {},
    repairs: 0,
    endedAt: null,
    trail: [],
    commandKeys: [],
  }
}

/** True for `promoted` and `rolled-back`: nothing changes any more. */
export function isEnded(state: Pick<ReleaseState, 'phase'>): boolean {
  return state.phase === 'promoted' || state.phase === 'rolled-back'
}

/** Unpaused time of a bake up to `now`. */
export function bakeElapsed(clock: BakeClock, now: Milliseconds): Milliseconds {
  return clock.elapsed + (clock.runningSince === null ? 0 : Math.max(0, now - clock.runningSince))
}

/** What is left of a bake at `now`; 0 when it is over or a person ended it. */
export function bakeRemaining(clock: BakeClock, now: Milliseconds): Milliseconds {
  return clock.isEnded ? 0 : Math.max(0, clock.duration - bakeElapsed(clock, now))
}

/**
 * The one rule of how a release changes. Total: an event that cannot happen in a state leaves it as it is, so a
 * duplicate or late event does no harm. Terminal states absorb everything.
 */
export function reduce(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  if (isEnded(state)) return state
  const next = change(state, event)
  if (next === state) return state
  const entry: TrailEntry | null = describeEvent(event, next)
  const keys = 'key' in event ? [...state.commandKeys, event.key].slice(-MOST_KEYS) : next.commandKeys
  const trail = entry === null ? state.trail : [...state.trail, entry].slice(-LONGEST_TRAIL)
  return { ...next, trail, commandKeys: keys }
}

function change(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  const isLeaving = state.abandoned !== null
  switch (event.type) {
    case 'baseline-recorded':
      if (state.baseline !== null) return state
      return { ...state, roles: event.roles, baseline: event.exposure, wanted: event.exposure, live: event.exposure }
    case 'exposure-wanted':
      if (state.baseline === null || isLeaving || state.pause !== null) return state
      return withExposure(
        {
          ...state,
          ...{ phase: 'exposing', step: event.step, bake: null, approval: null },
          spans: closeSpan(state.spans, event.at),
        },
        event.exposure,
      )
    case 'exposure-confirmed':
      if (!isSameExposure(event.exposure, state.wanted)) return state
      return {
        ...state,
        live: event.exposure,
        exposedAt: event.at,
        spans: isLeaving ? state.spans : openSpan(state.spans, event.exposure, event.at),
      }
    case 'bake-started':
      return isLeaving || state.bake !== null ? state : startBake(state, event)
    case 'bake-prolonged':
      if (state.bake === null) return state
      return { ...state, bake: prolong(state.bake, event.by) }
    case 'bake-proven':
      return state.bake === null || isLeaving ? state : { ...state, bake: { ...state.bake, isEnded: true } }
    case 'bake-ended':
      return state.bake === null ? state : { ...state, bake: null }
    case 'approval-asked':
      if (isLeaving || state.approval !== null) return state
      return { ...state, phase: 'waiting', step: event.step, approval: { ...event.request, given: [] } }
    case 'approval-ended':
      return state.approval === null ? state : { ...state, approval: null }
    case 'action-done':
      return isLeaving ? state : { ...state, position: state.position + 1 }
    case 'judged':
      return { ...state, verdicts: event.verdicts }
    case 'drift-repaired':
      return { ...state, repairs: state.repairs + 1 }
    case 'paused':
      return pause(state, { cause: event.cause, by: event.by, reason: event.reason, at: event.at })
    case 'pause-commanded':
      return pause(state, { cause: 'command', by: event.actor.person, reason: event.reason, at: event.at })
    case 'resumed':
      if (state.pause === null || isLeaving) return state
      return { ...state, pause: null, bake: resumeClock(state.bake, event.at, event.isRetry) }
    case 'approved':
      return approve(state, event)
    case 'bake-cut-short':
      return state.bake === null || isLeaving ? state : { ...state, bake: { ...state.bake, isEnded: true } }
    case 'extended':
      return isLeaving ? state : extend(state, event.by)
    case 'command-seen':
      return { ...state }
    case 'abandoned':
      if (isLeaving) return state
      return {
        ...state,
        abandoned: { cause: event.cause, by: event.by, reason: event.reason, at: event.at },
        spans: closeSpan(state.spans, event.at),
        pause: null,
        bake: null,
        approval: null,
      }
    case 'rollback-wanted':
      if (!isLeaving) return state
      return withExposure({ ...state, phase: 'rolling-back' }, state.baseline ?? NO_EXPOSURE)
    case 'rolled-back':
      if (!isLeaving || !isSameExposure(state.live, state.baseline ?? NO_EXPOSURE)) return state
      return { ...state, phase: 'rolled-back', endedAt: event.at }
    case 'promoted':
      if (isLeaving || state.pause !== null || state.live.weight !== 10_000) return state
      return {
        ...state,
        ...{ phase: 'promoted', endedAt: event.at, bake: null, approval: null },
        spans: closeSpan(state.spans, event.at),
      }
  }
}

function withExposure(state: ReleaseState, exposure: Exposure): ReleaseState {
  return { ...state, wanted: exposure, epoch: state.epoch + 1 }
}

/** An exposure counts from when it was read back; reading the same one back again changes nothing. */
function openSpan(spans: readonly ExposureSpan[], exposure: Exposure, at: Milliseconds): readonly ExposureSpan[] {
  if (spans.at(-1)?.until === null) return spans
  return [...spans, { exposure, from: at, until: null }].slice(-MOST_SPANS)
}

function closeSpan(spans: readonly ExposureSpan[], at: Milliseconds): readonly ExposureSpan[] {
  return spans.map((span) => (span.until === null ? { ...span, until: at } : span))
}

function startBake(state: ReleaseState, event: Extract<ReleaseEvent, { type: 'bake-started' }>): ReleaseState {
  const runningSince = state.pause === null ? event.at : null
  const clock = {
    startedAt: event.at,
    duration: event.duration,
    elapsed: 0,
    runningSince,
    prolongedBy: 0,
    isEnded: false,
  }
  return { ...state, phase: event.isAnalysis ? 'judging' : 'baking', step: event.step, bake: clock }
}

function prolong(clock: BakeClock, by: Milliseconds): BakeClock {
  return { ...clock, duration: clock.duration + by, prolongedBy: clock.prolongedBy + by }
}

function pause(state: ReleaseState, reason: Pause): ReleaseState {
  if (state.pause !== null || state.abandoned !== null) return state
  const { bake } = state
  const stopped = bake === null ? null : { ...bake, elapsed: bakeElapsed(bake, reason.at), runningSince: null }
  return { ...state, pause: reason, bake: stopped }
}

/** A retry bakes anew; a resume goes on where the clock stood. */
function resumeClock(clock: BakeClock | null, at: Milliseconds, isRetry: boolean): BakeClock | null {
  return clock === null ? null : { ...clock, ...(isRetry && { elapsed: 0, startedAt: at }), runningSince: at }
}

function approve(state: ReleaseState, event: Extract<ReleaseEvent, { type: 'approved' }>): ReleaseState {
  const { approval } = state
  const { person, entrance } = event.actor
  if (approval === null || state.abandoned !== null) return state
  if (!approval.people.includes(person) || approval.given.some((given) => given.person === person)) return state
  return { ...state, approval: { ...approval, given: [...approval.given, { person, entrance, at: event.at }] } }
}

function extend(state: ReleaseState, by: Milliseconds): ReleaseState {
  if (state.approval !== null)
    return { ...state, approval: { ...state.approval, deadline: state.approval.deadline + by } }
  if (state.bake === null) return state
  return { ...state, bake: { ...state.bake, duration: state.bake.duration + by, isEnded: false } }
}

function describeEvent(event: ReleaseEvent, next: ReleaseState): TrailEntry | null {
  const text = eventText(event, next)
  return text === null ? null : { at: event.at, event: event.type, text }
}

function eventText(event: ReleaseEvent, next: ReleaseState): string | null {
  switch (event.type) {
    case 'baseline-recorded':
      return `baseline read: stable is ${event.roles.stable}, canary is ${event.roles.canary}`
    case 'exposure-wanted':
      return `${exposureText(event.exposure)} asked for`
    case 'exposure-confirmed':
      return `${exposureText(event.exposure)} read back`
    case 'bake-prolonged':
      return `bake goes on: ${event.reason}`
    case 'bake-proven':
      return `bake ended early: ${event.reason}`
    case 'drift-repaired':
      return event.text
    case 'paused':
      return `paused: ${event.reason}`
    case 'pause-commanded':
      return `paused by ${event.actor.person}${reasonText(event.reason)}`
    case 'resumed':
      return `${event.isRetry ? 'retried' : 'resumed'} by ${event.actor.person}${reasonText(event.reason)}`
    case 'approved':
      return `approved by ${event.actor.person}${reasonText(event.reason)}, ${next.approval?.given.length ?? 0} of ${next.approval?.need ?? 0}`
    case 'bake-cut-short':
      return `bake ended by ${event.actor.person}${reasonText(event.reason)}`
    case 'extended':
      return `extended by ${event.actor.person}${reasonText(event.reason)}`
    case 'abandoned':
      return `rolling back: ${event.reason}`
    case 'rolled-back':
      return 'rolled back and read back'
    case 'promoted':
      return 'promoted'
    case 'bake-started':
    case 'bake-ended':
    case 'approval-asked':
    case 'approval-ended':
    case 'action-done':
    case 'judged':
    case 'command-seen':
    case 'rollback-wanted':
      return null
  }
}

function reasonText(reason: string): string {
  return reason === '' ? '' : ` (${reason})`
}

/** `5%` or `5% and cohorts beta, internal`. */
export function exposureText(exposure: Exposure): string {
  const weight = `${Number((exposure.weight / 100).toFixed(2))}%`
  return exposure.cohorts.length === 0 ? weight : `${weight} and ${exposure.cohorts.join(', ')}`
}
