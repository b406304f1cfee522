import { SluiceError } from '../domain/errors.ts'
import type { LaneView } from '../domain/lane/lane-view.ts'
import type { Pipeline, PipelineStage } from '../domain/pipeline/pipeline.ts'
import { type OpenPipeline, pipelineVersions, startProblems } from '../domain/pipeline/start-problems.ts'
import { createProblemList, type Problem } from '../domain/problems.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { type StartWish, throughFreezes } from './freezes.ts'
import { rehearsalProblems } from './rehearsed.ts'
import type { Foresight } from './start.ts'

/** How long a start waits for what is known of the past of all its stages together. */
const PATIENCE: Milliseconds = 10_000

/** Who knows what the lanes and the other pipelines are doing. */
interface Lookout {
  readonly lane: (target: TargetId) => Promise<LaneView>
  readonly open: () => Promise<readonly OpenPipeline[]>
  /** True for a start that comes again: what it has begun must not keep it from its answer. */
  readonly hasBegun: () => Promise<boolean>
}

/** What was asked for: the pipeline with its plans as they were written, and one version, or one by service. */
interface PipelineWish extends Omit<StartWish, 'overridesFreeze'> {
  readonly pipeline: Pipeline
  readonly written: Readonly<Record<string, unknown>>
  readonly version: string | Readonly<Record<string, string>>
}

type PreparedPipeline =
  | {
      readonly pipeline: Pipeline
      readonly versions: Readonly<Record<string, string>>
      readonly notes: readonly string[]
    }
  | { readonly problems: readonly Problem[] }

/**
 * What the start of a pipeline asks for, whichever entrance it comes through: with what was learned for its plans, and what its
 * author should know; or why nothing of it can start now.
 * @throws SluiceError `request.invalid` for versions that do not fit
 */
export async function preparePipeline(
  { pipeline, written, version, ...wish }: PipelineWish,
  foresight: Foresight,
  { lane, open, hasBegun }: Lookout,
  now: Instant,
): Promise<PreparedPipeline> {
  const read = pipelineVersions(pipeline, version)
  if ('problem' in read)
    throw new SluiceError('request.invalid', {
      message: read.problem,
      expected: 'one version, or one for each service of the pipeline',
      fix: read.fix,
    })
  const { versions } = read
  if (await hasBegun()) return { pipeline, versions, notes: [] }
  const [lanes, others] = await Promise.all([Promise.all(pipeline.stages.map(({ target }) => lane(target))), open()])
  const list = createProblemList()
  for (const problem of startProblems(pipeline, versions, lanes, others)) list.report(problem)
  const freeze = pipeline.stages.map((stage, index) => frozenStage(stage, index, wish, foresight, now))
  for (const { problem } of freeze) if (problem !== null) list.report(problem)
  const rehearsals = pipeline.stages.map((stage, index) => unrehearsedStage(stage, index, foresight, now))
  for (const problem of (await Promise.all(rehearsals)).flat()) list.report(problem)
  const problems = list.problems()
  if (problems.length > 0) return { problems }
  const stages = await learnedInTurn(pipeline, written, foresight)
  const notes = [...freeze, ...stages].flatMap(({ notes: said, name }) => said.map((note) => `${name}: ${note}`))
  return { pipeline: { ...pipeline, stages: stages.map(({ stage }) => stage) }, versions, notes }
}

/** A freeze holds a stage that begins at once. One that begins later waits for its end by itself, before its first raise. */
function frozenStage(
  { name, plan, after }: PipelineStage,
  index: number,
  wish: Omit<StartWish, 'overridesFreeze'>,
  { installation }: Foresight,
  now: Instant,
): { readonly name: string; readonly problem: Problem | null; readonly notes: readonly string[] } {
  if (after.length > 0) return { name, problem: null, notes: [] }
  try {
    return {
      name,
      problem: null,
      notes: throughFreezes(plan, { ...wish, overridesFreeze: false }, installation, now).notes,
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const { message, fix = 'wait for its end' } = error
    return { name, problem: { rule: 'frozen', path: ['stages', index, 'target'], message, fix }, notes: [] }
  }
}

/** A stage that begins later has to be rehearsed by now as well: a pipeline that is refused half way is half a release. */
async function unrehearsedStage(
  { plan }: PipelineStage,
  index: number,
  foresight: Foresight,
  now: Instant,
): Promise<readonly Problem[]> {
  const problems = await rehearsalProblems(plan, foresight, now)
  return problems.map((problem) => ({ ...problem, path: ['stages', index, 'target'] }))
}

/** One after the other: whoever asks while another plan is looked at is told nothing. */
async function learnedInTurn({ stages }: Pipeline, written: PipelineWish['written'], foresight: Foresight) {
  const until = performance.now() + PATIENCE
  const found: Awaited<ReturnType<typeof learned>>[] = []
  for (const stage of stages) {
    const isInTime = performance.now() < until
    found.push(isInTime ? await learned(stage, written[stage.name], foresight) : { name: stage.name, stage, notes: [] })
  }
  return found
}

async function learned(stage: PipelineStage, written: unknown, { foresee, learnWarmUp }: Foresight) {
  const [foreseen, { warmUp, notes }] = await Promise.all([foresee(stage.plan), learnWarmUp(stage.plan, written)])
  return {
    name: stage.name,
    stage: warmUp === undefined ? stage : { ...stage, warmUp },
    notes: [...foreseen, ...notes],
  }
}
