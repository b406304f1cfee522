import { z } from 'zod'
import { STAGE_FAILURES } from '../../domain/pipeline/pipeline.ts'
import { STAGE_PHASES } from '../../domain/pipeline/pipeline-state.ts'
import { PIPELINE_VERB_NAMES } from '../../domain/pipeline/pipeline-verbs.ts'
import { duration, instant, list, releaseId, weight } from './shapes.ts'

const pipelineId = z.string().meta({ examples: ['pipeline/checkout-regions/3fa9c2d1'] })
const versions = z.record(z.string(), z.string()).meta({ description: 'By service' })
const notes = list(z.string())

const stage = z.object({
  name: z.string(),
  target: z.string().meta({ examples: ['checkout/production'] }),
  version: z.string(),
  after: list(z.string()),
  phase: z.enum(STAGE_PHASES),
  releaseId: releaseId.nullable(),
  returnId: releaseId.nullable().meta({ description: 'The release by which the version is taken back' }),
  reason: z.string().nullable().meta({ description: 'What it waits for, or why it failed or went back' }),
  opensAt: instant.nullable().meta({ description: 'When the window opens that it waits for' }),
  due: instant.nullable().meta({ description: 'Until when it waits for the yes of its gate' }),
  soakUntil: instant.nullable(),
  approval: z
    .object({ by: z.string(), need: z.number(), given: list(z.string()), deadline: instant })
    .nullable()
    .meta({ description: 'The approval that it waits for' }),
})

const stageRelease = z.object({
  phase: z.string(),
  weight,
  step: z.number(),
  steps: z.number(),
  reason: z.string().nullable(),
})

export const pipelineCard = z
  .object({
    pipelineId,
    name: z.string(),
    versions,
    author: z.string(),
    phase: z.string().meta({ examples: ['running', 'paused', 'rolling-back', 'promoted'] }),
    isEnded: z.boolean(),
    reason: z.string().nullable().meta({ description: 'Why it is paused, or was given up' }),
    onFail: z.enum(STAGE_FAILURES),
    stages: list(stage),
    releases: z.record(z.string(), stageRelease).meta({ description: 'By stage: how its release stands that runs' }),
    verbs: list(z.enum(PIPELINE_VERB_NAMES)).meta({ description: 'Commands that would be taken now' }),
    startedAt: instant,
    endedAt: instant.nullable(),
    trail: list(z.object({ at: instant, text: z.string() })),
  })
  .meta({ id: 'Pipeline' })

export const pipelineStarted = z.object({ pipelineId, notes: notes.exactOptional() }).meta({ id: 'PipelineStarted' })

export const pipelineOutcome = z
  .object({ pipelineId, phase: z.string(), text: z.string() })
  .meta({ id: 'PipelineOutcome' })

export const pipelinePage = z
  .object({
    pipelines: list(
      z.object({
        pipelineId,
        versions: z.string(),
        phase: z.string(),
        startedAt: instant,
        endedAt: instant.nullable(),
      }),
    ),
    next: z.string().nullable().meta({ description: 'Hand it back for the next page; null on the last one' }),
  })
  .meta({ id: 'PipelinePage' })

export const checkedPipeline = z
  .object({
    name: z.string(),
    onFail: z.enum(STAGE_FAILURES),
    stages: list(
      z.object({
        name: z.string(),
        target: z.string(),
        after: list(z.string()),
        steps: list(z.string()).meta({ description: 'The steps of its plan' }),
        planned: duration.meta({ description: 'All its bakes at their whole length, approvals at once' }),
        soak: duration,
        approve: z.string().nullable(),
        gate: z.string().nullable().meta({ description: 'What it waits for before it begins, in words' }),
      }),
    ),
  })
  .meta({ id: 'CheckedPipeline' })
