import type { ReleaseCard } from '../release/release-card.ts'
import { targetName } from '../target.ts'
import type { Instant } from '../units.ts'
import type { Pipeline, PipelineStage } from './pipeline.ts'
import { openPipelineVerbs } from './pipeline-commands.ts'
import { type PipelineState, pipelinePhase, type StagePhase, stageIn } from './pipeline-state.ts'
import type { PipelineVerb } from './pipeline-verbs.ts'

/** The one view of a pipeline that every entrance renders. Plain JSON. */
export interface PipelineCard {
  readonly pipelineId: string
  readonly name: string
  readonly versions: Readonly<Record<string, string>>
  readonly author: string
  /** `running`, `waiting`, `paused`, `rolling-back`, `ending`, `promoted`, `rolled-back` or `failed`. */
  readonly phase: string
  readonly isEnded: boolean
  /** Why it is paused, or was given up. */
  readonly reason: string | null
  readonly onFail: Pipeline['onFail']
  readonly stages: readonly StageRow[]
  /** Commands that would be taken now. */
  readonly verbs: readonly PipelineVerb[]
  readonly startedAt: Instant
  readonly endedAt: Instant | null
  readonly trail: readonly { readonly at: Instant; readonly text: string }[]
}

export interface StageRow {
  readonly name: string
  readonly target: string
  readonly version: string
  readonly after: readonly string[]
  readonly phase: StagePhase
  readonly releaseId: string | null
  readonly returnId: string | null
  readonly reason: string | null
  readonly opensAt: Instant | null
  /** Until when it waits for the yes of its gate. */
  readonly due: Instant | null
  readonly soakUntil: Instant | null
  readonly approval: ReleaseCard['approval']
}

interface PipelineSource {
  readonly pipeline: Pipeline
  readonly versions: Readonly<Record<string, string>>
  readonly author: { readonly person: string }
  readonly startedAt: Instant
}

/** Draws up the card of a pipeline. */
export function pipelineCard(source: PipelineSource, state: PipelineState): PipelineCard {
  const { pipeline, versions, author, startedAt } = source
  const { pipelineId, outcome, endedAt, trail } = state
  return {
    ...{ pipelineId, name: pipeline.name, versions, author: author.person, onFail: pipeline.onFail },
    ...{ phase: pipelinePhase(state), isEnded: outcome !== null, startedAt, endedAt },
    reason: state.givenUp?.reason ?? state.hold?.reason ?? null,
    stages: pipeline.stages.map((stage) => rowOf(stage, versions, state)),
    verbs: openPipelineVerbs(state),
    trail,
  }
}

/** A pipeline whose workflow was ended from outside. What it has started goes on in its lanes, as any release. */
export function lostPipelineCard(card: PipelineCard): PipelineCard {
  const reason = 'its workflow was ended in Temporal; the releases that it had started go on without it'
  return { ...card, phase: 'gone', isEnded: true, reason, verbs: [] }
}

/** The version of a stage: that of its service. */
export function versionOf(
  { target }: Pick<PipelineStage, 'target'>,
  versions: Readonly<Record<string, string>>,
): string {
  return Object.hasOwn(versions, target.service) ? (versions[target.service] ?? '') : ''
}

function rowOf(stage: PipelineStage, versions: PipelineCard['versions'], state: PipelineState): StageRow {
  const { phase, releaseId, returnId, reason, opensAt, due = null, soakUntil, approval } = stageIn(state, stage.name)
  return {
    ...{ name: stage.name, target: targetName(stage.target), version: versionOf(stage, versions), after: stage.after },
    ...{ phase, releaseId, returnId, reason, opensAt, due, soakUntil },
    approval:
      approval === null
        ? null
        : {
            ...{ by: approval.by, need: approval.need, deadline: approval.deadline },
            given: approval.given.map(({ person }) => person),
          },
  }
}
