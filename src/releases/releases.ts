import type { Actor } from '../domain/actor.ts'
import type { Command } from '../domain/commands.ts'
import type { Plan } from '../domain/plan.ts'
import type { ReleaseCard } from '../domain/release-card.ts'
import type { TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { CommandAnswer, LaneView, SubmissionAnswer } from '../workflows/messages.ts'
import type { PastReleases } from './past-releases.ts'

/** A wish for a release with a plan that has been read and found valid. */
export interface StartRequest {
  readonly plan: Plan
  readonly version: string
  readonly author: Actor
  readonly reason: string
  /** The same key with the same plan and version answers with the same release. */
  readonly key: string
  readonly whenBusy: 'reject' | 'queue' | 'replace'
  /** Events after which the release goes on in a new run; the server's own suggestion counts as well. */
  readonly longestHistory?: number
}

/** A command as an entrance hands it on; the same as the release takes. */
export type CommandRequest = Command

export interface ListFilter {
  readonly service?: string
  readonly environment?: string
  /** A phase of `SluicePhase`, such as `baking` or `paused`; `open` and `closed` stand for all of their kind. */
  readonly phase?: string
}

/** One release in a list, as Temporal's visibility knows it: a little behind, cheap to page. */
export interface ReleaseRow {
  readonly releaseId: string
  readonly service: string
  readonly environment: string
  readonly version: string
  readonly phase: string
  readonly weight: number
  readonly verdict: string
  readonly startedAt: Milliseconds
  readonly endedAt: Milliseconds | null
}

export interface ReleasePage {
  readonly releases: readonly ReleaseRow[]
  /** Hand it back for the next page; null on the last one. */
  readonly next: string | null
}

/**
 * The one door to releases, used by HTTP, Slack and the demo. Every method throws `SluiceError` with a code of the table
 * in `domain/error-codes.ts`, never a Temporal error; `temporal.unavailable` when the server does not answer in time.
 */
export interface Releases {
  start(request: StartRequest): Promise<SubmissionAnswer>
  command(request: CommandRequest): Promise<CommandAnswer>
  /** @throws SluiceError `release.unknown` */
  show(releaseId: string): Promise<ReleaseCard>
  list(filter: ListFilter, page: { readonly size: number; readonly next: string | null }): Promise<ReleasePage>
  /** Releases of a target that have ended since then, newest first, at most so many. */
  past(target: TargetId, since: Milliseconds, most: number): Promise<PastReleases>
  /** A lane nobody has used yet answers as an empty one. */
  lane(target: TargetId): Promise<LaneView>
  freeze(target: TargetId, by: string, reason: string): Promise<LaneView>
  unfreeze(target: TargetId, by: string): Promise<LaneView>
  /** Takes a waiting release out of the queue. */
  withdraw(target: TargetId, wish: { releaseId: string; by: string; reason: string }): Promise<LaneView>
  /** Brings the router back to rest, or everybody to the named pool, whoever had it in hand. */
  recover(target: TargetId, wish: { by: string; reason: string; stable?: string }): Promise<LaneView>
  /** Resolves when Temporal answers. */
  ping(): Promise<void>
}
