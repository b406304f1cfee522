import { randomUUID } from 'node:crypto'
import type { AnswerTo } from '../../api/operations.ts'
import { chosenPipeline, type PipelineChoice } from '../../config/chosen-pipeline.ts'
import { checkedPipeline } from '../../domain/pipeline/checked-pipeline.ts'
import { namedTwice, pipelineName } from '../../domain/pipeline/pipeline.ts'
import type { PipelineVerb } from '../../domain/pipeline/pipeline-verbs.ts'
import { readPipeline } from '../../domain/pipeline/read-pipeline.ts'
import { readPlan } from '../../domain/plan/plan.ts'
import { nameText } from '../../domain/plan/plan-values.ts'
import type { Problem } from '../../domain/problems.ts'
import { contextOf } from '../checked-plan.ts'
import { CliFailure, EXIT, type ExitCode } from '../failure.ts'
import { readPipelineFile } from '../pipeline-file.ts'
import { renderCheckedPipeline, renderPipeline, renderPipelines, summaryOf } from '../pipeline-view.ts'
import { type PlanFile, planFailure, withPlaces } from '../plan-file.ts'
import { pipelineAddress, type Session } from '../session.ts'
import { clean } from '../text.ts'
import { watchUntilEnded } from '../watch-until-ended.ts'

type Card = AnswerTo<'showPipeline'>

const PIPELINES = '/api/v1/pipelines'

/** `sluice pipeline check`: all that is wrong with a pipeline and its plans, or what it will do. */
export async function checkPipeline(
  name: string,
  { config }: { readonly config?: string },
  session: Session,
): Promise<void> {
  const file = await readChoice(name, session)
  const checked =
    config === undefined
      ? await withPlaces(file, () => session.api.post<AnswerTo<'checkPipeline'>>(`${PIPELINES}/check`, file.choice))
      : await checkHere(file.choice, file.yaml, config)
  session.say(renderCheckedPipeline(name, checked, session.look()), checked)
}

async function checkHere(choice: PipelineChoice, { locate }: PlanFile['yaml'], config: string) {
  const { installation, context, plans } = await contextOf(config)
  const { written, placed } = chosenPipeline(choice, installation)
  const read = await readPipeline(written, {
    ...context,
    readPlan: async (plan) => readPlan(plan, context),
    registeredPlan: plans,
  })
  if ('problems' in read) throw planFailure(placed(read.problems).map(locate))
  return checkedPipeline(read.pipeline)
}

/** What is sent: the pipeline of a file, or the name of one that the server knows where there is no such file. */
async function readChoice(
  name: string,
  { terminal }: Session,
): Promise<Pick<PlanFile, 'yaml'> & { choice: PipelineChoice }> {
  try {
    const { yaml } = await readPipelineFile(name, terminal)
    return { yaml, choice: { pipeline: yaml.value } }
  } catch (error) {
    const isUnread = error instanceof CliFailure && error.exitCode === EXIT.usage
    if (!isUnread || !nameText.safeParse(name).success) throw error
    const locate = ({ place, ...problem }: Problem) => ({
      ...problem,
      ...(place ?? { file: name, line: 1, column: 1 }),
    })
    return { yaml: { value: null, locate }, choice: { name } }
  }
}

export interface PipelineStartOptions {
  /** One version, or `service=version` for each service. */
  readonly version: readonly string[]
  readonly reason: string
  readonly key?: string
  readonly watch?: true
}

/** `sluice pipeline start`: starts a pipeline, and follows it where that is asked. */
export async function startPipeline(name: string, options: PipelineStartOptions, session: Session): Promise<ExitCode> {
  const { reason, key = randomUUID(), watch } = options
  const version = versionIn(options.version)
  const file = await readChoice(name, session)
  const body = { ...file.choice, version, reason }
  const answer = await withPlaces(file, () => session.api.post<AnswerTo<'startPipeline'>>(PIPELINES, body, { key }))
  const id = clean(pipelineName(answer.pipelineId))
  for (const note of answer.notes ?? []) session.hint(clean(note))
  if (watch !== true || !session.isJson) session.say([`${id} started`], answer)
  if (watch === true) return watchPipeline(id, session)
  session.hint(`watch it with: sluice pipeline status ${id} --watch`)
  return EXIT.ok
}

function versionIn(written: readonly string[]): string | Readonly<Record<string, string>> {
  const [first = '', ...more] = written
  if (more.length === 0 && !first.includes('=')) return first
  const pairs = written.map((text) => {
    const [service = '', version = '', ...rest] = text.split('=')
    if (version !== '' && rest.length === 0) return [service, version] as const
    const expected = 'one version, or a service and its version for each service, such as checkout=2.4.0'
    throw new CliFailure(EXIT.usage, `--version ${clean(text)}: expected ${expected}`)
  })
  const twice = namedTwice(pairs.map(([service]) => service))
  if (twice !== undefined)
    throw new CliFailure(EXIT.usage, `--version: ${clean(twice)} has two versions, name each service once`)
  return Object.fromEntries(pairs)
}

/** `sluice pipeline status`: one pipeline, once or until it has ended. */
export async function showPipeline(id: string, isWatching: boolean, session: Session): Promise<ExitCode> {
  if (isWatching) return watchPipeline(id, session)
  const card = await session.api.get<Card>(pipelineAddress(id))
  session.say(renderPipeline(card, session.look()), card)
  return EXIT.ok
}

async function watchPipeline(id: string, session: Session): Promise<ExitCode> {
  const watched = {
    look: () => session.api.get<Card>(pipelineAddress(id)),
    render: (seen: Card) => renderPipeline(seen, session.look()),
    head: (seen: Card) => clean(`${seen.name}, ${pipelineName(seen.pipelineId)}`),
    summary: summaryOf,
  }
  const { phase } = await watchUntilEnded(watched, session)
  return phase === 'promoted' ? EXIT.ok : EXIT.refused
}

export interface PipelineListOptions {
  readonly name?: string
  readonly phase?: string
  readonly size?: string
  readonly next?: string
}

/** `sluice pipeline list`: the pipelines, newest first. */
export async function listPipelines({ name, phase, size, next }: PipelineListOptions, session: Session): Promise<void> {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries({ name, phase, size, next })) if (value !== undefined) query.set(key, value)
  const address = query.size === 0 ? PIPELINES : `${PIPELINES}?${query.toString()}`
  const page = await session.api.get<AnswerTo<'listPipelines'>>(address)
  session.say(renderPipelines(page, session.look()), page)
}

/** `sluice pipeline approve`, `abort` and so on. */
export async function commandPipeline(
  verb: PipelineVerb,
  id: string,
  { reason, stage }: { readonly reason: string; readonly stage?: string },
  session: Session,
): Promise<void> {
  const body = { verb, reason, ...(stage !== undefined && { stage }) }
  const sending = { key: randomUUID(), isUrgent: true }
  const answer = await session.api.post<AnswerTo<'commandPipeline'>>(`${pipelineAddress(id)}/commands`, body, sending)
  session.say([`${clean(pipelineName(answer.pipelineId))}: ${clean(answer.text)}`], answer)
}
