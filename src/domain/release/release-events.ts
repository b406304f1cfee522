import type { Actor } from '../actor.ts'
import type { Exposure, Fence, PoolRoles } from '../exposure.ts'
import type { PlanConsequence } from '../plan/checks.ts'
import type { ReadinessAnswers } from '../readiness/answers.ts'
import type { Instant, Milliseconds } from '../units.ts'
import type { Verdict } from '../verdict.ts'

/** Why the plan does not go on by itself. */
export interface Pause {
  readonly cause:
    | 'command'
    | 'failed-check'
    | 'inconclusive'
    | 'router'
    | 'split'
    | 'drift'
    | 'approval-expired'
    | 'overtaken'
    | 'foreign-change'
    | 'hook'
    | 'gate'
    | 'version'
  readonly by: string
  readonly reason: string
  /** True where the plan had gone back, had that not given a feature back to somebody: a person is asked instead. */
  readonly asksToGoBack?: true
  readonly at: Instant
}

export const ABANDON_CAUSES = [
  'abort',
  'failed-check',
  'floor',
  'inconclusive',
  'rejected',
  'approval-expired',
  'cancelled',
  'router',
  'second-life',
  'superseded',
  'hook',
  'gate',
  'version',
] as const

/** Why a release is being rolled back. Once set it stays. */
export interface Abandonment {
  readonly cause: (typeof ABANDON_CAUSES)[number]
  readonly by: string
  readonly reason: string
  readonly at: Instant
}

export interface ApprovalRequest {
  readonly by: string
  readonly people: readonly string[]
  readonly need: number
  readonly notAuthor: boolean
  readonly deadline: Instant
  readonly given: readonly {
    readonly person: string
    readonly at: Instant
    readonly entrance: Actor['entrance']
  }[]
}

/** What the plan waits for that is not in its hands: a window that is closed, a call that has not said yes. */
export interface GateWait {
  /** One clause that names it and says until when, as far as that is known. */
  readonly reason: string
  /** When it opens; null when that is not known. */
  readonly opensAt: Instant | null
  /** Until when it may take; as long as it takes when absent. */
  readonly due?: Instant
}

/** Everything that can happen to a release. `at` is workflow time. */
export type ReleaseEvent = { readonly at: Instant } & (
  | { readonly type: 'baseline-recorded'; readonly roles: PoolRoles; readonly exposure: Exposure }
  | { readonly type: 'exposure-wanted'; readonly step: number; readonly exposure: Exposure }
  | { readonly type: 'exposure-confirmed'; readonly exposure: Exposure }
  | { readonly type: 'exposure-withdrawn' }
  /** A check has failed for which a flag answers: it goes off and stays off. */
  | { readonly type: 'flag-failed'; readonly flag: string; readonly reason: string }
  /** What is live is to go on without the flags that failed. */
  | { readonly type: 'flags-wanted' }
  | { readonly type: 'router-taken'; readonly fence: Fence; readonly text: string }
  | {
      readonly type: 'bake-started'
      readonly step: number
      readonly duration: Milliseconds
      readonly isAnalysis: boolean
    }
  | {
      readonly type: 'bake-prolonged'
      readonly by: Milliseconds
      readonly reason: string
      /** True when it is for a canary that warms up, not for time that nobody watched. */
      readonly isWarmUp?: boolean
    }
  | { readonly type: 'bake-held'; readonly held: Milliseconds }
  | { readonly type: 'bake-proven'; readonly reason: string }
  | {
      readonly type: 'bake-ended'
      /** Why the weight may be raised now, where that had to be weighed. */
      readonly raise?: string
    }
  | { readonly type: 'approval-asked'; readonly step: number; readonly request: Omit<ApprovalRequest, 'given'> }
  | { readonly type: 'approval-ended' }
  | {
      readonly type: 'freeze-overridden'
      readonly by: string
      readonly reason: string
      readonly freezes: readonly string[]
    }
  | { readonly type: 'gate-waits'; readonly step: number; readonly wait: GateWait }
  | {
      readonly type: 'gate-opened'
      /** What has opened it; a window when absent. */
      readonly text?: string
    }
  /** The checklist was asked, and keeps the gate shut or opens it. */
  | { readonly type: 'readiness-answered'; readonly answers: ReadinessAnswers }
  /** Nobody waits for it any more: what follows says why. */
  | { readonly type: 'gate-given-up' }
  /** A call is about to be carried out; what undoes it is known from here on. */
  | {
      readonly type: 'hook-called'
      readonly step: number
      readonly call: string
      readonly direction: 'do' | 'undo'
      readonly undo: string | null
    }
  /** It has begun, and its answer comes later. */
  | { readonly type: 'hook-begun'; readonly call: string; readonly due: Instant }
  | { readonly type: 'hook-answered'; readonly key: string; readonly isDone: boolean; readonly reason: string }
  | { readonly type: 'hook-done'; readonly call: string; readonly text: string }
  | {
      readonly type: 'hook-failed'
      readonly call: string
      readonly reason: string
      /** True when it was answered with a no, false when nobody knows what became of it. */
      readonly isRefusal: boolean
    }
  | { readonly type: 'undo-done'; readonly step: number; readonly call: string; readonly text: string }
  | {
      readonly type: 'undo-failed'
      readonly step: number
      readonly call: string
      readonly reason: string
      readonly isRefusal: boolean
    }
  | { readonly type: 'undos-left'; readonly reason: string }
  | { readonly type: 'action-done' }
  | {
      readonly type: 'judged'
      readonly verdicts: Readonly<Record<string, Verdict>>
      /** What is worth knowing beside them; none when absent. */
      readonly notices?: readonly string[]
    }
  | { readonly type: 'drift-repaired'; readonly text: string }
  /** A check that holds or warns has failed. */
  | {
      readonly type: 'check-troubled'
      readonly check: string
      readonly only: 'hold' | 'warn'
      readonly since: Instant
      readonly reason: string
      readonly would: PlanConsequence
      /** True when it has had no data for so long that another check would have acted. */
      readonly isBlind?: true
    }
  /** It has passed again for long enough, or is judged anew. */
  | {
      readonly type: 'check-recovered'
      readonly check: string
      readonly only: 'hold' | 'warn'
      /** True when nobody knows, because a person said that it is to be judged anew. */
      readonly isAnew?: true
      /** True when it has data again. */
      readonly isBlind?: true
    }
  | ({ readonly type: 'paused' } & Pick<Pause, 'cause' | 'by' | 'reason' | 'asksToGoBack'>)
  | { readonly type: 'approved'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | {
      readonly type: 'resumed'
      readonly actor: Actor
      readonly key: string
      readonly reason: string
      readonly isRetry: boolean
    }
  | { readonly type: 'bake-cut-short'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | {
      readonly type: 'extended'
      readonly actor: Actor
      readonly key: string
      readonly reason: string
      readonly by: Milliseconds
    }
  | { readonly type: 'pause-commanded'; readonly actor: Actor; readonly key: string; readonly reason: string }
  | { readonly type: 'command-seen'; readonly key: string }
  | { readonly type: 'abandoned'; readonly cause: Abandonment['cause']; readonly by: string; readonly reason: string }
  | { readonly type: 'rollback-wanted' }
  | { readonly type: 'rollback-failed'; readonly reason: string }
  | { readonly type: 'rolled-back' }
  | { readonly type: 'refused' }
  | { readonly type: 'superseded' }
  | { readonly type: 'promoted' }
  /** The release has ended, promoted, and goes on watching. */
  | { readonly type: 'watch-began'; readonly until: Instant }
  /** Something failed while it did: `check` is told once. */
  | { readonly type: 'watch-failed'; readonly check: string; readonly reason: string; readonly goesBack: boolean }
  | { readonly type: 'watch-ended'; readonly reason: string }
)

/** An event of a call, or of what undoes one. */
export type HookEvent = Extract<ReleaseEvent, { type: `hook-${string}` | `undo-${string}` | 'undos-left' }>
