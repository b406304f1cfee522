import { setImmediate as breathe } from 'node:timers/promises'
import type { CheckCalibration, Effort } from '../../analysis/plan-calibration.ts'
import type { CalibrationAnswer } from '../../api/routes/calibrations.ts'
import type { Plan } from '../../domain/plan.ts'
import { formatDuration, type Milliseconds, parseDuration } from '../../domain/units.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { readPlanFile, withPlaces } from '../plan-file.ts'
import type { RenderOptions } from '../render.ts'
import type { Session } from '../session.ts'
import { clean, columnsOf, createPaint, pad, wrap } from '../text.ts'

export interface CalibrateOptions {
  readonly since?: string
  readonly recording?: string
  readonly config?: string
  readonly replays: string
  readonly seed: string
}

/** `sluice calibrate`: how often the checks of a plan would have cried wolf over the past of stable. */
export async function calibrateFile(name: string, options: CalibrateOptions, session: Session): Promise<void> {
  const seed = wholeNumber('--seed', options.seed, 0, 2 ** 32)
  if (options.recording === undefined) return calibrateAtServer(name, options.since ?? '14d', seed, session)
  const replays = wholeNumber('--replays', options.replays, 20, 100_000)
  const { plan, file } = await checkedPlan(name, options.config, session)
  const checks = await calibrateHere(plan, file.yaml.value, options.recording, { replays, seed }, session)
  const source = `from ${clean(options.recording)}, seed ${seed}`
  session.say(renderCalibration(plan, source, checks, session.look()), { ...targetOf(plan), used: { seed }, checks })
}

/** The server asks its metric sources for up to 15 s and works for some seconds more. */
const SERVER_DEADLINE: Milliseconds = 60_000

async function calibrateAtServer(name: string, since: string, seed: number, session: Session): Promise<void> {
  const parsed = parseDuration(since)
  if (!parsed.ok) throw new CliFailure(EXIT.usage, `--since ${clean(since)}: expected ${parsed.expected}`)
  const file = await readPlanFile(name, session.terminal)
  session.hint('the server reads the past and replays it; this takes some seconds')
  const body = { plan: file.yaml.value, since, seed }
  const answer = await withPlaces(file, () =>
    session.api.post<CalibrationAnswer>('/api/v1/calibrations', body, undefined, SERVER_DEADLINE),
  )
  const { used, checks } = answer
  const source = `from the last ${formatDuration(used.since)} in windows of ${formatDuration(used.step)}, seed ${used.seed}`
  session.say(renderCalibration(answer, source, checks, session.look()), answer)
}

/** Enough for any plan: here only the person who asked waits. */
const LOCAL_LOOKS = 2_000_000

async function calibrateHere(
  plan: Plan,
  written: unknown,
  path: string,
  { replays, seed }: { readonly replays: number; readonly seed: number },
  session: Session,
): Promise<readonly CheckCalibration[]> {
  const recordings = await readRecording(path, session)
  const { calibratePlan } = await import('../../analysis/plan-calibration.ts')
  const effort: Effort = { looks: LOCAL_LOOKS, replays }
  const checks: CheckCalibration[] = []
  const total = plan.checks.length
  for (const one of calibratePlan(plan, written, recordings, effort, seed)) {
    checks.push(one)
    session.hint(`${clean(one.name)} done (${checks.length} of ${Math.max(total, checks.length)})`)
    await breathe()
  }
  return checks
}

async function readRecording(path: string, { terminal }: Session) {
  const text = await terminal.readFile(path).catch(() => {
    throw new CliFailure(EXIT.usage, `${clean(path)} cannot be read`)
  })
  const { readRecordings } = await import('../../domain/recording.ts')
  const read = readRecordings(parse(text))
  if ('problems' in read) {
    const lines = read.problems.slice(0, MOST_PROBLEMS).map((problem) => `${clean(path)}: ${clean(problem)}`)
    const more = read.problems.length - lines.length
    throw new CliFailure(EXIT.refused, [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'))
  }
  return Object.fromEntries(
    Object.entries(read.recordings).map(([source, value]) => [source, { kind: 'value', value }] as const),
  )
}

const MOST_PROBLEMS = 20

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value
  throw new CliFailure(EXIT.usage, `${flag} ${clean(text)}: expected a whole number from ${least} to ${most}`)
}

const targetOf = ({ service, environment }: Plan) => ({ service, environment })

/** The figures of every check, then the sentences and the lines to paste, at most `width` columns. */
export function renderCalibration(
  { service, environment }: { readonly service: string; readonly environment: string },
  source: string,
  checks: readonly CheckCalibration[],
  { width, color }: Pick<RenderOptions, 'width' | 'color'>,
): readonly string[] {
  const paint = createPaint(color)
  const measured = checks.flatMap((check) => ('report' in check ? [check] : []))
  const skipped = checks.flatMap((check) => ('skipped' in check ? [check] : []))
  const lines = measured.flatMap(({ line }) => (line === null ? [] : [line]))
  const blocks = [
    [paint('bold', clean(`${service} in ${environment}`)), ...wrap(`stable against itself, ${clean(source)}`, width)],
    measured.length === 0
      ? []
      : tableOf(measured.flatMap(rowsOf)).map((line, at) => (at === 0 ? paint('dim', line) : line)),
    measured.flatMap(({ report, used }) => [
      ...wrap(clean(report.summary), width),
      ...wrap(usedText(used, report.current.alpha), width - 2).map((line) => paint('dim', `  ${line}`)),
    ]),
    measured.length === 0 ? [] : wrap(LEGEND, width).map((line) => paint('dim', line)),
    skipped.flatMap(({ name, skipped: why }) => wrap(clean(`${name}: not calibrated, ${why}`), width)),
    lines.length === 0 ? [] : ['to paste under checks:', ...lines.map((line) => `  ${clean(line)}`)],
  ]
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]))
    .map((line) => line.trimEnd())
}

const LEGEND =
  'false: how many replays of stable against itself failed. worse: the median time until a canary that is so many times worse is seen, or in how many replays it is. tightest: the smallest ratio that would still keep quiet; the line to paste keeps yours.'

type Measured = Extract<CheckCalibration, { readonly report: unknown }>

const EFFECT_HEADS = [1.5, 2, 4].map((times) => `${times}x WORSE`)

function rowsOf({ name, report }: Measured): readonly (readonly string[])[] {
  const { current, proposed, effects, proposedEffects, minRequests } = report
  const row = (label: string, what: string, at: typeof current, delays: typeof effects, least: string) => [
    ...[label, what, `${Number(at.notWorseThan.toPrecision(4))}x`, percent(at.alpha), least, percent(at.falseAlarms)],
    ...delays.map(({ medianDelay, detected }) =>
      medianDelay === null ? `in ${Math.round(detected * 100)}%` : formatDuration(medianDelay),
    ),
  ]
  const now = row(name, 'now', current, effects, '')
  if (proposed === null) return [now, ['', 'no tolerance keeps the budget']]
  const label = proposed.notWorseThan < current.notWorseThan ? 'tightest' : 'proposed'
  return [now, row('', label, proposed, proposedEffects, minRequests === null ? '' : String(minRequests))]
}

function tableOf(rows: readonly (readonly string[])[]): readonly string[] {
  const heads = ['CHECK', '', 'RATIO', 'α', 'MIN', 'FALSE', ...EFFECT_HEADS]
  const widths = heads.map((head, column) =>
    [head, ...rows.flatMap((row) => (row.length < heads.length ? [] : [row[column] ?? '']))].reduce(
      (most, cell) => Math.max(most, columnsOf(cell)),
      0,
    ),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => pad(clean(cell), widths[column] ?? 0, column < 2 ? 'end' : 'start')).join('  ')
  return [heads, ...rows].map(line)
}

function usedText({ windows, looks, lookLength, replays }: Measured['used'], alpha: number): string {
  // Rule of three: no event in n tries bounds its probability by 3/n with 95 %.
  const bound = 3 / replays
  const caution =
    bound > alpha ? `; 0% of ${replays} shows no more than under ${percent(Number(bound.toPrecision(2)))}` : ''
  return `${replays} replays of ${looks} looks of ${formatDuration(lookLength)}, out of ${windows} recorded windows${caution}`
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`
}
