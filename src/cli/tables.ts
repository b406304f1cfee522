import type { AnswerTo } from '../api/operations.ts'
import { formerText, pinText, vetoText } from '../domain/lane/lane-view.ts'
import { formatDuration, formatWeight, type Instant } from '../domain/units.ts'
import { ago, phaseStyle, type RenderOptions, shortId } from './render.ts'
import { tableOf } from './table.ts'
import { clean, createPaint, pad, wrap } from './text.ts'

/** A list of releases as a table; columns give way to the width by wrapping nothing: ids are what one copies. */
export function renderList(
  { releases, next }: AnswerTo<'listReleases'>,
  { now, color }: Omit<RenderOptions, 'width'>,
): readonly string[] {
  const paint = createPaint(color)
  if (releases.length === 0) return ['no releases']
  const rows = releases.map((row) => [
    shortId(row.releaseId),
    row.version,
    row.phase,
    formatWeight(row.weight),
    row.verdict,
    ageText(row.startedAt, row.endedAt, now),
  ])
  const heads = ['RELEASE', 'VERSION', 'PHASE', 'CANARY', 'CHECKS', 'WHEN']
  const [head = '', ...lines] = tableOf(heads, rows, {
    paint: (cell, _row, column) => (column === 2 ? paint(phaseStyle(cell.trimEnd()), cell) : cell),
  })
  return [paint('dim', head), ...lines, ...(next === null ? [] : [paint('dim', `more: --next ${clean(next)}`)])]
}

function ageText(startedAt: Instant, endedAt: Instant | null, now: Instant): string {
  if (endedAt === null) return `for ${formatDuration(now - startedAt)}`
  return ago(endedAt, now)
}

const LABEL = 15

/** The lock, the queue, the freeze and the keeper of a target. */
export function renderLane(lane: AnswerTo<'showLane'>, { width, now, color }: RenderOptions): readonly string[] {
  const paint = createPaint(color)
  const {
    target,
    running,
    queue,
    freeze,
    promotedVersion,
    stable,
    keeper,
    pin = null,
    vetoes = [],
    former = null,
    isUnrouted,
  } = lane
  const field = (label: string, text: string, style: Parameters<typeof paint>[0] | null = null) =>
    wrap(clean(text), width - LABEL - 2).map((line, index) => {
      const shown = style === null ? line : paint(style, line)
      return `  ${paint('dim', pad(index === 0 ? label : '', LABEL))}${shown}`
    })
  return [
    paint('bold', clean(`${target.service} in ${target.environment}`)),
    ...(freeze === null ? [] : field('frozen', `by ${freeze.by}, ${ago(freeze.at, now)}: ${freeze.reason}`, 'yellow')),
    ...(pin === null ? [] : field('pinned', `${pinText(pin)} (${ago(pin.at, now)})`, 'yellow')),
    ...field('running', running === null ? 'nothing' : shortId(running)),
    ...(isUnrouted === true
      ? []
      : field('stable', stable === null ? 'not known' : `${stable.pool}${versionText(stable.version)}`)),
    ...field('last promoted', promotedVersion ?? 'not known'),
    ...(former === null ? [] : field('before it', formerText(former))),
    ...(former?.watchedBy == null ? [] : field('watched by', shortId(former.watchedBy))),
    ...field(isUnrouted === true ? 'flags' : 'router', keeper.text, keeper.state === 'recovering' ? 'red' : null),
    ...vetoes.flatMap((veto, index) =>
      field(index === 0 ? 'not again' : '', `${vetoText(veto)} (${ago(veto.at, now)})`),
    ),
    ...queue.flatMap((waiting, index) => field(index === 0 ? 'waiting' : '', waitingText(waiting, now))),
  ]
}

function versionText(version: string | null): string {
  return version === null ? '' : `, ${version}`
}

function waitingText(
  { releaseId, version, author, queuedAt, overtakenBy }: AnswerTo<'showLane'>['queue'][number],
  now: Instant,
) {
  const since = queuedAt === null ? '' : `, ${ago(queuedAt, now)}`
  const overtaken =
    overtakenBy === null ? '' : `; ${overtakenBy} was promoted in the meantime, so it will ask before it continues`
  return `${shortId(releaseId)}  ${version}, by ${author}${since}${overtaken}`
}
