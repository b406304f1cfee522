import type { Actor } from '../domain/actor.ts'
import type { Pipeline } from '../domain/pipeline/pipeline.ts'
import type { PipelineCard } from '../domain/pipeline/pipeline-card.ts'
import type { PipelineCommand } from '../domain/pipeline/pipeline-commands.ts'
import type { OpenPipeline } from '../domain/pipeline/start-problems.ts'
import type { BasisPoints, Instant } from '../domain/units.ts'
import type { PipelineAnswer } from '../workflows/messages.ts'
import type { PageRequest } from './releases.ts'

/** A request for a pipeline that has been read and found valid. */
export interface PipelineRequest {
  readonly pipeline: Pipeline
  /** By service; each service of the pipeline has one. */
  readonly versions: Readonly<Record<string, string>>
  readonly author: Actor
  readonly reason: string
  /** The same key with the same pipeline and versions answers with the same run of it. */
  readonly key: string
}

/** A pipeline as it is shown: what runs now is shown as its releases say. */
export interface ShownPipeline extends PipelineCard {
  /** By stage: how its release stands, where one runs. */
  readonly releases: Readonly<Record<string, StageRelease>>
}

interface StageRelease {
  readonly phase: string
  readonly weight: BasisPoints
  readonly step: number
  readonly steps: number
  readonly reason: string | null
}

export interface PipelineFilter {
  readonly name?: string
  readonly phase?: string
}

interface PipelineRow {
  readonly pipelineId: string
  readonly versions: string
  readonly phase: string
  readonly startedAt: Instant
  readonly endedAt: Instant | null
}

interface PipelinePage {
  /** Newest first. */
  readonly pipelines: readonly PipelineRow[]
  readonly next: string | null
}

/** `heldBy`: the open pipeline that has some of its targets, with those; nothing was started. */
export type StartedPipeline = { readonly pipelineId: string } | { readonly heldBy: OpenPipeline }

/** The one door to pipelines; it throws as the one to releases does. */
export interface Pipelines {
  /** @throws SluiceError `lane.key-reused` when the key was used for another request */
  start(request: PipelineRequest): Promise<StartedPipeline>
  /** Whether this key has begun a pipeline of this name: a start that comes again is not asked whether it may begin. */
  hasBegun(name: string, key: string): Promise<boolean>
  /** @throws SluiceError `pipeline.unknown` */
  show(pipelineId: string): Promise<ShownPipeline>
  list(filter: PipelineFilter, page: PageRequest): Promise<PipelinePage>
  command(command: PipelineCommand): Promise<PipelineAnswer>
  /** The pipelines that are open, with their targets, as Temporal's visibility knows them: a moment late. */
  open(): Promise<readonly OpenPipeline[]>
}
