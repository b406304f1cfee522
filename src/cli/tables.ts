import { formatDuration, formatWeight, type Milliseconds } from '../domain/units.ts'
import type { ReleasePage } from '../releases/releases.ts'
import type { LaneView } from '../workflows/messages.ts'
import { ago, phaseStyle, type RenderOptions, shortId } from './render.ts'
import { clean, columnsOf, createPaint, pad, wrap } from './text.ts'

/** A list of releases as a table; columns give way to the width by wrapping nothing: ids are what one copies. */
export function renderList(
  { releases, next }: ReleasePage,
  { now, color }: Omit<RenderOptions, 'width'>,
): readonly string[] {
  const paint = createPaint(color)
  if (releases.length === 0) return ['no releases']
  const rows = releases.map((row) => [
    shortId(row.releaseId),
    clean(row.version),
    clean(row.phase),
    formatWeight(row.weight),
    clean(row.verdict),
    ageText(row.startedAt, row.endedAt, now),
  ])
  const heads = ['RELEASE', 'VERSION', 'PHASE', 'CANARY', 'CHECKS', 'WHEN']
  const widths = heads.map((head, index) => Math.max(head.length, ...rows.map((row) => columnsOf(row[index] ?? ''))))
  const line = (cells: readonly string[]) => cells.map((cell, index) => pad(cell, widths[index] ?? 0))
  return [
    paint('dim', line(heads).join('  ').trimEnd()),
    ...rows.map((row) => {
      const cells = line(row)
      cells[2] = paint(phaseStyle(row[2] ?? ''), cells[2] ?? '')
      return cells.join('  ').trimEnd()
    }),
    ...(next === null ? [] : [paint('dim', `more: --next ${clean(next)}`)]),
  ]
}

function ageText(startedAt: Milliseconds, endedAt: Milliseconds | null, now: Milliseconds): string {
  if (endedAt === null) return `for ${formatDuration(now - startedAt)}`
  return ago(endedAt, now)
}

/** The lock, the queue and the freeze of a target. */
export function renderLane(lane: LaneView, { width, now, color }: RenderOptions): readonly string[] {
  const paint = createPaint(color)
  const { target, running, queue, freeze, promotedVersion } = lane
  const field = (label: string, text: string) => `  ${paint('dim', pad(label, 15))}${text}`
  const frozen = freeze === null ? '' : `by ${clean(freeze.by)}, ${ago(freeze.at, now)}: ${clean(freeze.reason)}`
  return [
    paint('bold', clean(`${target.service} in ${target.environment}`)),
    ...(freeze === null
      ? []
      : wrap(frozen, width - 17).map((line, index) => field(index === 0 ? 'frozen' : '', paint('yellow', line)))),
    field('running', running === null ? 'nothing' : shortId(running)),
    field('last promoted', promotedVersion === null ? 'not known' : clean(promotedVersion)),
    ...queue.map(({ releaseId, version, author }, index) =>
      field(index === 0 ? 'waiting' : '', `${shortId(releaseId)}  ${clean(version)}, by ${clean(author)}`),
    ),
  ]
}
