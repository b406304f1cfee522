import { formatSeconds, formatShare } from '../analysis/explain.ts'
import { quantileOf } from '../analysis/histogram.ts'
import { formatPower, GOOD_POWER } from '../analysis/power/power.ts'
import type { AnswerTo } from '../api/operations.ts'
import { formatDuration, formatWeight, type Milliseconds } from '../domain/units.ts'
import type { RenderOptions } from './render.ts'
import { tableOf, widest } from './table.ts'
import { clean, columnsOf, createPaint, type Paint, pad, wrap } from './text.ts'

type Page = Pick<RenderOptions, 'width' | 'color'>
type Checked = Required<AnswerTo<'checkPlan'>>
type Row = Checked['power'][number]
type Figure = Row & { readonly regression: NonNullable<Row['regression']> }

/**
 * What each bake sees: the regressions that are asked about, a row per bake and check with a figure, then in words why
 * there is none for the others, and warnings: of a check that is likelier to miss what it is asked about than to see it, that
 * would fail a good canary, that waits for requests longer than the bake lasts. Nothing without rows.
 */
export function renderPower(power: readonly Row[], rps: number, { width, color }: Page): readonly string[] {
  const paint = createPaint(color)
  const figures = power.filter((row): row is Figure => row.regression !== null)
  const at = `at ${String(Number(rps.toPrecision(3)))} requests/s`
  if (power.length === 0) return []
  const head = figures.length === 0 ? `${at} the power of no bake is known` : `power of each bake alone, ${at}`
  const blocks = [
    [paint('bold', head), ...regressions(figures, width)],
    figures.length === 0 ? [] : table(figures, width, paint),
    notes(
      power.filter((row) => row.regression === null && !row.isWeak),
      power,
    ).flatMap((note) => hanging(note, width)),
    warnings(power).flatMap((warning) => hanging(`warning: ${warning}`, width).map((line) => paint('yellow', line))),
  ]
  return blocks.filter((block) => block.length > 0).flatMap((block) => ['', ...block.map((line) => line.trimEnd())])
}

/** `traffic of the last 1d: 52.3 requests/s, errors 0.48%, p50 80 ms, p99 900 ms, orders 3.1% of requests` */
export function renderTraffic(
  since: Milliseconds,
  measured: Checked['measured'],
  missing: readonly string[],
  { width }: Pick<Page, 'width'>,
): readonly string[] {
  const time = formatDuration(since)
  const lines = measured === null ? [] : [`traffic of the last ${time}: ${trafficParts(measured).join(', ')}`]
  const lacking = missing.map(
    (reason) =>
      `${measured === null ? 'no traffic' : 'not all traffic'} of the last ${time} could be measured: ${reason}`,
  )
  return ['', ...[...lines, ...lacking].flatMap((line) => hanging(clean(line), width))]
}

function trafficParts({
  requestsPerSecond,
  errorShare,
  latency,
  events,
}: NonNullable<Checked['measured']>): readonly string[] {
  const quantiles = [0.5, 0.99].flatMap((quantile) => {
    const value = latency === null ? null : quantileOf(latency, quantile)
    if (value === null) return []
    return [`p${quantile * 100} ${value.kind === 'above' ? 'over ' : ''}${formatSeconds(value.seconds)}`]
  })
  const counted = Object.entries(events).map(([name, share]) =>
    share > 1 ? `${name} ${formatShare(share)}` : `${name} ${formatShare(share)} of requests`,
  )
  const rps = `${String(Number(requestsPerSecond.toPrecision(3)))} requests/s`
  const errors = errorShare === null ? 'errors not known' : `errors ${formatShare(errorShare)}`
  return [rps, errors, ...quantiles, ...counted]
}

function regressions(figures: readonly Figure[], width: number): readonly string[] {
  const said = new Map(
    figures.map(({ check, regression, power }) => [
      check,
      power === null ? `${regression.said}, which it accepts` : regression.said,
    ]),
  )
  const column = Math.min(nameColumn(width), widest([...said.keys()]))
  return [...said].flatMap(([check, text]) => {
    const [first = '', ...rest] = wrap(clean(text), width - column - 4)
    return [`  ${pad(short(check, column), column)}  ${first}`, ...rest.map((line) => ' '.repeat(column + 4) + line)]
  })
}

const HEADS = ['STEP', 'AT', 'BAKE', 'CHECK', 'POWER', '90% NEEDS', '90% FROM']
const CHECK_COLUMN = HEADS.indexOf('CHECK')

function table(figures: readonly Figure[], width: number, paint: Paint): readonly string[] {
  const rows = figures.map((row, index) => cellsOf(row, figures[index - 1], width))
  const [head = '', ...lines] = tableOf(HEADS, rows, { endsAlike: (column) => column !== CHECK_COLUMN })
  return [
    paint('dim', head),
    ...lines.map((line, index) => (figures[index]?.isWeak === true ? paint('yellow', line) : line)),
  ]
}

/** Step, weight and bake stand in the first row of each bake only. */
function cellsOf(row: Figure, before: Figure | undefined, width: number): readonly string[] {
  const { step, weight, bake, check, power, needs, from } = row
  const isSame = before?.step === step && before.weight === weight && before.bake === bake && before.check !== check
  const place = isSame ? ['', '', ''] : [String(step ?? ''), formatWeight(weight), formatDuration(bake)]
  return [
    ...place,
    short(check, nameColumn(width)),
    power === null ? '·' : formatPower(power),
    needText(power, needs),
    from?.text ?? '–',
  ]
}

function needText(power: number | null, needs: Milliseconds | null): string {
  if (power === null || power >= GOOD_POWER) return ''
  return needs === null ? 'over 30d' : formatDuration(needs)
}

/** Columns that are left for a check's name. */
function nameColumn(width: number): number {
  return Math.max(7, width - 55)
}

function short(name: string, columns: number): string {
  const shown = clean(name)
  return columnsOf(shown) <= columns ? shown : `${shown.slice(0, columns - 1)}…`
}

/** Rows without a figure, those with the same reason at the same steps together: `errors, latency, step 9: everybody is …`. */
function notes(silent: readonly Row[], all: readonly Row[]): readonly string[] {
  const byCheck = [...groupBy(silent, ({ text, check }) => JSON.stringify([text, check])).values()]
  const places = byCheck.map((rows) => ({ rows, steps: stepsOf(rows), text: rows[0]?.text ?? '' }))
  return [...groupBy(places, ({ text, steps }) => JSON.stringify([text, steps])).values()].map((alike) => {
    const rows = alike.flatMap((place) => place.rows)
    const { steps = [], text = '' } = alike[0] ?? {}
    const checks = [...new Set(rows.map(({ check }) => check))]
    const isAlways = all.filter(({ check }) => checks.includes(check)).length === rows.length
    const where =
      (isAlways && steps.length > 1) || steps.length === 0
        ? ''
        : `, ${steps.length === 1 ? 'step' : 'steps'} ${steps.join(', ')}`
    return clean(`${checks.join(', ')}${where}: ${text}`)
  })
}

function stepsOf(rows: readonly Row[]): readonly number[] {
  return [...new Set(rows.flatMap(({ step }) => (step === null ? [] : [step])))]
}

/** Per check at most one of each kind. */
function warnings(power: readonly Row[]): readonly string[] {
  return [...weakChecks(power), ...lowTraffic(power), ...falseAlarms(power), ...longWaits(power)].map(clean)
}

/** In how many bakes a check is likelier to miss the regression than to see it, and the sentence of the worst of them. */
function weakChecks(power: readonly Row[]): readonly string[] {
  const weak = power.filter(({ isWeak }) => isWeak)
  return eachCheck(weak).map(([check, rows]) => {
    const worst = rows.reduce((found, row) => (isWorse(row, found) ? row : found))
    if (worst.power === null) return `${check}: ${worst.text}`
    const bakes = power.filter((row) => row.check === check && row.power !== null).length
    return `${check} would probably miss this regression in ${rows.length} of ${bakes} bakes; step ${worst.step}: ${worst.text}`
  })
}

function lowTraffic(power: readonly Row[]): readonly string[] {
  return power.flatMap(({ lowTraffic: said }) => said ?? [])
}

/** By the power as it is shown, then by the bake that would be enough. */
function isWorse(row: Row, than: Row): boolean {
  const [shown, other] = [row, than].map(({ power }) => (power === null || power < 0.01 ? 0 : Math.round(power * 100)))
  if (shown !== other) return (shown ?? 0) < (other ?? 0)
  return (row.needs ?? Number.POSITIVE_INFINITY) > (than.needs ?? Number.POSITIVE_INFINITY)
}

/** Above this a bake that fails a good canary is a warning. */
const FEW_FALSE_ALARMS = 0.01

function falseAlarms(power: readonly Row[]): readonly string[] {
  const often = power.filter(({ falseAlarm }) => (falseAlarm ?? 0) > FEW_FALSE_ALARMS)
  return eachCheck(often).map(([check, rows]) => {
    const { falseAlarm, step, weight } = largest(rows, (row) => row.falseAlarm ?? 0)
    const share = formatPower(falseAlarm ?? 0)
    return `${check} would fail ${share} of canaries that are no worse than stable (step ${step} at ${formatWeight(weight)}); raise minRequests, failures or the limit`
  })
}

function longWaits(power: readonly Row[]): readonly string[] {
  const long = power.filter(({ wait }) => wait?.isTooLong === true)
  return eachCheck(long).map(([, rows]) => {
    const { wait, step } = largest(rows, (row) => row.wait?.time ?? Number.POSITIVE_INFINITY)
    return `step ${step}: ${wait?.text}`
  })
}

/** The first of those with the largest value. */
function largest(rows: readonly Row[], of: (row: Row) => number): Row {
  return rows.reduce((most, row) => (of(row) > of(most) ? row : most))
}

function eachCheck(rows: readonly Row[]): readonly (readonly [string, readonly Row[]])[] {
  return [...groupBy(rows, ({ check }) => check)]
}

function groupBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

/** Broken at the width, further lines two columns in. */
export function hanging(text: string, width: number): readonly string[] {
  const [first = '', ...rest] = wrap(text, width - 2)
  return [first, ...rest.map((line) => `  ${line}`)]
}
