import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Actor } from '../domain/actor.ts'
import type { Command, CommandVerb } from '../domain/commands.ts'
import type { GuardState } from '../domain/guard.ts'
import type { Plan } from '../domain/plan.ts'
import type { ReleaseState } from '../domain/release-state.ts'
import type { TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'

/** What a release is started with: plain JSON, complete, never changed afterwards. */
export interface ReleaseInput {
  readonly releaseId: string
  /** Number of the release in its lane; first part of every fence. */
  readonly number: number
  readonly target: TargetId
  readonly version: string
  /** What the lane had promoted last when it started this release; null or absent when nobody knows. */
  readonly replaces?: string | null
  readonly author: Actor
  readonly reason: string
  readonly plan: Plan
  /** SHA-256 of the plan as JSON, hexadecimal; approvals are bound to it. */
  readonly planHash: string
  readonly startedAt: Milliseconds
  /** Present when the release goes on in a new run: all it knew. */
  readonly carried?: CarriedRelease
  /** Events after which a run hands over to a new one; the server's suggestion counts as well. */
  readonly longestHistory?: number
}

export interface CarriedRelease {
  readonly state: ReleaseState
  readonly guard: GuardState | null
  readonly messageRef: string | null
}

export interface ReleaseResult {
  readonly releaseId: string
  readonly outcome: 'promoted' | 'rolled-back'
  readonly reason: string
}

/** What a release answers when it is asked how it stands. */
export interface ReleaseView {
  readonly input: Omit<ReleaseInput, 'carried'>
  readonly state: ReleaseState
}

/** What a command answers once it took effect. */
export interface CommandAnswer {
  readonly releaseId: string
  readonly phase: ReleaseState['phase']
  readonly text: string
}

export const viewQuery = defineQuery<ReleaseView>('view')

const command = (verb: CommandVerb) => defineUpdate<CommandAnswer, [Command], CommandVerb>(verb)

/** One update per verb, so that Temporal's own UI and CLI read well. */
export const commandUpdates = {
  approve: command('approve'),
  reject: command('reject'),
  pause: command('pause'),
  resume: command('resume'),
  promote: command('promote'),
  abort: command('abort'),
  retry: command('retry'),
  extend: command('extend'),
} as const satisfies Record<CommandVerb, unknown>

/** A lane's wish that the release makes way for another; answered by a rollback. */
export const supersedeSignal = defineSignal<[{ readonly actor: Actor; readonly reason: string }]>('supersede')

/** A wish for a release, before it has a number. */
export interface Submission {
  readonly target: TargetId
  readonly version: string
  readonly author: Actor
  readonly reason: string
  readonly plan: Plan
  readonly planHash: string
  /** Idempotency key: the same key answers with the same release. */
  readonly key: string
  readonly whenBusy: 'reject' | 'queue' | 'replace'
  readonly longestHistory?: number
}

export interface SubmissionAnswer {
  readonly releaseId: string
  readonly placed: 'started' | 'queued'
  /** Releases that go first; 0 when started. */
  readonly ahead: number
}

export interface Freeze {
  readonly reason: string
  readonly by: string
  readonly at: Milliseconds
}

/** How a lane stands. */
export interface LaneView {
  readonly target: TargetId
  readonly running: string | null
  readonly queue: readonly { readonly releaseId: string; readonly version: string; readonly author: string }[]
  readonly freeze: Freeze | null
  readonly promotedVersion: string | null
  readonly nextNumber: number
}

export const submitUpdate = defineUpdate<SubmissionAnswer, [Submission]>('submit')
export const freezeUpdate = defineUpdate<LaneView, [{ reason: string; by: string }]>('freeze')
export const unfreezeUpdate = defineUpdate<LaneView, [{ by: string }]>('unfreeze')
export const laneQuery = defineQuery<LaneView>('lane')
export const releaseEndedSignal = defineSignal<[ReleaseResult & { version: string }]>('releaseEnded')
