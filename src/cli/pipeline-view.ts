import type { AnswerTo } from '../api/operations.ts'
import { pipelineName } from '../domain/pipeline/pipeline.ts'
import { STAGE_MARKS, stageWords, versionsText } from '../domain/pipeline/pipeline-words.ts'
import { wavesOf } from '../domain/pipeline/stage-order.ts'
import { formatDuration } from '../domain/units.ts'
import { hanging } from './power-table.ts'
import { ago, phaseStyle, type RenderOptions } from './render.ts'
import { tableOf, widest } from './table.ts'
import { clean, createPaint, pad, usableWidth, wrap } from './text.ts'

type Card = AnswerTo<'showPipeline'>
type Stage = Card['stages'][number]

const MOST_STORY = 8
const STORY_GUTTER = 13

/** A pipeline for a terminal: its stages wave by wave, what they do, and the last of its story. */
export function renderPipeline(card: Card, { width, now, color }: RenderOptions): readonly string[] {
  const columns = usableWidth(width)
  const paint = createPaint(color)
  const title = clean(`${card.name} ${versionsText(card.versions)}`)
  const id = clean(pipelineName(card.pipelineId))
  const lasted = formatDuration((card.endedAt ?? now) - card.startedAt)
  const author = clean(card.author)
  const age = card.isEnded ? `after ${lasted} · started by ${author}` : `started ${lasted} ago by ${author}`
  const phase = clean(card.phase)
  const reason = card.reason === null || card.reason === '' ? [] : wrap(clean(card.reason), columns - 2)
  return [
    paint('bold', pad(title, Math.max(0, columns - id.length - 1))) + ` ${paint('dim', id)}`,
    `${paint([phaseStyle(phase), 'bold'], phase)} · ${age}`,
    ...reason.map((line) => `  ${paint('yellow', line)}`),
    '',
    ...wavesOf(card.stages).flatMap((wave) =>
      wave.flatMap((stage) => stageLines(stage, card, { columns, now, paint })),
    ),
    '',
    ...card.trail.slice(-MOST_STORY).flatMap(({ at, text }) => {
      const [first = '', ...more] = wrap(clean(text), columns - STORY_GUTTER - 2)
      const head = `  ${paint('dim', pad(ago(at, now), STORY_GUTTER))}${first}`
      return [head, ...more.map((line) => ' '.repeat(STORY_GUTTER + 2) + line)]
    }),
    ...(card.verbs.length === 0 ? [] : ['', `  ${paint('dim', 'now')}  ${card.verbs.join(', ')}`]),
    ...card.stages.flatMap(({ name, phase: at }) =>
      at === 'asking' ? [paint('bold', `  sluice pipeline approve ${id} --stage ${clean(name)}`)] : [],
    ),
  ]
}

function stageLines(
  stage: Stage,
  card: Card,
  {
    columns,
    now,
    paint,
  }: { readonly columns: number; readonly now: number; readonly paint: ReturnType<typeof createPaint> },
): readonly string[] {
  const names = widest(card.stages.map(({ name }) => clean(name)))
  const targets = widest(card.stages.map(({ target }) => clean(target)))
  const mark = STAGE_MARKS[stage.phase]
  const style =
    stage.phase === 'done' ? 'green' : mark === '✗' || mark === '↩' ? 'red' : mark === '⏸' ? 'yellow' : 'cyan'
  const words = wrap(clean(stageWords(stage, card, now)), columns - names - 7).filter(Boolean)
  const head = `  ${paint(style, pad(mark, 1))} ${pad(clean(stage.name), names)}  ${pad(clean(stage.target), targets)}  ${stage.phase}`
  return [head.trimEnd(), ...words.map((line) => `${' '.repeat(names + 6)}${paint('dim', line)}`)]
}

/** One line of a watch: the phase of each stage that has begun. */
export function summaryOf({ phase, stages }: Card): string {
  const begun = stages.filter((stage) => stage.phase !== 'waiting').map(({ name, phase: at }) => `${name} ${at}`)
  return clean(`${phase}${begun.length === 0 ? '' : `: ${begun.join(', ')}`}`)
}

/** A list of pipelines as a table. */
export function renderPipelines(
  { pipelines, next }: AnswerTo<'listPipelines'>,
  { now, color }: Pick<RenderOptions, 'now' | 'color'>,
): readonly string[] {
  if (pipelines.length === 0) return ['no pipelines']
  const paint = createPaint(color)
  const rows = pipelines.map(({ pipelineId, versions, phase, startedAt, endedAt }) => [
    pipelineName(pipelineId),
    versions,
    phase,
    endedAt === null ? `for ${formatDuration(now - startedAt)}` : ago(endedAt, now),
  ])
  const [head = '', ...lines] = tableOf(['PIPELINE', 'VERSION', 'PHASE', 'WHEN'], rows, {
    paint: (cell, _row, column) => (column === 2 ? paint(phaseStyle(cell.trimEnd()), cell) : cell),
  })
  return [paint('dim', head), ...lines, ...(next === null ? [] : [paint('dim', `more: --next ${clean(next)}`)])]
}

const ON_FAIL = {
  'rollback-all': 'when a stage fails, everything goes back, the last stage first',
  'rollback-stage': 'when a stage fails, that stage goes back and nothing further begins; the others keep the version',
  stop: 'when a stage fails, nothing further begins until a person says how it goes on',
} as const

/** What a pipeline will do, wave by wave. */
export function renderCheckedPipeline(
  file: string,
  { name, stages, onFail }: AnswerTo<'checkPipeline'>,
  { width }: Pick<RenderOptions, 'width'>,
): readonly string[] {
  const waves = wavesOf(stages)
  const digits = String(waves.length).length
  const names = widest(stages.map((stage) => clean(stage.name)))
  const targets = widest(stages.map(({ target }) => clean(target)))
  return [
    ...hanging(`${clean(file)} is a valid pipeline: ${clean(name)}`, width),
    ...waves.flatMap((wave, number) =>
      wave.flatMap((stage, index) => {
        const { planned, soak, approve, gate, steps } = stage
        const facts = [
          ...(approve === null ? [] : [`approved by ${approve}`]),
          ...(gate === null ? [] : [gate]),
          `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}, ${formatDuration(planned)}`,
          ...(soak === 0 ? [] : [`soak ${formatDuration(soak)}`]),
        ]
        const place = index === 0 ? String(number + 1).padStart(digits) : ' '.repeat(digits)
        const head = `  ${place}  ${pad(clean(stage.name), names)}  ${pad(clean(stage.target), targets)}  `
        const [first = '', ...more] = wrap(clean(facts.join(', ')), Math.max(20, width - head.length))
        return [head + first, ...more.map((line) => ' '.repeat(head.length) + line)]
      }),
    ),
    ...hanging(ON_FAIL[onFail], width - 2).map((line) => `  ${line}`),
  ]
}
