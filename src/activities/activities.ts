import type { Actor } from '../domain/actor.ts'
import type { WindowRule, WindowState } from '../domain/calendar/window-rule.ts'
import type { Exposure, Fence, PoolRoles } from '../domain/exposure.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import type { Submission } from '../domain/lane/read-submission.ts'
import type { EndReport } from '../domain/lane/running-release.ts'
import type { PipelineCard } from '../domain/pipeline/pipeline-card.ts'
import type { StageVerb } from '../domain/pipeline/pipeline-events.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { ReadinessAnswers, ReadinessItem } from '../domain/readiness/answers.ts'
import type { Rehearsal } from '../domain/readiness/rehearsal.ts'
import type { GuardInput, GuardOutcome, GuardState } from '../domain/release/guard.ts'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import type { CallOutcome, CallRequest } from '../hooks/outside.ts'
import type { ReadyQuestion, StartRequest } from '../releases/releases.ts'

export interface ExposeInput {
  readonly target: TargetId
  /** The release that asks, or the lane that does so between releases. */
  readonly releaseId: string
  readonly roles: PoolRoles
  readonly exposure: Exposure
  readonly fence: Fence
  /** `back` needs nobody's leave; absent in what an older version asked for: `forward`. */
  readonly direction?: 'forward' | 'back'
  /** The run of the lane that asks: once it has been reset in Temporal nothing of that is written any more. */
  readonly run?: string
}

/** What was read back from the live router. */
export interface ExposeResult {
  readonly exposure: Exposure
  /** When it was read back, by the server's clock as far as the worker knows it. */
  readonly at: Instant
  /** The fence that was written; above the one asked for when the router had to be taken over. */
  readonly fence: Fence
  /** The fence of the hand from which the router was taken over, or null. */
  readonly overtook: Fence | null
  /** What people should know of the router although the exposure is live, or null. */
  readonly warning: string | null
}

/** What a release expects to find. */
export interface BaselineInput {
  readonly target: TargetId
  readonly releaseId: string
  /** The first part of the release's fence. */
  readonly turn: number
  /** The pools as the lane knows them, or null when it does not. */
  readonly rest: PoolRoles | null
  /** Feature flags that its plan sets: what they are now is what a rollback returns to. None when absent. */
  readonly flags?: readonly string[]
  /** A way back: it waits for no flag store. Absent in what an older version asked for. */
  readonly isReturn?: boolean
}

export interface Baseline {
  readonly roles: PoolRoles
  readonly exposure: Exposure
  /** The fence with which a former life of this very release had written, or null: this is its first. */
  readonly formerLife?: Fence | null
}

/** What the lane's keeper is to hold while no release runs. */
export interface HoldInput {
  readonly target: TargetId
  readonly roles: PoolRoles
  readonly fence: Fence
  /** Time between two looks. */
  readonly interval: Milliseconds
  /** Why the router could not be watched when the keeper last said so, or null. */
  readonly fault: string | null
  /** When the keeper last told of a repair, or null; it does so every few minutes at most. */
  readonly toldAt: Instant | null
  /** The run of the lane that asks, as for an exposure; absent in what an older version asked for. */
  readonly run?: string
}

/** Why the keeper of a lane comes back: there is something to tell. Otherwise it goes on until it is cancelled. */
export type HoldOutcome =
  | { readonly kind: 'repaired'; readonly text: string; readonly times: number; readonly fence: Fence }
  | { readonly kind: 'faulty'; readonly text: string }
  | { readonly kind: 'well' }
  /** A release that this installation does not know has the router: it was left alone. */
  | { readonly kind: 'stranger'; readonly text: string }

export interface FollowInput {
  readonly releaseId: string
  /** How long to ask about a release that is open, in milliseconds; null: until it is closed. */
  readonly patience: Milliseconds | null
  /** True when Temporal tells the lane of the end by itself, because this run of it has started the release. */
  readonly isHeard: boolean
}

/** `ended`: its own report, from its result. `gone`: it is closed and has left none, or has never been there. */
export type FollowOutcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'ended'; readonly report: EndReport }
  | { readonly kind: 'gone' }

/** One message to people about a release or a pipeline, or about a target between releases. */
export interface Notice {
  readonly target: TargetId
  /** Or the id of the pipeline. */
  readonly releaseId: string
  /** Names the message, so that a retry is known as one. */
  readonly key: string
  readonly text: string
  readonly level: 'info' | 'warning' | 'alarm'
  /** How it stood when the message was written; null when it is the lane that speaks. */
  readonly card: ReleaseCard | PipelineCard | null
  /** What its last message was answered with, or null for the first. */
  readonly ref: string | null
  /** A channel of `sluice.yaml` in which it is said instead; absent: where the release is shown. */
  readonly to?: string
  /** What people are asked to approve: the stage of a pipeline, or a step of the release. */
  readonly asks?: string
}

export interface OpenRelease {
  readonly releaseId: string
  readonly number: number
}

export interface FoundReleases {
  /** The release that runs, or did so last as far as anybody knows; null for none. */
  readonly open: OpenRelease | null
  /** Whether that is true, as Temporal and the release itself have said; absent for none, and where an older worker has answered. */
  readonly end?: FollowOutcome
  /** The highest number that was ever used. */
  readonly highest: number
  /** What the lane before this one had known; null for none. Absent where an older worker has answered. */
  readonly lost?: LaneState<Submission> | null
}

export interface WindowsInput {
  readonly target: TargetId
  readonly rule: WindowRule
  /** The moment in question, by the workflow's clock. */
  readonly at: Instant
}

/** What the calendars say; when one cannot be read the rule counts as closed. */
export type WindowsOutcome =
  | ({ readonly kind: 'read' } & WindowState)
  | { readonly kind: 'unreadable'; readonly reason: string }

export type HookInput = CallRequest & { readonly direction: 'do' | 'undo' }

export type HookOutcome = Exclude<CallOutcome, { kind: 'unanswered' }>

/** What a release waits for that others know. */
export type OutsideQuestion = {
  /** The reason to wait that was answered last, or null. */
  readonly known: string | null
  /** How long it is asked until the last answer counts; null: until it is another one. */
  readonly patience: Milliseconds | null
} & (
  | { readonly about: 'call'; readonly request: Omit<CallRequest, 'direction'> }
  | { readonly about: 'version'; readonly request: Pick<CallRequest, 'target' | 'version' | 'roles'> }
  | { readonly about: 'readiness'; readonly request: ReadinessGateRequest }
  | { readonly about: 'stage'; readonly request: ReadyQuestion; readonly without: readonly ReadinessItem[] }
  | { readonly about: 'capacity'; readonly target: TargetId; readonly pools: readonly string[]; readonly ready: number }
)

/** Every text is a clause. */
export type OutsideAnswer =
  | { readonly kind: 'go'; readonly text: string; readonly readiness?: ReadinessAnswers }
  | {
      readonly kind: 'wait'
      readonly reason: string
      /** What the checklist was answered with; of that question alone. */
      readonly readiness?: ReadinessAnswers
      /** True when it could not be asked. */
      readonly isFault?: true
    }
  | { readonly kind: 'no'; readonly reason: string }

/** Who is to hold the router while it is asked, and what they hold: what is written is just that, with their fence. */
export interface Holder {
  /** The lane between releases, or the release that runs. */
  readonly releaseId: string
  readonly exposure: Exposure
  readonly fence: Fence
  /** The run of the lane that asks, as for an exposure; absent where a release does. */
  readonly run?: string
}

/** One question whether a release of this plan could begin. */
export interface ReadinessInput {
  readonly target: TargetId
  readonly plan: Plan
  readonly planHash: string
  /** Null where nobody said which version is to be released. */
  readonly version: string | null
  /** Who would start it: their own approval may not count. */
  readonly author: string
  readonly rehearsals: readonly Rehearsal[]
  /** The pools as the lane or the release knows them, or null when it does not. */
  readonly rest: PoolRoles | null
  /** Null while somebody else has the router in hand: then nothing is written. */
  readonly holder: Holder | null
}

/** The release of one stage, as its lane is asked for it. */
export type StageRequest = Omit<StartRequest, 'whenBusy' | 'mayReturn'>

/** `refused`: neither the lane nor the installation takes it, for a reason that a person may be able to mend. */
export type StageAnswer =
  | { readonly kind: 'started'; readonly releaseId: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** What a pipeline asks of the release of a stage. */
export interface StageOrder {
  readonly releaseId: string
  readonly verb: StageVerb
  readonly actor: Actor
  readonly reason: string
  readonly key: string
}

/** `withdrawn`: it had not begun, and a pause has taken it out of the queue. An older worker answers a refusal with `idle` alone. */
export type StageOrderOutcome = 'taken' | 'withdrawn' | { readonly refused: string } | 'idle'

/**
 * `isBack`: the release itself says that nobody has its version. `mayHaveVersion`: nobody has confirmed yet where the users
 * of the target are.
 */
export type StageEnding =
  | { readonly kind: 'promoted' }
  | { readonly kind: 'failed'; readonly reason: string; readonly isBack?: true; readonly mayHaveVersion?: true }

export interface StageWatch {
  readonly target: TargetId
  readonly version: string
  readonly releaseId: string
  /** True at the end of a soak: one look then, which answers with null where the target still has the version. */
  readonly isLast?: true
}

/** Why a target does not have a version any more. */
export type StageLoss = Pick<Extract<StageEnding, { kind: 'failed' }>, 'reason' | 'mayHaveVersion'>

export interface ReturnRequest {
  readonly target: TargetId
  readonly version: string
  /** The release that took the version there. */
  readonly releaseId: string
  readonly actor: Actor
  readonly reason: string
  readonly key: string
  /** Why it was said last that it has to wait, or null. */
  readonly known: string | null
}

/** `away`: the target does not have the version any more. `impossible`: only a person can take it back. */
export type ReturnAnswer =
  | { readonly kind: 'started'; readonly releaseId: string }
  | { readonly kind: 'waits' | 'away' | 'impossible'; readonly reason: string }

/**
 * Where a way back that has begun leads to; `waits`: it has not got there within its patience. `isWatched`: everybody is back, and
 * the version before is looked at for a while yet.
 */
export type ReturnEnding =
  | { readonly kind: 'promoted'; readonly isWatched?: true }
  | Exclude<StageEnding, { readonly kind: 'promoted' }>
  | { readonly kind: 'waits'; readonly reason: string }

/** What became of a way back that everybody has gone; `stands`: how it is by now, where that is not what is `known`. */
export type ReturnWatch = StageEnding | { readonly kind: 'stands'; readonly reason: string; readonly isPaused: boolean }

/** The checklist as a release asks it in the middle of its plan; what was rehearsed its lane knows. */
type ReadinessGateRequest = Omit<ReadinessInput, 'rehearsals'> & { readonly without: readonly ReadinessItem[] }

/** Everything that workflows may ask of the outside world. Workflows import this file as types only. */
export interface Activities {
  /**
   * Reads the router and finds which pool is stable. Fails with `router.unclear-baseline` when it is split, or when it
   * contradicts what the lane knows.
   */
  readBaseline(input: BaselineInput | TargetId): Promise<Baseline>
  /** Makes an exposure live: absolute, fenced, read back. Safe to repeat. */
  expose(input: ExposeInput): Promise<ExposeResult>
  /** Reads the windows and freezes of a rule anew. */
  readWindows(input: WindowsInput): Promise<WindowsOutcome>
  /**
   * Carries out a call of `sluice.yaml`. Safe to repeat with the same key, as far as whoever carries it out keeps to it. Fails
   * when nobody has answered for long, or when it cannot be carried out at all.
   */
  callHook(input: HookInput): Promise<HookOutcome>
  /** Asks for a yes, for a version, or for the health of pools. Polls by failing while there is nothing new to say. */
  askOutside(question: OutsideQuestion): Promise<OutsideAnswer>
  /** Asks the checklist of readiness. What is written is what the holder of the router has there already. */
  askReadiness(input: ReadinessInput): Promise<ReadinessAnswers>
  /** Watches one exposure. Polls by failing with a retry delay; ends only when there is something to say. */
  guard(input: GuardInput): Promise<GuardOutcome>
  /** Holds a router while no release runs. Polls likewise. */
  hold(input: HoldInput): Promise<HoldOutcome>
  /** Ends when the release's workflow is closed, or when patience is over. Polls likewise. */
  followRelease(input: FollowInput): Promise<FollowOutcome>
  /** Ends a release's workflow that does not answer any more. */
  stopRelease(input: { readonly releaseId: string; readonly reason: string }): Promise<void>
  /** What the running guard of a release knows now, from its heartbeat; null when it has not looked yet. */
  readGuard(releaseId: string): Promise<GuardState | null>
  /** Tells people; answers with the reference that the next message of this release is to carry. */
  tell(notice: Notice): Promise<string | null>
  /** What there is of a target for a lane that begins. */
  findReleases(target: TargetId): Promise<FoundReleases>
  /** Asks the lane of a stage for its release. Safe to repeat: the key stands for one release. */
  submitStage(request: StageRequest): Promise<StageAnswer>
  /** Hands an order of a pipeline on to the release of a stage. */
  orderStage(order: StageOrder): Promise<StageOrderOutcome>
  /** Ends when the release of a stage has ended. Polls by failing. */
  followStage(input: { readonly releaseId: string }): Promise<StageEnding>
  /** Ends when a target has lost the version that a stage has promoted there, with why. Polls likewise; the last look ends at once. */
  watchStage(input: StageWatch): Promise<StageLoss | null>
  /** Asks the lane of a stage for the way back. Polls while it has to wait and there is nothing new to say. */
  returnStage(request: ReturnRequest): Promise<ReturnAnswer>
  /** Ends when everybody has the version before, or once, with what is `known` still null, when that takes long. Polls likewise. */
  followReturn(input: { readonly releaseId: string; readonly known: string | null }): Promise<ReturnEnding>
  /**
   * Ends when the way back that everybody has gone has held, or has not: its own floor may send users forward again. Says when it is
   * paused, and when it goes on. Polls likewise.
   */
  watchReturn(input: { readonly releaseId: string; readonly known: string | null }): Promise<ReturnWatch>
  /** Whether a release or a pipeline is still open. */
  isOpen(id: string): Promise<boolean>
}
