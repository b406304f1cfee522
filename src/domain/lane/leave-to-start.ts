import type { Abandonment } from '../release/release-events.ts'
import type { ReleaseEnd } from '../release/release-state.ts'
import type { Instant } from '../units.ts'

/** A version that is not to be started again on this target, because it was rolled back for what was seen of it. */
export interface Veto {
  readonly version: string
  readonly releaseId: string
  readonly cause: Abandonment['cause']
  /** The sentence of the check that failed. */
  readonly reason: string
  readonly at: Instant
}

/** A person's word that the target stays on what it has. */
export interface Pin {
  /** The version it stays on; null when nobody knows it. */
  readonly version: string | null
  readonly reason: string
  readonly by: string
  readonly at: Instant
}

/** What keeps versions from a target beside the freeze; absent in lanes of an older version: nothing. */
export interface LeaveState {
  readonly vetoes?: readonly Veto[]
  readonly pin?: Pin | null
}

/** The oldest go first: a target sees few versions that were rolled back and come back later than so many others. */
const MOST_VETOES = 50

/**
 * Rolled back for what was seen of the version: a check or the floor. A person who aborts or rejects has reasons that may
 * be over tomorrow, and missing data says nothing of a version.
 */
const OF_THE_VERSION: readonly Abandonment['cause'][] = ['failed-check', 'floor']

/** How a release ended, as far as its version is to be judged by it. */
interface EndOfVersion {
  readonly releaseId: string
  readonly outcome: ReleaseEnd
  readonly version: string
  readonly reason?: string
  readonly cause?: Abandonment['cause']
}

/** The vetoes after a release: one more for what was seen of its version, none any more for a version that was promoted. */
export function vetoesAfter(
  vetoes: readonly Veto[],
  { releaseId, outcome, version, reason = '', cause }: EndOfVersion,
  at: Instant,
): readonly Veto[] {
  if (outcome === 'promoted') return lifted(vetoes, version)
  if (outcome !== 'rolled-back' || cause === undefined || !OF_THE_VERSION.includes(cause)) return vetoes
  return [...lifted(vetoes, version), { version, releaseId, cause, reason, at }].slice(-MOST_VETOES)
}

/** The vetoes without that of this version. */
export function lifted(vetoes: readonly Veto[], version: string): readonly Veto[] {
  return vetoes.some((veto) => veto.version === version) ? vetoes.filter((veto) => veto.version !== version) : vetoes
}

/** The veto of this version, or null. */
export function vetoOf({ vetoes = [] }: LeaveState, version: string): Veto | null {
  return vetoes.find((veto) => veto.version === version) ?? null
}

/** Why a target cannot be pinned to this version (null: to what it has) now, or null when it can. */
export function pinProblem(
  { running, promotedVersion }: { readonly running: object | null; readonly promotedVersion: string | null },
  version: string | null,
): { readonly message: string; readonly fix: string } | null {
  if (running !== null)
    return { message: 'a release is running on this target', fix: 'wait for its end, or abort it first' }
  if (version === null || promotedVersion === null || version === promotedVersion) return null
  const fix = `pin it to ${promotedVersion}, or release ${version} first`
  return { message: `this target is on ${promotedVersion}, not on ${version}`, fix }
}
