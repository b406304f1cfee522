import { SluiceError } from '../domain/errors.ts'
import type { Pipeline, PipelineStage } from '../domain/pipeline/pipeline.ts'
import type { PipelineRead } from '../domain/pipeline/read-pipeline.ts'
import { overlapProblems, pipelineVersions, startProblems } from '../domain/pipeline/start-problems.ts'
import { createProblemList, type Problem } from '../domain/problems.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import type { Pipelines } from '../releases/pipelines.ts'
import type { Releases } from '../releases/releases.ts'
import { chosenPipeline, type PipelineChoice } from './chosen-pipeline.ts'
import { type StartWish, throughFreezes } from './freezes.ts'
import { rehearsalProblems } from './rehearsed.ts'
import type { Foresight } from './start.ts'

/** How long a start waits for what is known of the past of all its stages together. */
const PATIENCE: Milliseconds = 10_000

/** Who reads, asks and starts. */
interface PipelineDoors extends Foresight {
  readonly readPipeline: (written: unknown) => Promise<PipelineRead>
  readonly releases: Foresight['releases'] & Pick<Releases, 'lane'>
  readonly pipelines: Pick<Pipelines, 'start' | 'open' | 'hasBegun'>
}

interface PipelineWish extends Omit<StartWish, 'overridesFreeze'> {
  /** One for all services, or one for each. */
  readonly version: string | Readonly<Record<string, string>>
  readonly key: string
}

interface BegunPipeline {
  readonly pipelineId: string
  /** What its author should know. */
  readonly notes: readonly string[]
}

/**
 * Starts a pipeline, whichever entrance it comes through; or says all that is wrong with it, or why nothing of it can start now.
 * @throws SluiceError `request.invalid` for a name or versions that do not fit, and as the doors do
 */
export async function startPipeline(
  choice: PipelineChoice,
  wish: PipelineWish,
  doors: PipelineDoors,
  now: Instant,
): Promise<BegunPipeline | { readonly problems: readonly Problem[] }> {
  const { written, placed } = chosenPipeline(choice, doors.installation)
  const read = await doors.readPipeline(written)
  if ('problems' in read) return { problems: placed(read.problems) }
  const prepared = await prepare(read, wish, doors, now)
  if ('problems' in prepared) return { problems: placed(prepared.problems) }
  const { notes, ...ready } = prepared
  const { actor: author, reason, key } = wish
  const started = await doors.pipelines.start({ ...ready, author, reason, key })
  if ('heldBy' in started) return { problems: placed(overlapProblems(ready.pipeline, [started.heldBy])) }
  return { pipelineId: started.pipelineId, notes }
}

type ValidPipeline = Exclude<PipelineRead, { readonly problems: unknown }>

type PreparedPipeline =
  | {
      readonly pipeline: Pipeline
      readonly versions: Readonly<Record<string, string>>
      readonly notes: readonly string[]
    }
  | { readonly problems: readonly Problem[] }

/** The pipeline with what was learned for its plans, or why nothing of it can start now. */
async function prepare(
  { pipeline, written }: ValidPipeline,
  { version, key, ...wish }: PipelineWish,
  doors: PipelineDoors,
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
  // What a start has begun must not keep it from its answer when it comes again.
  if (await doors.pipelines.hasBegun(pipeline.name, key)) return { pipeline, versions, notes: [] }
  const [lanes, others] = await Promise.all([
    Promise.all(pipeline.stages.map(({ target }) => doors.releases.lane(target))),
    doors.pipelines.open(),
  ])
  const list = createProblemList()
  for (const problem of startProblems(pipeline, versions, lanes, others)) list.report(problem)
  const freeze = pipeline.stages.map((stage, index) => frozenStage(stage, index, wish, doors, now))
  for (const { problem } of freeze) if (problem !== null) list.report(problem)
  const rehearsals = pipeline.stages.map((stage, index) => unrehearsedStage(stage, index, doors, now))
  for (const problem of (await Promise.all(rehearsals)).flat()) list.report(problem)
  const problems = list.problems()
  if (problems.length > 0) return { problems }
  const stages = await learnedInTurn(pipeline, written, doors)
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
async function learnedInTurn({ stages }: Pipeline, written: ValidPipeline['written'], foresight: Foresight) {
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
