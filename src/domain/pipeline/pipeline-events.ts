import type { Actor } from '../actor.ts'
import type { ApprovalRequest } from '../release/release-events.ts'
import type { Instant } from '../units.ts'

/** Why a pipeline stands still until a person says that it goes on. */
export type HoldCause = 'command' | 'refused' | 'approval-expired' | 'gate-refused' | 'stage-failed'

/** What a release is asked for its pipeline. */
export type StageVerb = 'pause' | 'resume' | 'abort'

/** What happens to a pipeline, before it has its time. */
export type NewPipelineEvent =
  | { readonly type: 'approval-asked'; readonly stage: string; readonly request: Omit<ApprovalRequest, 'given'> }
  | {
      readonly type: 'approved'
      readonly stage: string
      readonly actor: Actor
      readonly key: string
      readonly reason: string
    }
  | { readonly type: 'approval-expired'; readonly stage: string; readonly reason: string }
  | {
      readonly type: 'gate-waits'
      readonly stage: string
      readonly reason: string
      /** When its window opens, or until when its yes is waited for. */
      readonly opensAt: Instant | null
      readonly due?: Instant
      /** How urgently people are told; null where they know that it waits. */
      readonly told: 'info' | 'alarm' | null
    }
  /** Its gate has not opened, and stays closed until a person says that it is asked again. */
  | { readonly type: 'gate-refused'; readonly stage: string; readonly reason: string }
  /** `text`: what its gate said. */
  | { readonly type: 'stage-begun'; readonly stage: string; readonly text?: string }
  | { readonly type: 'release-started'; readonly stage: string; readonly releaseId: string }
  /** Its lane, or the installation, does not take the release. */
  | { readonly type: 'release-refused'; readonly stage: string; readonly reason: string }
  /** The release has heard what the pipeline asks of it; `refusal`: why it does not do it. */
  | {
      readonly type: 'release-told'
      readonly stage: string
      readonly verb: StageVerb
      readonly isTaken: boolean
      readonly refusal?: string
    }
  /** A release that had not begun has left the queue, because the pipeline is paused. */
  | { readonly type: 'release-withdrawn'; readonly stage: string }
  | { readonly type: 'stage-promoted'; readonly stage: string; readonly soakUntil: Instant }
  | { readonly type: 'stage-done'; readonly stage: string }
  /** Its release did not end well, its approval was refused, or it has lost the version since. */
  | { readonly type: 'stage-failed'; readonly stage: string; readonly reason: string; readonly mayHaveVersion?: true }
  | { readonly type: 'return-begun'; readonly stage: string }
  | { readonly type: 'return-started'; readonly stage: string; readonly releaseId: string }
  | { readonly type: 'return-waits'; readonly stage: string; readonly reason: string }
  | {
      readonly type: 'stage-returned'
      readonly stage: string
      readonly reason: string | null
      /** True while the version before is looked at yet, by the release that went back to it. */
      readonly isWatched?: true
    }
  /** The version before is looked at yet, or that look is paused. */
  | { readonly type: 'return-stands'; readonly stage: string; readonly reason: string; readonly isPaused: boolean }
  | { readonly type: 'return-held'; readonly stage: string }
  /** Nobody but a person can take the version back there. */
  | { readonly type: 'return-refused'; readonly stage: string; readonly reason: string }
  | { readonly type: 'paused'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | { readonly type: 'resumed'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | {
      readonly type: 'given-up'
      readonly cause: 'abort' | 'cancelled'
      readonly actor: Actor
      readonly reason: string
      readonly key?: string
    }
  | {
      readonly type: 'rejected'
      readonly stage: string
      readonly actor: Actor
      readonly key: string
      readonly reason: string
    }
  /** It was given up in a second life: what had begun in the first is known to the lanes only. */
  | { readonly type: 'first-life-doubted' }
  | { readonly type: 'ended' }

export type PipelineEvent = NewPipelineEvent & { readonly at: Instant }
