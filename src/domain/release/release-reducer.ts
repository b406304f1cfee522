import { type Exposure, isSameExposure, NO_EXPOSURE, wayBack, withFlags, withoutFlags } from '../exposure.ts'
import { FULL_WEIGHT, type Instant, type Milliseconds } from '../units.ts'
import { bakeElapsed, prolong, resumeClock } from './bake-clock.ts'
import { closeSpan, openSpan, reopenSpan } from './exposure-spans.ts'
import { withoutFailed } from './failed-flags.ts'
import { changeHooks } from './hook-changes.ts'
import { hasOpenUndo } from './hooks.ts'
import { type LedgerEntry, withEntry, withoutOpen } from './ledger.ts'
import { isWorse } from './pauses.ts'
import type { Pause, ReleaseEvent } from './release-events.ts'
import { isEnded, isWatching, type ReleaseState, wasExposed } from './release-state.ts'
import { tellEvent } from './release-story.ts'

/** Oldest trail entries are dropped beyond this many; Temporal's history has them all. */
const LONGEST_TRAIL = 300
const MOST_KEYS = 200

/**
 * The one rule of how a release changes. Total: an event that cannot happen in a state leaves it as it is, so a
 * duplicate or late event does no harm. Terminal states absorb everything.
 */
export function reduce(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  if (isEnded(state) && !isOfWatch(state, event)) return state
  const next = change(state, event)
  if (next === state) return state
  const entry = tellEvent(event, next)
  const keys = 'key' in event ? [...state.commandKeys, event.key].slice(-MOST_KEYS) : next.commandKeys
  const trail = entry === null ? state.trail : [...state.trail, entry].slice(-LONGEST_TRAIL)
  return { ...next, trail, commandKeys: keys }
}

/** What may still change a release that has ended: the watch after its promotion, and what that sees. */
function isOfWatch(state: ReleaseState, { type }: ReleaseEvent): boolean {
  if (type === 'watch-began') return true
  return isWatching(state) && WATCH_EVENTS.includes(type)
}

const WATCH_EVENTS: readonly ReleaseEvent['type'][] = [
  ...(['judged', 'check-troubled', 'check-recovered', 'watch-failed', 'watch-ended'] as const),
]

function change(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  const isLeaving = state.abandoned !== null
  switch (event.type) {
    case 'baseline-recorded':
      if (state.baseline !== null) return state
      return withBaseline(state, event)
    case 'exposure-wanted':
      if (state.baseline === null || isLeaving || state.pause !== null) return state
      return withExposure(
        {
          ...state,
          ...{ phase: 'exposing', step: event.step, bake: null, approval: null, isSplitSettled: false },
          ...(state.raise !== undefined && { raise: null }),
          spans: closeSpan(state.spans, event.at),
        },
        event.exposure,
      )
    case 'flag-failed':
      return isLeaving ? state : { ...state, flagsOff: [...new Set([...(state.flagsOff ?? []), event.flag])] }
    case 'flags-wanted':
      return isLeaving || !wasExposed(state) ? state : withFailedFlagsOff(state, event.at)
    case 'exposure-withdrawn':
      if (isLeaving || !wasExposed(state)) return state
      return withdraw(state, event.at)
    case 'router-taken':
      return state.baseline === null ? state : takeRouter(state, event)
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
      return { ...state, bake: prolong(state.bake, event) }
    case 'bake-held':
      return state.bake === null ? state : { ...state, bake: { ...state.bake, held: event.held } }
    case 'bake-proven':
      return state.bake === null || isLeaving ? state : { ...state, bake: { ...state.bake, isEnded: true } }
    case 'bake-ended':
      return state.bake === null
        ? state
        : { ...state, bake: null, ...(event.raise !== undefined && { raise: event.raise }) }
    case 'approval-asked':
      if (isLeaving || state.approval !== null) return state
      return { ...state, phase: 'waiting', step: event.step, approval: { ...event.request, given: [] } }
    case 'approval-ended':
      return state.approval === null ? state : { ...state, approval: null }
    case 'freeze-overridden':
      return { ...state }
    case 'gate-waits':
      return isLeaving ? state : { ...state, phase: 'waiting', step: event.step, gate: event.wait }
    case 'gate-opened':
      if ((state.gate ?? null) === null) return event.text === undefined ? state : { ...state }
      return { ...state, gate: null }
    case 'readiness-answered':
      return { ...state, readiness: event.answers }
    case 'gate-given-up':
      return (state.gate ?? null) === null ? state : { ...state, gate: null }
    case 'hook-called':
    case 'hook-begun':
    case 'hook-answered':
    case 'hook-done':
    case 'hook-failed':
    case 'undo-done':
    case 'undo-failed':
    case 'undos-left':
      return changeHooks(state, event)
    case 'action-done':
      return isLeaving ? state : { ...state, position: state.position + 1 }
    case 'judged':
      return { ...state, verdicts: event.verdicts, notices: event.notices ?? [] }
    case 'drift-repaired':
      return { ...state, repairs: state.repairs + 1 }
    case 'check-troubled':
      return { ...state, ledger: withEntry(state.ledger ?? [], entryOf(event, state.step)) }
    case 'check-recovered':
      return { ...state, ledger: withoutOpen(state.ledger ?? [], event.check, event.at, event.isBlind) }
    case 'paused': {
      const { type: _, ...reason } = event
      return pause(state, reason)
    }
    case 'pause-commanded':
      return pause(state, {
        ...{ cause: 'command', by: event.actor.person, at: event.at },
        reason: event.reason === '' ? `pause by ${event.actor.person}` : event.reason,
      })
    case 'resumed':
      if (state.pause === null || isLeaving) return state
      return {
        ...state,
        ...{ pause: null, resumedAt: event.at, bake: resumeClock(state.bake, event.at, event.isRetry) },
        isSplitSettled: state.isSplitSettled || state.pause.cause === 'split',
      }
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
        ...((state.gate ?? null) !== null && { gate: null }),
        pause: null,
        bake: null,
        approval: null,
      }
    case 'rollback-wanted':
      if (!isLeaving || state.baseline === null) return state
      return withExposure({ ...state, phase: 'rolling-back' }, backOf(state, state.baseline))
    case 'rollback-failed':
      if (!isLeaving) return state
      return {
        ...state,
        rollback: {
          tries: (state.rollback?.tries ?? 0) + 1,
          lastError: event.reason,
          since: state.rollback?.since ?? event.at,
        },
      }
    case 'rolled-back':
      if (!isLeaving || !wasExposed(state) || !isAtBaseline(state) || hasOpenUndo(state)) return state
      return { ...state, phase: 'rolled-back', endedAt: event.at }
    case 'refused':
      if (!isLeaving || wasExposed(state) || hasOpenUndo(state)) return state
      return { ...state, phase: 'refused', endedAt: event.at }
    case 'superseded':
      return isLeaving ? { ...state, phase: 'superseded', endedAt: event.at } : state
    case 'promoted':
      if (isLeaving || state.pause !== null || !hasArrived(state.live)) return state
      if (!isSameExposure(state.live, withoutFailed(state.live, state))) return state
      return {
        ...state,
        ...{ phase: 'promoted', endedAt: event.at, bake: null, approval: null },
        spans: closeSpan(state.spans, event.at),
      }
    case 'watch-began':
      if (state.phase !== 'promoted' || state.watching !== undefined) return state
      return { ...state, watching: { until: event.until, ended: null, told: [] } }
    case 'watch-failed':
    case 'watch-ended':
      return changeWatch(state, event)
  }
}

/** Everybody has the new version; what flags alone were to come to, the plan has said. */
function hasArrived({ weight, byFlags }: Exposure): boolean {
  return byFlags === true || weight === FULL_WEIGHT
}

/** A failure that sends everybody back ends the watch; any other is told and the watch goes on. */
function changeWatch(
  state: ReleaseState,
  event: Extract<ReleaseEvent, { type: 'watch-failed' | 'watch-ended' }>,
): ReleaseState {
  const { watching } = state
  if (watching === undefined || watching.ended !== null) return state
  if (event.type === 'watch-ended') return { ...state, watching: { ...watching, ended: event.reason } }
  const told = [...new Set([...watching.told, event.check])]
  return { ...state, watching: { ...watching, told, ended: event.goesBack ? event.reason : null } }
}

/** What its flags were is kept; the release has set none of them yet. */
function withBaseline(
  state: ReleaseState,
  { roles, exposure }: Extract<ReleaseEvent, { type: 'baseline-recorded' }>,
): ReleaseState {
  const routing = withoutFlags(exposure)
  return { ...state, roles, baseline: exposure, wanted: routing, live: routing }
}

/** A release that has lived before does not know which flags it had set: it takes all of them back. */
function backOf({ abandoned, wanted }: ReleaseState, baseline: Exposure): Exposure {
  return abandoned?.cause === 'second-life' ? baseline : wayBack(baseline, wanted)
}

/** What is live, without the flags that failed; nothing else of the release changes with it. */
function withFailedFlagsOff(state: ReleaseState, at: Instant): ReleaseState {
  const exposure = withoutFailed(state.live, state)
  if (isSameExposure(state.live, exposure)) return state
  return withExposure({ ...state, spans: closeSpan(state.spans, at) }, exposure)
}

/**
 * What was live stays. Of a flag that the wish would have set for the first time nobody knows what it is now: it is what it was
 * at the start, which the guard sees to and a way back reads back.
 */
function withdraw(state: ReleaseState, at: Instant): ReleaseState {
  const { flags } = wayBack(state.baseline ?? NO_EXPOSURE, state.wanted)
  const live = withFlags(state.live, { ...flags, ...state.live.flags })
  return { ...withExposure({ ...state, live }, live), spans: reopenSpan({ ...state, live }, at) }
}

function entryOf(event: Extract<ReleaseEvent, { type: 'check-troubled' }>, step: number): LedgerEntry {
  const { check, only, since, reason, would, isBlind } = event
  return { check, only, since, until: null, reason, would, step, ...(isBlind === true && { isBlind }) }
}

function isAtBaseline({ live, wanted, baseline }: ReleaseState): boolean {
  const target = wayBack(baseline ?? NO_EXPOSURE, wanted)
  return isSameExposure(live, target) && isSameExposure(wanted, target)
}

/** A fence is only ever raised: a turn that is taken over, or an epoch that another life of this release had reached. */
function takeRouter(state: ReleaseState, { fence }: Extract<ReleaseEvent, { type: 'router-taken' }>): ReleaseState {
  const turn = Math.max(state.turn ?? 0, fence.release)
  return { ...state, turn, epoch: Math.max(state.epoch, fence.epoch) }
}

function withExposure(state: ReleaseState, exposure: Exposure): ReleaseState {
  return { ...state, wanted: exposure, epoch: state.epoch + 1 }
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
    held: 0,
  }
  return { ...state, phase: event.isAnalysis ? 'judging' : 'baking', step: event.step, bake: clock }
}

function pause(state: ReleaseState, reason: Pause): ReleaseState {
  if (state.abandoned !== null) return state
  if (state.pause !== null) return isWorse(reason, state.pause) ? { ...state, pause: reason } : state
  const { bake } = state
  const stopped = bake === null ? null : { ...bake, elapsed: bakeElapsed(bake, reason.at), runningSince: null }
  return { ...state, pause: reason, bake: stopped }
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
