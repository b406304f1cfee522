import { type BasisPoints, formatDuration, formatWeight, type Instant } from '../units.ts'
import type { RollbackTries } from './release-state.ts'

/** How a phase is to be looked at: it went well, it goes or went back, a person is needed, or it moves by itself. */
type PhaseTone = 'good' | 'bad' | 'asks' | 'moving'

/** The tone of a card's phase, `paused (baking)` and `queued` among them. */
export function toneOf(phase: string): PhaseTone {
  if (phase === 'promoted' || phase === 'watching') return 'good'
  if (['rolled-back', 'rolling-back', 'refused', 'superseded', 'gone', 'failed', 'ending'].includes(phase)) return 'bad'
  return phase === 'waiting' || phase.startsWith('paused') ? 'asks' : 'moving'
}

/** `warms up for 40s`; empty when it does not, or is over. */
export function warmUpWords({ warmsUpUntil = null }: { readonly warmsUpUntil?: Instant | null }, now: Instant): string {
  const left = warmsUpUntil === null ? 0 : warmsUpUntil - now
  return left <= 0 ? '' : `warms up for ${formatDuration(Math.ceil(left / 1_000) * 1_000)}`
}

/** `25% on canary`, or `0% and copies of 10% on canary`; where no router splits the users `new-checkout 25%`. */
export function shareWords({
  weight,
  byFlags,
  flags = [],
  mirror,
}: {
  readonly weight: BasisPoints
  readonly mirror?: BasisPoints | undefined
  readonly byFlags?: true | undefined
  readonly flags?: readonly string[] | undefined
}): string {
  if (byFlags === true) return flags.join(', ') || 'no flag set'
  const copies = mirror === undefined ? '' : ` and copies of ${formatWeight(mirror)}`
  return `${formatWeight(weight)}${copies} on canary`
}

/** The phase in the words of a page: those that do not explain themselves say what they mean. */
export function phaseWords(phase: string): string {
  switch (phase) {
    case 'refused':
      return 'refused: nobody was exposed'
    case 'superseded':
      return 'superseded: another release owns the router'
    case 'watching':
      return 'promoted, and still watched'
    case 'gone':
      return 'gone: ended in Temporal, not by Sluice'
    default:
      return phase
  }
}

/**
 * True when the card's weight is what the router was last seen to show. A release that was refused has asked it for nothing,
 * and one that was superseded leaves it to another: what it shows is not theirs to say.
 */
export function saysWeight(phase: string): boolean {
  return phase !== 'refused' && phase !== 'superseded'
}

/** A rollback that has not been read back yet: how it gets on, and what was live when the router was last read. */
export type RollbackSeen = RollbackTries & { readonly live: string }

/**
 * Why a rollback is not over yet; empty when it is, or when none is tried in vain. `now` is null for what stands still once
 * it is written.
 */
export function rollbackWords(
  { rollback = null }: { readonly rollback?: RollbackSeen | null },
  now: Instant | null,
): string {
  if (rollback === null) return ''
  const { tries, lastError, since, live } = rollback
  const often = tries === 1 ? 'tried once' : `tried ${tries} times`
  const lasted = now === null ? '' : ` in ${formatDuration(Math.max(0, now - since))}`
  return `cannot reach the router: ${often}${lasted}, last: ${lastError}; ${live} on canary when it was last read`
}
