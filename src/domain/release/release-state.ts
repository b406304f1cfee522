import { type Exposure, type ExposureSpan, NO_EXPOSURE, type PoolRoles } from '../exposure.ts'
import type { ReadinessAnswers } from '../readiness/answers.ts'
import type { Instant } from '../units.ts'
import type { Verdict } from '../verdict.ts'
import type { BakeClock } from './bake-clock.ts'
import type { HookCall, Undo } from './hooks.ts'
import type { LedgerEntry } from './ledger.ts'
import type { Abandonment, ApprovalRequest, GateWait, Pause, ReleaseEvent } from './release-events.ts'

/**
 * Where a release is. `paused` is not a phase: a release is paused *in* one (see {@link ReleaseState.pause}), and goes on
 * in it. Four phases are ends: `promoted`; `rolled-back`, which was read back; `refused`, which has never asked the router
 * for anything; and `superseded`, which found the router in the hands of a newer release and left it alone.
 */
type ReleasePhase =
  | 'starting'
  | 'exposing'
  | 'baking'
  | 'judging'
  | 'waiting'
  | 'rolling-back'
  | 'promoted'
  | 'rolled-back'
  | 'refused'
  | 'superseded'

/** How a rollback gets on that has not been read back yet. */
export interface RollbackTries {
  /** Tries that failed. */
  readonly tries: number
  readonly lastError: string
  /** When the first of them failed. */
  readonly since: Instant
}

/** One line of the release's story: what happened, by whom, why. */
export interface TrailEntry {
  readonly at: Instant
  readonly event: ReleaseEvent['type']
  readonly text: string
}

/** The watch over a promoted version, whose release has ended. */
interface AfterWatch {
  readonly until: Instant
  /** Why it is over, or null while it lasts. */
  readonly ended: string | null
  /** Checks whose failure was told already. */
  readonly told: readonly string[]
}

export interface ReleaseState {
  readonly releaseId: string
  readonly phase: ReleasePhase
  /** Index of the action that runs or comes next. */
  readonly position: number
  /** The plan's step that runs, from 1; 0 before the first. */
  readonly step: number
  readonly roles: PoolRoles | null
  /** What a rollback returns to; null until it has been read. No effect happens before. */
  readonly baseline: Exposure | null
  /** The exposure that was asked for last. */
  readonly wanted: Exposure
  /** The exposure that was read back last; differs from `wanted` while a change is under way. */
  readonly live: Exposure
  /** First part of the release's fence; null until it is known to differ from what the release was started with. */
  readonly turn: number | null
  /** Orders writes to the router; rises with every exposure. */
  readonly epoch: number
  /** When `live` was read back. */
  readonly exposedAt: Instant | null
  /** When a person last said that the release is to go on; nothing measured before counts. */
  readonly resumedAt: Instant | null
  /** True when a person has gone on with this exposure although the split had looked wrong. */
  readonly isSplitSettled: boolean
  /** Who had the new version from when to when, oldest first, up to the rollback. */
  readonly spans: readonly ExposureSpan[]
  readonly bake: BakeClock | null
  /** Why the weight is about to be raised, where that had to be weighed; absent or null otherwise. */
  readonly raise?: string | null
  readonly approval: ApprovalRequest | null
  /** What the plan waits for, such as a window; absent or null when it waits for none. */
  readonly gate?: GateWait | null
  /** What the checklist was answered with last; absent as long as the plan has not asked. */
  readonly readiness?: ReadinessAnswers
  /** The call that runs, or was tried last in vain; absent or null when there is none. */
  readonly hook?: HookCall | null
  /** What a rollback takes back beside the exposure, oldest first; absent as long as there is nothing. */
  readonly undos?: readonly Undo[]
  readonly pause: Pause | null
  readonly abandoned: Abandonment | null
  readonly rollback: RollbackTries | null
  readonly verdicts: Readonly<Record<string, Verdict>>
  /** What the guard found worth knowing beside them; absent before its first look, and in releases of an older version. */
  readonly notices?: readonly string[]
  readonly repairs: number
  /** When checks failed that hold or warn, oldest first; absent as long as none has. */
  readonly ledger?: readonly LedgerEntry[]
  /** Flags that failing checks have set off, which no later step sets again; absent as long as none has. */
  readonly flagsOff?: readonly string[]
  readonly endedAt: Instant | null
  /** The watch that goes on after the promotion; absent where there was none. */
  readonly watching?: AfterWatch
  readonly trail: readonly TrailEntry[]
  /** Idempotency keys of the commands taken, newest last. */
  readonly commandKeys: readonly string[]
}

export function beginState(releaseId: string): ReleaseState {
  return {
    releaseId,
    phase: 'starting',
    position: 0,
    step: 0,
    roles: null,
    baseline: null,
    wanted: NO_EXPOSURE,
    live: NO_EXPOSURE,
    turn: null,
    epoch: 0,
    exposedAt: null,
    resumedAt: null,
    isSplitSettled: false,
    spans: [],
    bake: null,
    approval: null,
    pause: null,
    abandoned: null,
    rollback: null,
    verdicts: {},
    repairs: 0,
    endedAt: null,
    trail: [],
    commandKeys: [],
  }
}

/** The phases that are ends. */
export const RELEASE_ENDS = [
  'promoted',
  'rolled-back',
  'refused',
  'superseded',
] as const satisfies readonly ReleasePhase[]
export type ReleaseEnd = (typeof RELEASE_ENDS)[number]

/** How the release has ended, or null while it has not. */
export function endOf({ phase }: Pick<ReleaseState, 'phase'>): ReleaseEnd | null {
  switch (phase) {
    case 'promoted':
    case 'rolled-back':
    case 'refused':
    case 'superseded':
      return phase
    case 'starting':
    case 'exposing':
    case 'baking':
    case 'judging':
    case 'waiting':
    case 'rolling-back':
      return null
  }
}

/** The pools whose roles the lane is to remember; null where there is no router, and nothing changes its role. */
export function rolesToKeep({ roles, baseline }: Pick<ReleaseState, 'roles' | 'baseline'>): PoolRoles | null {
  return baseline?.byFlags === true ? null : roles
}

/** True when nothing changes any more. */
export function isEnded(state: Pick<ReleaseState, 'phase'>): boolean {
  return endOf(state) !== null
}

/** True while a release that has ended goes on watching what it promoted. */
export function isWatching({ phase, watching }: Pick<ReleaseState, 'phase' | 'watching'>): boolean {
  return phase === 'promoted' && watching !== undefined && watching.ended === null
}

/** True once the router has been asked for anything: from then on there is something to take back. */
export function wasExposed(state: Pick<ReleaseState, 'epoch'>): boolean {
  return state.epoch > 0
}

/** Since when evidence counts: the exposure was read back, and the last person who said go on has spoken. */
export function evidenceSince({ exposedAt, resumedAt }: ReleaseState): Instant | null {
  return exposedAt === null || resumedAt === null ? (exposedAt ?? resumedAt) : Math.max(exposedAt, resumedAt)
}
