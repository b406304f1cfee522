import type { GuardInput, GuardOutcome, GuardState } from '../domain/guard.ts'
import type { Exposure, Fence, PoolRoles } from '../domain/exposure.ts'
import type { ReleaseCard } from '../domain/release-card.ts'
import type { TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'

export interface ExposeInput {
  readonly target: TargetId
  readonly releaseId: string
  readonly roles: PoolRoles
  readonly exposure: Exposure
  readonly fence: Fence
}

/** What was read back from the live router. */
export interface ExposeResult {
  readonly exposure: Exposure
  /** When it was read back, by the server's clock as far as the worker knows it. */
  readonly at: Milliseconds
}

export interface Baseline {
  readonly roles: PoolRoles
  readonly exposure: Exposure
}

/** One message to people about a release. */
export interface Notice {
  readonly target: TargetId
  readonly releaseId: string
  /** Names the message, so that a retry is known as one. */
  readonly key: string
  readonly text: string
  readonly level: 'info' | 'warning' | 'alarm'
  /** The release as it stood when the message was written. */
  readonly card: ReleaseCard
  /** What the last message of this release was answered with, or null for the first. */
  readonly ref: string | null
}

export interface OpenRelease {
  readonly releaseId: string
  readonly number: number
}

/** Everything that workflows may ask of the outside world. Workflows import this file as types only. */
export interface Activities {
  /** Reads the router and finds which pool is stable. Fails with `router.unclear-baseline` when it is split. */
  readBaseline(target: TargetId): Promise<Baseline>
  /** Makes an exposure live: absolute, fenced, read back. Safe to repeat. */
  expose(input: ExposeInput): Promise<ExposeResult>
  /** Watches one exposure. Polls by failing with a retry delay; ends only on a verdict. */
  guard(input: GuardInput): Promise<GuardOutcome>
  /** What the running guard of a release knows now, from its heartbeat; null when it has not looked yet. */
  readGuard(releaseId: string): Promise<GuardState | null>
  /** Tells people; answers with the reference that the next message of this release is to carry. */
  tell(notice: Notice): Promise<string | null>
  /** The open release of a target and the highest number ever used, from Temporal's visibility; for lost lanes. */
  findReleases(target: TargetId): Promise<{ open: OpenRelease | null; highest: number }>
  /** Whether a release is still open. */
  isOpen(releaseId: string): Promise<boolean>
}
