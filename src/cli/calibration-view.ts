import { type PastRow, type PastScore, pastRows, scoreOf } from '../analysis/calibration/past-summary.ts'
import type { AnswerTo } from '../api/operations.ts'
import { parseReleaseId } from '../domain/target.ts'
import { formatDuration, formatPercent } from '../domain/units.ts'
import type { RenderOptions } from './render.ts'
import { tableOf } from './table.ts'
import { clean, columnsOf, createPaint, type Paint, wrap } from './text.ts'

type Calibration = AnswerTo<'calibrate'>
type Check = Calibration['checks'][number]

interface CalibrationView {
  readonly service: string
  readonly environment: string
  /** What was replayed, in words. */
  readonly source: string
  readonly checks: Calibration['checks']
  /** What the server said of releases that are over; null for a file, which holds what it holds. */
  readonly past: Calibration['past'] | null
  /** How long the releases took to settle; absent from an older server. */
  readonly settling?: Calibration['settling']
  /** What checks that only warn would have done; absent from an older server. */
  readonly warnings?: Calibration['warnings'] | undefined
}

/** The figures of every check, the releases that are over, and the lines to paste, at most `width` columns. */
export function renderCalibration(
  { service, environment, source, checks, past, settling = null, warnings = [] }: CalibrationView,
  { width, color }: Pick<RenderOptions, 'width' | 'color'>,
): readonly string[] {
  const paint = createPaint(color)
  const measured = checks.flatMap((check) => ('report' in check ? [check] : []))
  const limits = checks.flatMap((check) => ('limit' in check ? [check] : []))
  const skipped = checks.flatMap((check) => ('skipped' in check ? [check] : []))
  const lines = measured.flatMap(({ line }) => (line === null ? [] : [line]))
  const blocks = [
    [paint('bold', clean(`${service} in ${environment}`)), ...wrap(`stable against itself, ${clean(source)}`, width)],
    measured.length + limits.length === 0
      ? []
      : tableOf(CHECK_HEADS, [...measured.flatMap(rowsOf), ...limits.map(limitRow)], {
          endsAlike: (column) => column > 1,
        }).map((line, at) => (at === 0 ? paint('dim', line) : line)),
    measured.flatMap(({ report, used }) => [
      ...wrap(clean(report.summary), width),
      ...wrap(usedText(used), width - 2).map((line) => paint('dim', `  ${line}`)),
    ]),
    limits.flatMap(({ limit, used }) => [
      ...wrap(clean(limit.summary), width),
      ...wrap(usedText(used), width - 2).map((line) => paint('dim', `  ${line}`)),
    ]),
    measured.length + limits.length === 0 ? [] : wrap(LEGEND, width).map((line) => paint('dim', line)),
    renderPast(checks, past, width, paint),
    warnings.flatMap(({ summary }) => wrap(clean(summary), width)),
    settling === null ? [] : wrap(clean(settling.summary), width),
    skipped.flatMap(({ name, skipped: why }) => wrap(clean(`${name}: not calibrated, ${why}`), width)),
    lines.length === 0 ? [] : ['paste these under checks:', ...lines.map((line) => `  ${clean(line)}`)],
  ]
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]))
    .map((line) => line.trimEnd())
}

const LEGEND =
  'FALSE: the share of replays of stable against itself that failed; ~ marks an estimate (fewer than ten failed). 1.5x, 2x, 4x: the median time until a canary that many times worse (with that many times fewer, for what may not fall) is noticed, or the share of replays that notice it. tightest: the smallest tolerance without false alarms; the line to paste keeps yours.'

type Measured = Extract<Check, { readonly report: unknown }>

const CHECK_HEADS = ['CHECK', '', 'RATIO', 'α', 'MIN', 'FALSE', '1.5x', '2x', '4x']

function rowsOf({ name, report, minRequests }: Measured): readonly (readonly string[])[] {
  const { current, proposed, effects, proposedEffects, isFall } = report
  const tolerance = (ratio: number) => `${Number((isFall ? 1 / ratio : ratio).toPrecision(3))}x`
  const row = (label: string, what: string, at: typeof current, delays: typeof effects, least: string) => [
    ...[label, what, tolerance(at.notWorseThan), formatPercent(at.alpha, 3), least, falseText(at)],
    ...delays.map((delay) =>
      (isFall ? 1 / delay.times : delay.times) <= at.notWorseThan ? 'allowed' : delayText(delay),
    ),
  ]
  const now = row(fit(name, LONGEST_NAME), 'now', current, effects, '')
  if (proposed === null) return [now, ['', 'no tolerance up to 5x keeps the budget']]
  const isKept = proposed.notWorseThan <= current.notWorseThan && proposed.alpha === current.alpha
  if (isKept && proposed.notWorseThan === current.notWorseThan) return [now]
  return [now, row('', isKept ? 'tightest' : 'proposed', proposed, proposedEffects, String(minRequests ?? ''))]
}

function limitRow({ name, limit }: Extract<Check, { readonly limit: unknown }>): readonly string[] {
  const { falseAlarms, effects } = limit
  return [fit(name, LONGEST_NAME), 'now', '', 'none', '', formatPercent(falseAlarms, 3), ...effects.map(delayText)]
}

function delayText({ medianDelay, detected }: Measured['report']['effects'][number]): string {
  return medianDelay === null ? `in ${Math.round(detected * 100)}%` : formatDuration(medianDelay)
}

/** A text that people chose, at most so wide: of a long one the middle is left out. */
function fit(text: string, most: number): string {
  const letters = Array.from(clean(text))
  if (columnsOf(letters.join('')) <= most) return letters.join('')
  const kept = Math.floor((most - 1) / 2)
  return `${letters.slice(0, kept).join('')}…${letters.slice(-kept).join('')}`
}

const LONGEST_NAME = 14

/** A share that was counted, or, with a ~, one that too few replays reached. */
function falseText({ falseAlarms, likelyFalseAlarms }: Measured['report']['current']): string {
  return falseAlarms === likelyFalseAlarms ? formatPercent(falseAlarms, 3) : `~${formatPercent(likelyFalseAlarms, 2)}`
}

function usedText({ windows, looks, lookLength, replays }: Measured['used']): string {
  return `${replays} replays of ${looks} looks of ${formatDuration(lookLength)}, out of ${windows} recorded windows`
}

const PAST_HEADS = ['RELEASE', 'VERSION', 'IN FACT', 'LOOKS', 'NOW', 'PROPOSED']

function renderPast(
  checks: Calibration['checks'],
  used: Calibration['past'] | null,
  width: number,
  paint: Paint,
): readonly string[] {
  const rows = pastRows(checks)
  const notes = [
    ...(used?.fault == null ? [] : [`past releases could not be read: ${clean(used.fault)}`]),
    ...(used === null || used.unread === 0
      ? []
      : [`${used.unread} more were not judged: too many, or their histories cannot be read`]),
  ].flatMap((note) => wrap(note, width))
  if (rows.length === 0) return notes
  const isChanged = checks.some(({ past }) => past.some(({ proposed }) => proposed !== null))
  const columns = isChanged ? PAST_HEADS.length : PAST_HEADS.length - 1
  const table = tableOf(
    PAST_HEADS.slice(0, columns),
    rows.map((row) => cellsOf(row).slice(0, columns)),
  )
  const wrong = rows.flatMap(({ outcome, releaseId, now }) =>
    outcome === 'promoted' && now !== null ? [`${numberText(releaseId)}, ${now.check}: ${now.reason}`] : [],
  )
  return [
    'past releases, judged again',
    ...table.map((line, at) => (at === 0 ? paint('dim', line) : line)),
    ...wrap(scoreText('now', scoreOf(rows, 'now')), width),
    ...(isChanged ? wrap(scoreText('proposed', scoreOf(rows, 'proposed')), width) : []),
    ...wrong.slice(0, MOST_REASONS).flatMap((text) => wrap(clean(text), width).map((line) => paint('yellow', line))),
    ...notes,
  ]
}

/** Sentences about promoted releases that would have failed: one or two say what is wrong with a check. */
const MOST_REASONS = 3

function cellsOf(row: PastRow): readonly string[] {
  const { releaseId, version, looks, now, proposed } = row
  const said = (failure: PastRow['now']) => {
    if (failure !== null) return `${fit(failure.check, 10)}, ${formatDuration(failure.after)}`
    return looks > 0 ? 'quiet' : 'not seen'
  }
  return [numberText(releaseId), fit(version, LONGEST_NAME), factText(row), String(looks), said(now), said(proposed)]
}

/** `#7`: service and environment stand above. */
function numberText(releaseId: string): string {
  const parsed = parseReleaseId(releaseId)
  return parsed === null ? releaseId : `#${parsed.number}`
}

function factText({ outcome, abandoned, givenUpAfter }: PastRow): string {
  if (outcome === 'promoted') return 'promoted'
  if (abandoned === null || givenUpAfter === null) return 'rolled back'
  const who = abandoned.cause === 'failed-check' ? 'by a check' : `${abandoned.cause} by ${fit(abandoned.by, 10)}`
  return `${who}, ${formatDuration(givenUpAfter)}`
}

function scoreText(label: string, { promoted, rolledBack }: PastScore): string {
  const { seen, failed, medianAfter } = rolledBack
  const median = medianAfter === null ? '' : ` (median after ${formatDuration(medianAfter)})`
  return `${label}: would have failed ${promoted.failed} of ${promoted.seen} promoted and ${failed} of ${seen} rolled back${median}`
}
