import { createHash } from 'node:crypto'
import { pipelineName } from '../domain/pipeline/pipeline.ts'
import type { PipelineCard, StageRow } from '../domain/pipeline/pipeline-card.ts'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS, type PipelineVerb } from '../domain/pipeline/pipeline-verbs.ts'
import { STAGE_MARKS, stageNews, versionsText } from '../domain/pipeline/pipeline-words.ts'
import { phaseWords } from '../domain/release/release-words.ts'
import type { Pipelines, ShownPipeline } from '../releases/pipelines.ts'
import {
  actions,
  approvalText,
  type Block,
  context,
  header,
  optional,
  phaseText,
  section,
  short,
  slackTime,
  textBlocks,
  verbButton,
} from './elements.ts'
import { clamp, escape, LIMITS } from './text.ts'

/** What a button carries: the stage that it was drawn for, or why the pipeline was paused then. */
interface PipelineButton {
  readonly pipeline: string
  readonly stage: string | null
  readonly hold?: string
}

type StageReleases = ShownPipeline['releases']

const MOST_STAGES = 12
const MOST_APPROVALS = 4
const LONGEST_WORDS = 300
const MOST_STORY = 3

/** A pipeline as a Slack message. At most twenty blocks, every text within Slack's limits. */
export function pipelineBlocks(card: PipelineCard, releases: StageReleases): readonly Block[] {
  const done = card.stages.filter(({ phase }) => phase === 'done').length
  return [
    header(`${card.name} ${versionsText(card.versions)}`),
    section(`${phaseText(card.phase)}, ${done} of ${card.stages.length} stages done`),
    ...optional(card.reason === null ? '' : `*Why:* ${escape(card.reason)}`),
    ...textBlocks(stages(card, releases)),
    ...approvals(card),
    context(origin(card)),
    ...actions(
      PIPELINE_VERB_NAMES.filter((verb) => !PIPELINE_VERBS[verb].meansStage && card.verbs.includes(verb)).map((verb) =>
        button(verb, { pipeline: card.pipelineId, stage: null, ...(verb === 'resume' && { hold: holdOf(card) }) }),
      ),
    ),
  ]
}

/** What a stage waits for, with its buttons; nothing for one that waits for no approval. */
export function stageAskingBlocks({ pipelineId, stages: all, verbs }: PipelineCard, stage: string): readonly Block[] {
  const approval = all.find(({ name }) => name === stage)?.approval ?? null
  if (approval === null) return []
  const open = PIPELINE_VERB_NAMES.filter((verb) => PIPELINE_VERBS[verb].meansStage && verbs.includes(verb))
  return [
    section(approvalText(`Approval of ${short(stage)}`, approval)),
    ...actions(open.map((verb) => button(verb, { pipeline: pipelineId, stage }))),
  ]
}

/** The same in one line: for notifications and for clients that draw no blocks. */
export function pipelineText({ name, versions, phase, reason, stages: all }: PipelineCard): string {
  const asking = all.filter((stage) => stage.phase === 'asking').map((stage) => stage.name)
  const asks = asking.length === 0 ? '' : `; ${asking.join(', ')} to be approved`
  const why = reason === null ? '' : `: ${reason}`
  // `paused by alice: dinner` says the phase itself.
  const standing = reason?.startsWith(`${phase} `) === true ? reason : `${phaseWords(phase)}${why}`
  return clamp(escape(`${name} ${versionsText(versions)}: ${standing}${asks}`), LIMITS.fallback)
}

/** Names why a pipeline is paused, so that a resume for one reason is none for another. */
export function holdOf({ reason }: Pick<PipelineCard, 'reason'>): string {
  return createHash('sha256')
    .update(reason ?? '')
    .digest('hex')
    .slice(0, 8)
}

type Page = Awaited<ReturnType<Pipelines['list']>>

/** Pipelines as lines: those that are open before those that have ended. */
export function pipelinesText(open: Page, ended: Page): string {
  const lines = [...open.pipelines, ...ended.pipelines].map(({ pipelineId, versions, phase, startedAt, endedAt }) => {
    const when = endedAt === null ? `since ${slackTime(startedAt)}` : `ended ${slackTime(endedAt)}`
    return `${phaseText(phase)} \`${short(pipelineName(pipelineId))}\` ${short(versions)}, ${when}`
  })
  if (lines.length === 0) return 'no pipelines'
  const more = open.next === null && ended.next === null ? [] : ['more of them: sluice pipeline list']
  return [...lines, ...more].join('\n')
}

/** Phases in which nothing happens: where there are many stages, the others are shown first. */
const QUIET: readonly string[] = ['waiting', 'done', 'returned'] satisfies readonly StageRow['phase'][]

function stages({ phase, reason, stages: all }: PipelineCard, releases: StageReleases): string {
  const isQuiet = ({ phase }: StageRow) => QUIET.includes(phase)
  const chosen = [...all.filter((stage) => !isQuiet(stage)), ...all.filter(isQuiet)].slice(0, MOST_STAGES)
  const lines = all
    .filter((stage) => chosen.includes(stage))
    .map((stage) => {
      const name = isQuiet(stage) ? short(stage.name) : `*${short(stage.name)}*`
      const head = `${STAGE_MARKS[stage.phase] || '·'} ${name} ${short(stage.target)} ${stage.phase}`
      // An approval has a block of its own.
      if (stage.phase === 'asking') return head
      const { text, until } = stageNews(stage, { phase, stages: all, releases })
      // Why the pipeline stands as it does is said above.
      const words = text === '' || reason === `${stage.name}: ${text}` ? '' : `: ${clamp(escape(text), LONGEST_WORDS)}`
      const time = until === null ? '' : `${words === '' ? '' : ';'} ${until.does} ${slackTime(until.at)}`
      return `${head}${words}${time}`
    })
  const left = all.length - chosen.length
  return [...lines, ...(left > 0 ? [`… ${left} more`] : [])].join('\n')
}

function approvals(card: PipelineCard) {
  const asking = card.stages.filter(({ approval }) => approval !== null)
  const left = asking.length - MOST_APPROVALS
  return [
    ...asking.slice(0, MOST_APPROVALS).flatMap(({ name }) => stageAskingBlocks(card, name)),
    ...optional(left > 0 ? `… ${left} more to be approved, with /release approve and their names` : ''),
  ]
}

function origin({ pipelineId, author, startedAt, trail }: PipelineCard): string {
  const story = trail.slice(-MOST_STORY).map(({ text }) => clamp(escape(text), 400))
  return [`\`${short(pipelineName(pipelineId))}\` started by ${short(author)}, ${slackTime(startedAt)}`, ...story].join(
    '\n',
  )
}

function button(verb: PipelineVerb, value: PipelineButton) {
  return verbButton(verb, PIPELINE_VERBS[verb].button, value)
}
