import type { Actor } from '../domain/actor.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { ReadinessAnswers } from '../domain/readiness/answers.ts'
import type { Rehearsal } from '../domain/readiness/rehearsal.ts'
import type { Command } from '../domain/release/commands.ts'
import type { Callback } from '../domain/release/read-callback.ts'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import type { TargetId } from '../domain/target.ts'
import type { BasisPoints, Instant, Milliseconds } from '../domain/units.ts'
import type { CommandAnswer, LaneView, SubmissionAnswer } from '../workflows/messages.ts'
import type { PastReleases } from './past-releases.ts'

/** A request for a release with a plan that has been read and found valid. */
export interface StartRequest {
  readonly plan: Plan
  /** The warm-up that releases of the target were seen to need, for a plan that states none. It makes no other request of one. */
  readonly warmUp?: Milliseconds
  readonly version: string
  readonly author: Actor
  readonly reason: string
  /** The same key with the same plan and version answers with the same release. */
  readonly key: string
  readonly whenBusy: 'reject' | 'queue' | 'replace'
  /** True for a start that is a return where it asks for the version before, whose pool is kept. */
  readonly mayReturn?: boolean
}

/** A command as an entrance hands it on; the same as the release takes. */
export type CommandRequest = Command

/** Whether a release of this plan could begin. */
export interface ReadyQuestion {
  readonly plan: Plan
  /** Null where nobody says which version is to be released. */
  readonly version: string | null
  readonly author: string
}

export interface ListFilter {
  readonly service?: string
  readonly environment?: string
  /** A phase of `SluicePhase`, such as `baking` or `paused`; `queued`, with a service; `open` and `closed` for all of their kind. */
  readonly phase?: string
}

/** One release in a list, as Temporal's visibility knows it: a little behind, cheap to page. */
export interface ReleaseRow {
  readonly releaseId: string
  readonly service: string
  readonly environment: string
  readonly version: string
  readonly phase: string
  readonly weight: BasisPoints
  readonly verdict: string
  readonly startedAt: Instant
  readonly endedAt: Instant | null
}

/** So many rows, from where the page before ended or from the first. */
export interface PageRequest {
  readonly size: number
  readonly next: string | null
}

export interface ReleasePage {
  /** Newest first. On the first page of a service what waits in its lanes comes before, on top of the page's size. */
  readonly releases: readonly ReleaseRow[]
  /** Hand it back for the next page; null on the last one. */
  readonly next: string | null
}

/** Where a release waits that has not started yet. */
export interface WaitingPlace {
  /** Who goes right before it; null when nobody does. */
  readonly behind: string | null
  readonly ahead: number
  /** When it was asked for; null where an older lane has not kept it. */
  readonly since: Instant | null
  readonly isFrozen: boolean
}

/** A release as it is shown, with what only the façade knows. Absent fields: an older server. */
export interface ShownCard extends ReleaseCard {
  /** When it was read; it is handed out again for a moment, and a little longer while Temporal is slow to answer. */
  readonly asOf?: Instant
  /** Present and not null in the phase `queued`: it has no workflow yet. */
  readonly waiting?: WaitingPlace | null
}

/** What became of a command. */
export interface CommandOutcome {
  readonly releaseId: string
  /** Where the release is now; `withdrawn` when it had only waited, null when that is not known. */
  readonly phase: CommandAnswer['phase'] | 'withdrawn' | null
  readonly text: string
  /** False when Temporal has the command and the release has not carried it out yet. */
  readonly isSettled: boolean
}

/** A request that concerns a lane, with who has it and why. The same key takes effect once. */
export interface LaneRequest {
  readonly by: string
  readonly reason: string
  readonly key?: string
}

export interface RecoverRequest extends LaneRequest {
  /** The pool that is to have everybody; where the lane knows it, when absent. */
  readonly stable?: string
  /** The pools of the target, for a lane that has lost all it knew. */
  readonly pools?: readonly string[]
}

/** A person's word to return to the version before. */
export interface BackRequest {
  readonly actor: Actor
  readonly reason: string
  /** The same key answers with the same release. */
  readonly key: string
}

/**
 * The one door to releases, used by HTTP, Slack and the demo. Every method throws `SluiceError` with a code of the table
 * in `domain/error-codes.ts`, never a Temporal error. Looks throw `temporal.unavailable` when the server does not answer
 * in time; starts and commands are sent again until then, and throw `request.not-taken`, `request.unsettled` or
 * `request.too-many`.
 */
export interface Releases {
  start(request: StartRequest): Promise<SubmissionAnswer>
  /** An abort takes a waiting release out of the queue; other commands refuse it with `release.waiting`. */
  command(request: CommandRequest): Promise<CommandOutcome>
  /** Hands the callback of a call on; heard twice is heard once. @throws SluiceError `hook.unknown-key`, `release.unknown` */
  hearCallback(releaseId: string, callback: Callback): Promise<{ readonly isRepeat: boolean }>
  /** A release that waits has a card in the phase `queued`. @throws SluiceError `release.unknown` */
  show(releaseId: string): Promise<ShownCard>
  list(filter: ListFilter, page: PageRequest): Promise<ReleasePage>
  /** Releases of a target that have ended since then, newest first, at most so many. */
  past(target: TargetId, since: Instant, most: number): Promise<PastReleases>
  /** A lane nobody has used yet answers as an empty one. */
  lane(target: TargetId): Promise<LaneView>
  freeze(target: TargetId, request: LaneRequest): Promise<LaneView>
  unfreeze(target: TargetId, request: Pick<LaneRequest, 'by' | 'key'>): Promise<LaneView>
  /** Lets a version start again that was rolled back. @throws SluiceError `command.refused` when nothing keeps it away */
  allow(target: TargetId, request: LaneRequest & { readonly version: string }): Promise<LaneView>
  /** Keeps the target on what it has. @throws SluiceError `command.refused` while a release runs, or for another version */
  pin(target: TargetId, request: LaneRequest & { readonly version?: string }): Promise<LaneView>
  unpin(target: TargetId, request: Pick<LaneRequest, 'by' | 'key'>): Promise<LaneView>
  /**
   * Returns to the version before, whose pool is kept: a release of one step, in a freeze as well.
   * @throws SluiceError `command.refused` when there is nothing to go back to, or a release runs
   */
  back(target: TargetId, request: BackRequest): Promise<SubmissionAnswer>
  /** Goes through the checklist of readiness for a plan; nothing stays changed. @throws SluiceError `request.too-many` */
  ready(request: ReadyQuestion): Promise<ReadinessAnswers>
  /** Keeps what a rehearsal of the plan has shown under this configuration. */
  rehearsed(plan: Plan, rehearsal: Omit<Rehearsal, 'planHash'>): Promise<{ readonly planHash: string }>
  /** What was rehearsed for the target of a plan, oldest first, and the hash by which the plan is known there. */
  rehearsals(plan: Plan): Promise<{ readonly planHash: string; readonly rehearsals: readonly Rehearsal[] }>
  /** Takes a waiting release out of the queue. */
  withdraw(target: TargetId, request: LaneRequest & { readonly releaseId: string }): Promise<LaneView>
  /** Brings the router back to rest, or everybody to the named pool, whoever had it in hand. */
  recover(target: TargetId, request: RecoverRequest): Promise<LaneView>
  /** Resolves when Temporal answers. */
  ping(): Promise<void>
}
