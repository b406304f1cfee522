import { theFreezes, utcText } from '../calendar/window-rule.ts'
import { confirmers, exposureText } from '../exposure-words.ts'
import { readinessText } from '../readiness/answers.ts'
import { formatDuration } from '../units.ts'
import { isUndoWorthTelling } from './hooks.ts'
import { wouldWords } from './ledger.ts'
import type { HookEvent, ReleaseEvent } from './release-events.ts'
import { type ReleaseState, type TrailEntry, wasExposed } from './release-state.ts'

/** The line that an event leaves in the story, or null for one that people do not want to read about. */
export function tellEvent(event: ReleaseEvent, next: ReleaseState): TrailEntry | null {
  const text = eventText(event, next)
  return text === null ? null : { at: event.at, event: event.type, text }
}

function eventText(event: ReleaseEvent, next: ReleaseState): string | null {
  switch (event.type) {
    case 'baseline-recorded':
      if (event.exposure.byFlags === true) return `baseline read: ${exposureText(event.exposure)}`
      return `baseline read: stable is ${event.roles.stable}, canary is ${event.roles.canary}`
    case 'exposure-wanted':
      return `${exposureText(event.exposure)} requested`
    case 'exposure-confirmed':
      return `${exposureText(event.exposure)} confirmed by ${confirmers(event.exposure)}`
    case 'flag-failed':
      return `flag ${event.flag} goes off and stays off: ${event.reason}`
    case 'flags-wanted':
      return `${exposureText(next.wanted)} requested`
    case 'exposure-withdrawn':
      return `${exposureText(next.wanted)} stays`
    case 'router-taken':
      return event.text
    case 'bake-prolonged':
      return `bake extended by ${formatDuration(event.by)}: ${event.reason}`
    case 'bake-ended':
      return event.raise === undefined ? null : `raised, ${event.raise}`
    case 'bake-proven':
      return `bake ended early: ${event.reason}`
    case 'drift-repaired':
      return event.text
    case 'check-troubled':
      return `${event.only === 'hold' ? 'held' : wouldWords(event.would)}: ${event.reason}`
    case 'check-recovered':
      if (event.isAnew === true) return `${event.check} is judged anew`
      if (event.isBlind === true) return `${event.check} has data again`
      return `${event.check} passes again${event.only === 'hold' ? ', so it no longer holds the release' : ''}`
    case 'paused':
      return `paused: ${event.reason}`
    case 'pause-commanded':
      return `paused by ${event.actor.person}${reasonText(event.reason)}`
    case 'resumed':
      return `${event.isRetry ? 'retried' : 'resumed'} by ${event.actor.person}${reasonText(event.reason)}`
    case 'approved':
      return `approved by ${event.actor.person}${reasonText(event.reason)}, ${next.approval?.given.length ?? 0} of ${next.approval?.need ?? 0}`
    case 'freeze-overridden':
      return `${theFreezes(event.freezes)} overridden by ${event.by}${reasonText(event.reason)}`
    case 'gate-waits':
      return `waits: ${event.wait.reason}`
    case 'gate-opened':
      return event.text ?? 'the window is open'
    case 'readiness-answered':
      return `readiness: ${readinessText(event.answers)}`
    case 'bake-cut-short':
      return `bake ended by ${event.actor.person}${reasonText(event.reason)}`
    case 'extended':
      return `extended by ${event.actor.person}${reasonText(event.reason)}`
    case 'abandoned':
      return `${wasExposed(next) ? 'rolling back' : 'refused'}: ${event.reason}`
    case 'rollback-failed':
      return isWorthTelling(next) ? `the rollback is not confirmed by the router yet: ${event.reason}` : null
    case 'rolled-back':
      return 'rolled back, confirmed by the router'
    case 'refused':
      return next.undos === undefined
        ? 'nothing was changed: no change was requested from the router'
        : 'nobody was exposed: no change was requested from the router'
    case 'superseded':
      return 'another release owns the router: it was left alone'
    case 'promoted':
      return 'promoted'
    case 'hook-called':
    case 'hook-begun':
    case 'hook-answered':
    case 'hook-done':
    case 'hook-failed':
    case 'undo-done':
    case 'undo-failed':
    case 'undos-left':
      return hookText(event, next)
    case 'watch-began':
      return `still watched until ${utcText(event.until)}`
    case 'watch-failed':
      return event.goesBack ? `failed, everybody is sent back: ${event.reason}` : `failed: ${event.reason}`
    case 'watch-ended':
      return `no longer watched: ${event.reason}`
    case 'gate-given-up':
    case 'bake-started':
    case 'bake-held':
    case 'approval-asked':
    case 'approval-ended':
    case 'action-done':
    case 'judged':
    case 'command-seen':
    case 'rollback-wanted':
      return null
  }
}

function hookText(event: HookEvent, next: ReleaseState): string | null {
  switch (event.type) {
    case 'hook-called':
      if (event.direction === 'undo') return null
      return `${event.call} called${event.undo === null ? '' : `; ${event.undo} undoes it on a rollback`}`
    case 'hook-begun':
      return `${event.call} has begun; its answer is due by ${utcText(event.due)}`
    case 'hook-answered':
      return null
    case 'hook-done':
      return `${event.call} done${event.text === '' ? '' : `: ${event.text}`}`
    case 'hook-failed':
      return `${event.call} failed: ${event.reason}`
    case 'undo-done':
      return `${undoneBy(event.step, next)} undone by ${event.call}${event.text === '' ? '' : `: ${event.text}`}`
    case 'undo-failed': {
      const undo = next.undos?.find(({ step }) => step === event.step)
      if (undo === undefined || !isUndoWorthTelling(undo)) return null
      return `${undo.undoes} is not undone yet, ${event.call} failed: ${event.reason}`
    }
    case 'undos-left': {
      const left = (next.undos ?? []).flatMap(({ standing, undoes }) => (standing === 'left' ? [undoes] : []))
      return `${left.join(', ')} not undone: ${event.reason}`
    }
  }
}

function undoneBy(step: number, { undos = [] }: ReleaseState): string {
  return undos.find((undo) => undo.step === step)?.undoes ?? `step ${step}`
}

/** The first tries, then fewer and fewer: a rollback that goes on for days must not push everything else out. */
export function isWorthTelling({ rollback }: Pick<ReleaseState, 'rollback'>): boolean {
  return rollback !== null && Number.isInteger(Math.log2(rollback.tries))
}

function reasonText(reason: string): string {
  return reason === '' ? '' : ` (${reason})`
}
