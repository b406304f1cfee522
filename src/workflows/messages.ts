import { defineQuery, defineSignal, defineUpdate, type QueryDefinition } from '@temporalio/workflow'
import type { Actor } from '../domain/actor.ts'
import type { PoolRoles } from '../domain/exposure.ts'
import type { FallBack, ReturnView } from '../domain/lane/former.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import type { LaneView } from '../domain/lane/lane-view.ts'
import type { Submission } from '../domain/lane/read-submission.ts'
import type { EndReport } from '../domain/lane/running-release.ts'
import type { Pipeline } from '../domain/pipeline/pipeline.ts'
import type { PipelineCommand } from '../domain/pipeline/pipeline-commands.ts'
import type { PipelineEnd, PipelineState } from '../domain/pipeline/pipeline-state.ts'
import type { PipelineVerb } from '../domain/pipeline/pipeline-verbs.ts'
import type { OpenPipeline } from '../domain/pipeline/start-problems.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { ReadinessAnswers } from '../domain/readiness/answers.ts'
import type { ReadinessRequest } from '../domain/readiness/read-readiness.ts'
import type { Rehearsal } from '../domain/readiness/rehearsal.ts'
import type { Command } from '../domain/release/commands.ts'
import type { GuardState } from '../domain/release/guard.ts'
import type { Callback } from '../domain/release/read-callback.ts'
import type { ReleaseState } from '../domain/release/release-state.ts'
import type { CommandVerb } from '../domain/release/verbs.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'

export type { LaneView, Submission }

/** What a release is started with: plain JSON, complete, never changed afterwards. */
export interface ReleaseInput {
  readonly releaseId: string
  /** Number of the release in its lane. */
  readonly number: number
  /**
   * The turn that the lane gave it at its start: first part of every fence. Absent in releases that an older version
   * started; those end as they began, without what a turn stands for: a guard in every pause, and a lane that takes over.
   */
  readonly turn?: number
  /** Goes into a new run only once its messages are told; absent in releases that an older version started. */
  readonly goesOnTelling?: true
  /** Ends only once its lane has heard what it asks; absent in releases that an older version started. */
  readonly asksUntilHeard?: true
  /** A way back that only gives is a person's to decide; absent in releases that an older version started. */
  readonly asksToGoBack?: true
  /** The pools as the lane knows them, or null when it does not. */
  readonly rest?: PoolRoles | null
  /** The newer version that was promoted while this release waited, or null: then a person is to say whether to go on. */
  readonly overtakenBy?: string | null
  readonly target: TargetId
  readonly version: string
  /** What the lane had promoted last when it started this release; null or absent when nobody knows. */
  readonly replaces?: string | null
  readonly author: Actor
  readonly reason: string
  readonly plan: Plan
  /** SHA-256 of the plan as JSON, hexadecimal; approvals are bound to it. */
  readonly planHash: string
  readonly startedAt: Instant
  /** Present when the release goes on in a new run: all it knew. */
  readonly carried?: CarriedRelease
  /** Events after which a run hands over to a new one; the server's suggestion counts as well. */
  readonly longestHistory?: number
}

interface CarriedRelease {
  readonly state: ReleaseState
  readonly guard: GuardState | null
  readonly messageRef: string | null
}

/** How a release ended: its result, and what it reports to its lane. */
export interface ReleaseResult extends EndReport {
  readonly reason: string
}

/**
 * How long a worker may take over one step of a workflow. A worker that is frozen takes its step with it, and the abort
 * that it held waits this long before another worker gets it.
 */
export const WORKFLOW_TASK_TIMEOUT = '2s' as const

/** Goes with a question to a workflow that has closed: it is answered whatever has come in last, since nothing follows from it. */
export const CLOSED = 'closed'

/** How a worker answers a question that it cannot answer before the next step of the workflow. */
export const UNSTARTED_STEP = 'something has come in that no step of the workflow has seen yet: ask again'

/** What a release answers when it is asked how it stands. */
interface ReleaseView {
  readonly input: Omit<ReleaseInput, 'carried'>
  readonly state: ReleaseState
}

/** What a command answers once it took effect. */
export interface CommandAnswer {
  readonly releaseId: string
  readonly phase: ReleaseState['phase']
  readonly text: string
}

/** What is asked of a workflow. */
export type Question<T> = QueryDefinition<T, [of?: typeof CLOSED]>

const question = <T>(name: string): Question<T> => defineQuery(name)

export const viewQuery = question<ReleaseView>('view')

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

/** The callback of a call that this release has asked for; answers whether it was new. */
export const callbackUpdate = defineUpdate<{ readonly isRepeat: boolean }, [Callback]>('callback')

/** A lane's request that the release makes way for another; answered by a rollback. */
export const supersedeSignal = defineSignal<[{ readonly actor: Actor; readonly reason: string }]>('supersede')

/** The lane's word to a release that has ended and still watches: its time is over. */
export const watchEndsSignal = defineSignal<[{ readonly reason: string }]>('watchEnds')

/** The second door of an abort, which no limit on updates closes: taken when it fits, else ignored without an answer. */
export const abortSignal = defineSignal<[Command]>('abort')

export interface SubmissionAnswer {
  readonly releaseId: string
  readonly placed: 'started' | 'queued'
  /** Releases that go first; 0 when started. */
  readonly ahead: number
  /** Present when it is a return to the version before. */
  readonly returns?: ReturnView
}

export const submitUpdate = defineUpdate<SubmissionAnswer, [Submission]>('submit')
export const freezeUpdate = defineUpdate<LaneView, [{ reason: string; by: string }]>('freeze')
export const unfreezeUpdate = defineUpdate<LaneView, [{ by: string }]>('unfreeze')
/** Lifts the veto of a version that was rolled back. */
export const allowUpdate = defineUpdate<LaneView, [{ version: string; by: string; reason: string }]>('allow')
/** Keeps the target on what it has until it is unpinned. */
export const pinUpdate = defineUpdate<LaneView, [{ version?: string; by: string; reason: string }]>('pin')
export const unpinUpdate = defineUpdate<LaneView, [{ by: string }]>('unpin')
/** Returns to the version before, whose pool is kept: a way back, which no freeze holds. */
export const backUpdate = defineUpdate<SubmissionAnswer, [{ actor: Actor; reason: string; key: string }]>('back')
/** A release that still watches what it promoted asks for the way back. */
export const fallBackSignal = defineSignal<[FallBack]>('fallBack')
/** Takes a release that waits out of the queue. */
export const withdrawUpdate = defineUpdate<LaneView, [{ releaseId: string; by: string; reason: string }]>('withdraw')
/** Brings the router back to rest, or to the named one of the target's pools, whoever had it in hand. */
export const recoverUpdate = defineUpdate<
  LaneView,
  [{ by: string; reason: string; stable?: string; pools?: readonly string[] }]
>('recover')
/** Whether a release of a plan could begin here. */
export const readyUpdate = defineUpdate<ReadinessAnswers, [ReadinessRequest]>('ready')
/** Keeps what a rehearsal of a plan has shown; answers how many are kept. */
export const rehearsedUpdate = defineUpdate<{ readonly kept: number }, [Rehearsal]>('rehearsed')
export const laneQuery = question<LaneView>('lane')
/** All that a lane knows: for the lane that takes its place when it is lost. */
export const laneStateQuery = question<LaneState<Submission>>('laneState')
export const releaseEndedSignal = defineSignal<[ReleaseResult]>('releaseEnded')

/** What a pipeline is started with: plain JSON, complete, never changed afterwards. */
export interface PipelineInput {
  readonly pipelineId: string
  readonly pipeline: Pipeline
  /** By service. */
  readonly versions: Readonly<Record<string, string>>
  /** Its stages are started in this name. */
  readonly author: Actor
  readonly reason: string
  /** What it was asked for with, to tell a repetition from another request. */
  readonly key: string
  readonly startedAt: Instant
  /** People are told by one message that follows it; absent in pipelines that an older version started: a line for each event. */
  readonly keepsMessage?: true
  /** A stage is looked at once more when its soak ends; absent in pipelines that an older version started. */
  readonly looksLast?: true
  /** What an earlier run knew; absent when the pipeline begins. */
  readonly carried?: PipelineState
  /** What the last message of an earlier run was answered with. */
  readonly messageRef?: string | null
  /** Events after which a run hands over to a new one; the server's suggestion counts as well. */
  readonly longestHistory?: number
}

export interface PipelineResult {
  readonly pipelineId: string
  readonly outcome: PipelineEnd
}

/** `known`: it was started before. `held`: another one that is open has some of its targets, and nothing was started. */
export type PipelineStart = { readonly kind: 'begun' | 'known' } | { readonly kind: 'held'; readonly by: OpenPipeline }

export const startPipelineUpdate = defineUpdate<PipelineStart, [PipelineInput]>('start')

/** Workflow id of the one that starts the pipelines of an installation, which is known by its task queue. */
export const pipelineStartsId = (taskQueue: string) => `pipeline-starts/${taskQueue}`

interface PipelineView {
  readonly input: Omit<PipelineInput, 'carried'>
  readonly state: PipelineState
}

export const pipelineQuery = question<PipelineView>('pipeline')

/** What a command to a pipeline answers once it took effect. */
export interface PipelineAnswer {
  readonly pipelineId: string
  readonly phase: string
  readonly text: string
}

const pipelineCommand = (verb: PipelineVerb) => defineUpdate<PipelineAnswer, [PipelineCommand], PipelineVerb>(verb)

export const pipelineUpdates = {
  approve: pipelineCommand('approve'),
  reject: pipelineCommand('reject'),
  pause: pipelineCommand('pause'),
  resume: pipelineCommand('resume'),
  abort: pipelineCommand('abort'),
} as const satisfies Record<PipelineVerb, unknown>
