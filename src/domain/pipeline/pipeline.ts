import type { Gate } from '../plan/actions.ts'
import type { Plan } from '../plan/plan.ts'
import type { TargetId } from '../target.ts'
import type { Milliseconds } from '../units.ts'

/** One target that the version goes to, with the release that takes it there. Plain JSON, as all of a pipeline. */
export interface PipelineStage {
  readonly name: string
  readonly target: TargetId
  /** Complete, as the release is started with it. */
  readonly plan: Plan
  /** The warm-up that releases of the target were seen to need, for a plan that states none. */
  readonly warmUp?: Milliseconds
  /** Stages that must be done before it begins. Those that come after the same ones run at the same time: a wave. */
  readonly after: readonly string[]
  /** How long the version must stay where it was promoted before the stage counts as done. */
  readonly soak: Milliseconds
  /** Who must approve before it begins. */
  readonly approve?: StageApproval
  /** What must have said yes when it begins. A text is a window: older pipelines know no other gate. */
  readonly gate?: StageGate
}

export type StageGate = string | Exclude<Gate, { readonly kind: 'gate' }>

export interface StageApproval {
  readonly by: string
  readonly people: readonly string[]
  readonly need: number
  readonly notAuthor: boolean
  readonly within: Milliseconds
}

/**
 * What happens when a stage fails, which has gone back by itself by then. `rollback-all`: whatever has the version goes
 * back, the last stage first. `rollback-stage`: nothing further begins, and the others keep it. `stop`: nothing further
 * begins until a person says how it goes on.
 */
export const STAGE_FAILURES = ['rollback-all', 'rollback-stage', 'stop'] as const
export type StageFailure = (typeof STAGE_FAILURES)[number]

/** A pipeline that has been read and found valid. */
export interface Pipeline {
  readonly name: string
  readonly stages: readonly PipelineStage[]
  readonly onFail: StageFailure
}

const PIPELINE_ID = /^(?:pipeline\/)?([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([0-9a-f]{8})$/

/** Workflow id of a pipeline, which is also its id everywhere else. */
export function pipelineIdOf(name: string, run: string): string {
  return `pipeline/${name}/${run}`
}

/** Reads `pipeline/checkout-regions/3fa9c2d1`, with or without the first word; null when it is no such id. */
export function parsePipelineId(
  text: string,
): { readonly name: string; readonly run: string; readonly pipelineId: string } | null {
  const match = PIPELINE_ID.exec(text)
  if (match === null) return null
  const [, name = '', run = ''] = match
  return { name, run, pipelineId: pipelineIdOf(name, run) }
}

/** A pipeline as people read and type it: `checkout-regions/3fa9c2d1`. */
export function pipelineName(pipelineId: string): string {
  return pipelineId.replace(/^pipeline\//, '')
}

/** The first service that a train is given two versions for, one of which would be lost. */
export function namedTwice(services: readonly string[]): string | undefined {
  return services.find((service, index) => services.indexOf(service) !== index)
}
