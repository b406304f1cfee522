import type { Actor } from '../actor.ts'
import type { ApprovalRequest } from '../release/release-events.ts'
import type { Instant } from '../units.ts'
import type { Pipeline, StageFailure } from './pipeline.ts'
import type { HoldCause, StageVerb } from './pipeline-events.ts'

/**
 * Where a stage is. `waiting`: its release is still to be asked for. `starting`: its lane is being asked. `soaking` and `done`:
 * it has the version. `failed`: it has not, as far as its lane says, or nobody can say yet. `returning`, `returned`: the version is taken back.
 * `stuck`: it has the version, and only a person can take it back.
 */
export const STAGE_PHASES = [
  'waiting',
  'asking',
  'starting',
  'running',
  'soaking',
  'done',
  'failed',
  'returning',
  'returned',
  'stuck',
] as const
export type StagePhase = (typeof STAGE_PHASES)[number]

export interface StageState {
  readonly name: string
  readonly phase: StagePhase
  /** Releases that were asked for before: a stage that is tried again asks with another key. */
  readonly tries: number
  readonly releaseId: string | null
  /** The release by which the version is taken back. */
  readonly returnId: string | null
  /** What it waits for, or why it failed or went back. */
  readonly reason: string | null
  /** When the window opens that it waits for. */
  readonly opensAt: Instant | null
  /** Until when it waits for the yes of its gate; absent where there is none. */
  readonly due?: Instant
  readonly approval: ApprovalRequest | null
  readonly isApproved: boolean
  readonly soakUntil: Instant | null
  /** What its release was told last. */
  readonly told: StageVerb
  /** True while its release is paused because the pipeline is. */
  readonly isHeld: boolean
  /** True for one that has failed while nobody could say where its users are, tried again or not: a way back asks its lane as well. */
  readonly mayHaveVersion?: true
  /** True for one that has gone back while the version before is looked at yet: should that fail, its users go forward again. */
  readonly isWatched?: true
}

/** A pipeline that stands still; `command` holds the releases that run as well. */
export interface PipelineHold {
  readonly cause: HoldCause
  readonly reason: string
  /** Who paused it; null when it did so itself. */
  readonly actor: Actor | null
}

/** Nothing further begins; with `all` whatever has the version goes back. */
export interface GivenUp {
  readonly back: 'all' | 'none'
  readonly actor: Actor
  readonly reason: string
}

export const PIPELINE_ENDS = ['promoted', 'rolled-back', 'failed'] as const
export type PipelineEnd = (typeof PIPELINE_ENDS)[number]

/** What a pipeline knows. Plain JSON. */
export interface PipelineState {
  readonly pipelineId: string
  readonly onFail: StageFailure
  /** In the order of the file. */
  readonly stages: readonly StageState[]
  readonly hold: PipelineHold | null
  /** Who let it go on last. */
  readonly resumedBy: Actor | null
  readonly givenUp: GivenUp | null
  readonly outcome: PipelineEnd | null
  readonly endedAt: Instant | null
  /** Its story, oldest first. */
  readonly trail: readonly { readonly at: Instant; readonly text: string }[]
  /** Idempotency keys of the commands taken, newest last. */
  readonly commandKeys: readonly string[]
}

export function beginPipelineState(pipelineId: string, { stages, onFail }: Pipeline): PipelineState {
  return {
    ...{ pipelineId, onFail, hold: null, resumedBy: null, givenUp: null, outcome: null, endedAt: null },
    ...{ trail: [], commandKeys: [] },
    stages: stages.map(({ name }) => freshStage(name, 0)),
  }
}

/** A stage that has not begun, or is to begin again. */
export function freshStage(name: string, tries: number): StageState {
  return {
    ...{ name, phase: 'waiting', tries, releaseId: null, returnId: null, reason: null, opensAt: null, approval: null },
    ...{ isApproved: false, soakUntil: null, told: 'resume', isHeld: false },
  }
}

/** @throws for a stage that is not in this pipeline: a defect */
export function stageIn({ stages }: Pick<PipelineState, 'stages'>, name: string): StageState {
  const found = stages.find((stage) => stage.name === name)
  if (found === undefined) throw new Error(`there is no stage ${name}`)
  return found
}

/** True for a stage whose target has the version, as far as its lane says. */
export function hasVersion({ phase }: Pick<StageState, 'phase'>): boolean {
  return phase === 'soaking' || phase === 'done' || phase === 'stuck'
}

/** True for a stage that does nothing, and whose users may be on the version for all that anybody has confirmed. */
export function isUncertain({ phase, mayHaveVersion }: Pick<StageState, 'phase' | 'mayHaveVersion'>): boolean {
  return (phase === 'failed' || phase === 'waiting') && mayHaveVersion === true
}

/** How the pipeline ends now, or null while there is something left to do. */
export function endOfPipeline({ stages, givenUp }: PipelineState): PipelineEnd | null {
  if (givenUp === null) return stages.every(({ phase }) => phase === 'done') ? 'promoted' : null
  const moving: readonly StagePhase[] =
    givenUp.back === 'all'
      ? ['starting', 'running', 'soaking', 'done', 'returning']
      : ['starting', 'running', 'soaking']
  if (stages.some(({ phase }) => moving.includes(phase))) return null
  if (givenUp.back === 'all' && stages.some((stage) => isUncertain(stage) || stage.isWatched === true)) return null
  return givenUp.back === 'all' && !stages.some(hasVersion) ? 'rolled-back' : 'failed'
}

/** Where the pipeline is, in one word. */
export function pipelinePhase({ outcome, givenUp, hold, stages }: PipelineState): string {
  if (outcome !== null) return outcome
  if (givenUp?.back === 'all') return 'rolling-back'
  if (givenUp !== null) return 'ending'
  if (hold !== null) return 'paused'
  const isMoving = stages.some(({ phase }) => phase === 'starting' || phase === 'running' || phase === 'soaking')
  return isMoving ? 'running' : 'waiting'
}
