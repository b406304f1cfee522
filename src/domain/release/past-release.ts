import type { Exposure, ExposureSpan, PoolRoles } from '../exposure.ts'
import type { ArmCounts, MetricResult } from '../observation.ts'
import type { Instant } from '../units.ts'
import type { LedgerEntry } from './ledger.ts'
import type { Abandonment } from './release-events.ts'
import { isEnded, type ReleaseState } from './release-state.ts'

/** A release that has ended, as far as its metrics are to be looked at once more. Plain JSON. */
export interface PastRelease {
  readonly releaseId: string
  readonly version: string
  /** The version it was to replace; null when nobody knew it. */
  readonly replaces: string | null
  readonly outcome: 'promoted' | 'rolled-back'
  /** Why and when it was rolled back; null when it was promoted. */
  readonly abandoned: Pick<Abandonment, 'cause' | 'by' | 'at'> | null
  readonly roles: PoolRoles
  /** Checks that only warned, and each time one would have failed the release; absent where there was none. */
  readonly warned?: {
    readonly checks: readonly string[]
    /** Checks whose missing data only warned; absent in recordings of an older version. */
    readonly blind?: readonly string[]
    readonly entries: readonly Pick<LedgerEntry, 'check' | 'since' | 'reason' | 'would' | 'isBlind'>[]
  }
  /** At least one; each has ended. */
  readonly spans: readonly (ExposureSpan & { readonly until: Instant })[]
}

/** What both pools did in one stretch of a past release; null where the store has nothing of a pool. */
export interface RecordedPair {
  readonly start: Instant
  readonly end: Instant
  readonly canary: ArmCounts | null
  readonly stable: ArmCounts | null
}

/** A past release with what its metric sources have kept of it, by source name. */
export interface RecordedRelease extends PastRelease {
  readonly windows: Readonly<Record<string, MetricResult<readonly RecordedPair[]>>>
}

/** The past release that ended in this state, or null when it has not ended or nobody ever had the new version. */
export function pastReleaseOf(
  {
    version,
    replaces,
    warns = [],
    blind = [],
  }: Pick<PastRelease, 'version' | 'replaces'> & {
    readonly warns?: readonly string[]
    readonly blind?: readonly string[]
  },
  state: ReleaseState,
): PastRelease | null {
  const { releaseId, roles, abandoned } = state
  const spans = state.spans.flatMap(({ exposure, from, until }) =>
    until !== null && until > from ? [{ exposure: usersOf(exposure), from, until }] : [],
  )
  if (!isEnded(state) || roles === null || spans.length === 0) return null
  return {
    ...{ releaseId, version, replaces, roles, spans },
    ...(warns.length + blind.length > 0 && { warned: { checks: warns, blind, entries: warningsIn(state) } }),
    outcome: state.phase === 'promoted' ? 'promoted' : 'rolled-back',
    abandoned: abandoned === null ? null : { cause: abandoned.cause, by: abandoned.by, at: abandoned.at },
  }
}

/** A recording is about who had what is new; flags have no place in it. */
function usersOf({ flags: _flags, byFlags: _byFlags, ...users }: Exposure): Exposure {
  return users
}

function warningsIn({ ledger = [] }: ReleaseState): NonNullable<PastRelease['warned']>['entries'] {
  return ledger.flatMap(({ check, only, since, reason, would, isBlind }) =>
    only === 'warn' ? [{ check, since, reason, would, ...(isBlind === true && { isBlind }) }] : [],
  )
}
