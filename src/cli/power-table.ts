import type { MeasuredTraffic } from '../analysis/expected-traffic.ts'
import { formatSeconds, formatShare } from '../analysis/explain.ts'
import { quantileOf } from '../analysis/histogram.ts'
import type { StepPower } from '../analysis/plan-power.ts'
import { GOOD_POWER } from '../analysis/power.ts'
import { formatDuration, formatWeight, type Milliseconds } from '../domain/units.ts'
import type { RenderOptions } from './render.ts'
import { clean, columnsOf, createPaint, pad, type Paint, wrap } from './text.ts'

type Page = Pick<RenderOptions, 'width' | 'color'>
type Figure = StepPower & { readonly regression: NonNullable<StepPower['regression']> }

/**
 * What each bake sees: the regressions that are asked about, a row per bake and check with a figure, then in words why
 * there is none for the others, and a warning per check that would rather miss what it is asked about.
 */
export function renderPower(power: readonly StepPower[], rps: number, { width, color }: Page): readonly string[] {
  const paint = createPaint(color)
  const figures = power.filter((row): row is Figure => row.regression !== null)
  const head = `power of each bake alone, at ${String(Number(rps.toPrecision(3)))} requests/s`
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

/** `traffic of the last 1d: 52.3 requests/s, errors 0.48 %, p50 80 ms, p99 900 ms, orders 3.1 % of requests` */
export function renderTraffic(
  since: Milliseconds,
  measured: MeasuredTraffic | null,
  missing: readonly string[],
  { width }: Pick<Page, 'width'>,
): readonly string[] {
  const time = formatDuration(since)
  const lines = measured === null ? [] : [`traffic of the last ${time}: ${trafficParts(measured).join(', ')}`]
  const lacking = missing.map(
    (reason) => `${measured === null ? 'no traffic' : 'not all'} of the last ${time}: ${reason}`,
  )
  return ['', ...[...lines, ...lacking].flatMap((line) => hanging(clean(line), width))]
}

function trafficParts({ requestsPerSecond, errorShare, latency, events }: MeasuredTraffic): readonly string[] {
  const quantiles = [0.5, 0.99].flatMap((quantile) => {
    const value = latency === null ? null : quantileOf(latency, quantile)
    if (value === null) return []
    return [`p${quantile * 100} ${value.kind === 'above' ? 'over ' : ''}${formatSeconds(value.seconds)}`]
  })
  const counted = Object.entries(events).map(([name, share]) =>
    share > 1 ? `${name} ${formatShare(share)}` : `${name} ${formatShare(share)} of requests`,
  )
  const rps = `${String(Number(requestsPerSecond.toPrecision(3)))} requests/s`
  return [rps, `errors ${formatShare(errorShare)}`, ...quantiles, ...counted]
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
    const [first = '', ...rest] = wrapped(clean(text), width - column - 4)
    return [`  ${pad(short(check, column), column)}  ${first}`, ...rest.map((line) => ' '.repeat(column + 4) + line)]
  })
}

const HEADS = ['STEP', 'AT', 'BAKE', 'CHECK', 'POWER', '90 % NEEDS', '90 % FROM']
const CHECK_COLUMN = HEADS.indexOf('CHECK')

function table(figures: readonly Figure[], width: number, paint: Paint): readonly string[] {
  const rows = figures.map((row, index) => cellsOf(row, figures[index - 1], width))
  const widths = HEADS.map((head, column) => widest([head, ...rows.map((cells) => cells[column] ?? '')]))
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => pad(cell, widths[column] ?? 0, column === CHECK_COLUMN ? 'end' : 'start')).join('  ')
  return [
    paint('dim', line(HEADS)),
    ...rows.map((cells, index) => {
      const drawn = line(cells)
      return figures[index]?.isWeak === true ? paint('yellow', drawn) : drawn
    }),
  ]
}

/** Step, weight and bake stand in the first row of each bake only. */
function cellsOf(row: Figure, before: Figure | undefined, width: number): readonly string[] {
  const { step, weight, bake, check, power, needs, from } = row
  const isSame = before?.step === step && before.weight === weight && before.bake === bake && before.check !== check
  const place = isSame ? ['', '', ''] : [String(step ?? ''), formatWeight(weight), formatDuration(bake)]
  return [...place, short(check, nameColumn(width)), percent(power), needText(power, needs), from?.text ?? '–']
}

function needText(power: number | null, needs: Milliseconds | null): string {
  if (power === null || power >= GOOD_POWER) return ''
  return needs === null ? 'over 30d' : formatDuration(needs)
}

function percent(power: number | null): string {
  if (power === null) return '·'
  if (power > 0.99) return '>99 %'
  return power < 0.01 ? '<1 %' : `${Math.round(power * 100)} %`
}

/** Columns that are left for a check's name. */
function nameColumn(width: number): number {
  return Math.max(7, width - 52)
}

function short(name: string, columns: number): string {
  const shown = clean(name)
  return columnsOf(shown) <= columns ? shown : `${shown.slice(0, columns - 1)}…`
}

/** Rows without a figure, those with the same reason together: `errors, latency, step 9: everybody is on the canary …`. */
function notes(silent: readonly StepPower[], all: readonly StepPower[]): readonly string[] {
  const byText = groupBy(silent, ({ text }) => text)
  return [...byText].map(([text, rows]) => {
    const checks = [...new Set(rows.map(({ check }) => check))]
    const steps = [...new Set(rows.flatMap(({ step }) => (step === null ? [] : [step])))]
    const isAlways = all.filter(({ check }) => checks.includes(check)).length === rows.length
    const where =
      (isAlways && steps.length > 1) || steps.length === 0
        ? ''
        : `, ${steps.length === 1 ? 'step' : 'steps'} ${steps.join(', ')}`
    return clean(`${checks.join(', ')}${where}: ${text}`)
  })
}

/** One per check: in how many bakes it would rather miss the regression, and the sentence of the worst of them. */
function warnings(power: readonly StepPower[]): readonly string[] {
  const weak = groupBy(
    power.filter(({ isWeak }) => isWeak),
    ({ check }) => check,
  )
  return [...weak].map(([check, rows]) => {
    const worst = rows.reduce((least, row) => ((row.power ?? 0) < (least.power ?? 0) ? row : least))
    if (worst.power === null) return clean(`${check}: ${worst.text}`)
    const bakes = power.filter((row) => row.check === check && row.power !== null).length
    return clean(`${check} would rather miss it in ${rows.length} of ${bakes} bakes; step ${worst.step}: ${worst.text}`)
  })
}

function groupBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

function hanging(text: string, width: number): readonly string[] {
  const [first = '', ...rest] = wrapped(text, width - 2)
  return [first, ...rest.map((line) => `  ${line}`)]
}

/** As `wrap`, but a percent sign stays with its number, and the minutes with the hours. */
function wrapped(text: string, columns: number): readonly string[] {
  const bound = text.replaceAll(' %', '\u00a0%').replace(/(\d[dhm]) (?=\d+[hms]\b)/g, '$1\u00a0')
  return wrap(bound, columns).map((line) => line.replaceAll('\u00a0', ' '))
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, columnsOf(text)), 0)
}
