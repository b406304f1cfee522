import { type LaneView, pinText, vetoText } from '../lane/lane-view.ts'
import { vetoOf } from '../lane/leave-to-start.ts'
import type { Problem } from '../problems.ts'
import { type TargetId, targetName } from '../target.ts'
import { type Pipeline, type PipelineStage, pipelineName } from './pipeline.ts'
import { versionOf } from './pipeline-card.ts'
import { mayHaveToReturn } from './stage-order.ts'

/** A pipeline that is open, with the targets that it is for. */
export interface OpenPipeline {
  readonly pipelineId: string
  readonly targets: readonly TargetId[]
}

/** Why a pipeline that is valid cannot start now, stage by stage: nothing of it starts then. `lanes` are in the order of the stages. */
export function startProblems(
  pipeline: Pipeline,
  versions: Readonly<Record<string, string>>,
  lanes: readonly LaneView[],
  open: readonly OpenPipeline[],
): readonly Problem[] {
  return [
    ...overlapProblems(pipeline, open),
    ...problemsOf(pipeline, (stage, index) => {
      const lane = lanes[index]
      if (lane === undefined) return []
      return [...closed(lane, versionOf(stage, versions)), ...withoutFormer(stage, lane, pipeline)]
    }),
  ]
}

/** The stages whose targets other pipelines have: two of them must not take turns on one. */
export function overlapProblems(pipeline: Pipeline, open: readonly OpenPipeline[]): readonly Problem[] {
  return problemsOf(pipeline, (stage) => overlaps(stage, open))
}

function problemsOf(
  { stages }: Pipeline,
  wordsOf: (stage: PipelineStage, index: number) => readonly Words[],
): readonly Problem[] {
  return stages.flatMap((stage, index) =>
    wordsOf(stage, index).map((problem) => ({ ...problem, path: ['stages', index, 'target'] })),
  )
}

type Words = Omit<Problem, 'path'>

function overlaps({ target }: PipelineStage, open: readonly OpenPipeline[]): readonly Words[] {
  const name = targetName(target)
  const others = open.filter(({ targets }) => targets.some((other) => targetName(other) === name))
  return others.map(({ pipelineId }) => ({
    rule: 'overlap',
    message: `another pipeline has this target: ${pipelineName(pipelineId)}`,
    received: name,
    expected: 'targets that no other pipeline has',
    fix: 'wait for its end, or abort it',
  }))
}

function closed(lane: LaneView, version: string): readonly Words[] {
  const { freeze, pin = null } = lane
  const veto = vetoOf(lane, version)
  return [
    ...(freeze === null
      ? []
      : [
          {
            rule: 'lane-frozen',
            message: `this target is frozen by ${freeze.by}: ${freeze.reason}`,
            fix: 'wait, or ask them to end the freeze',
          },
        ]),
    ...(pin === null
      ? []
      : [
          {
            rule: 'lane-pinned',
            message: `this target is pinned ${pinText(pin)}`,
            fix: 'wait, or ask them to unpin it',
          },
        ]),
    ...(veto === null
      ? []
      : [
          {
            rule: 'lane-vetoed',
            message: `this version was rolled back here: ${vetoText(veto)}`,
            fix: 'release a version that is repaired, or lift it with sluice allow and a reason',
          },
        ]),
  ]
}

/** Where nobody knows what is on stable there is no version to return to, whatever pool is kept. */
function withoutFormer(
  { name, target }: PipelineStage,
  { promotedVersion }: LaneView,
  { stages, onFail }: Pipeline,
): readonly Words[] {
  if (promotedVersion !== null || onFail !== 'rollback-all' || !mayHaveToReturn(stages, name)) return []
  return [
    {
      rule: 'no-former',
      message: `${name} could not go back: nobody knows which version ${targetName(target)} has`,
      received: 'a target without a promoted release',
      expected: 'with onFail: rollback-all, a version to go back to',
      fix: 'release it once by itself, or change onFail',
    },
  ]
}

/** One version for all services of a pipeline, or one for each; or what is wrong with them. */
export function pipelineVersions(
  { stages }: Pick<Pipeline, 'stages'>,
  asked: string | Readonly<Record<string, string>>,
): { readonly versions: Readonly<Record<string, string>> } | { readonly problem: string; readonly fix: string } {
  const services = [...new Set(stages.map(({ target }) => target.service))]
  if (typeof asked === 'string') return { versions: Object.fromEntries(services.map((name) => [name, asked])) }
  const missing = services.find((name) => !Object.hasOwn(asked, name))
  if (missing !== undefined)
    return { problem: `${missing} has no version`, fix: `give one for each of ${services.join(', ')}` }
  const foreign = Object.keys(asked).find((name) => !services.includes(name))
  if (foreign !== undefined)
    return { problem: `no stage is for the service ${foreign}`, fix: `give versions only for ${services.join(', ')}` }
  return { versions: asked }
}
