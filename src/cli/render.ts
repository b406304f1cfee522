import type { AnswerTo } from '../api/operations.ts'
import { countText, errorsText, latencyText } from '../domain/release/card-figures.ts'
import { filledCells, stepsAround } from '../domain/release/release-drawing.ts'
import { phaseWords, rollbackWords, saysWeight, toneOf, warmUpWords } from '../domain/release/release-words.ts'
import { formatDuration, formatWeight, type Instant, type Milliseconds } from '../domain/units.ts'
import { clean, columnsOf, createPaint, type Paint, pad, usableWidth, wrap } from './text.ts'

type Card = AnswerTo<'showRelease'>

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number
  readonly now: Instant
  readonly color: boolean
}

interface Page {
  /** Columns right of the gutter. */
  readonly columns: number
  readonly now: Instant
  readonly width: number
  readonly paint: Paint
}

const GUTTER = 12
const MOST_STEPS = 15
const MOST_STORY = 4

/** A release for a terminal: lines of at most `width` columns (at least 60), without any control character of its own. */
export function renderCard(card: Card, { width, now, color }: RenderOptions): readonly string[] {
  const usable = usableWidth(width)
  const page: Page = { width: usable, columns: usable - GUTTER, now, paint: createPaint(color) }
  const blocks = [
    [...title(card, page), ...standing(card, page)],
    [
      ...(saysWeight(card.phase)
        ? section(card.byFlags === true ? 'has it' : 'canary', exposure(card, page), page)
        : []),
      ...section('why', why(card, page), page),
      ...section('rollback', rollback(card, page), page),
    ],
    section('steps', steps(card, page), page),
    section('last look', figures(card, page), page),
    section('checks', verdicts(card, page), page),
    section('readiness', readiness(card, page), page),
    section('notices', notices(card, page), page),
    section('ledger', ledger(card, page), page),
    section('approval', approval(card, page), page),
    section('story', story(card, page), page),
    section('now', choices(card, page), page),
    section('', age(card, page), page),
  ]
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]))
    .map((line) => line.trimEnd())
}

/** Style of a phase: green when it went well, red when it goes back, yellow when a person is needed. */
export function phaseStyle(phase: string): 'green' | 'red' | 'yellow' | 'cyan' {
  return TONE_STYLES[toneOf(phase)]
}

const TONE_STYLES = { good: 'green', bad: 'red', asks: 'yellow', moving: 'cyan' } as const

/** `3m ago`, or `just now` within a second. */
export function ago(at: Instant, now: Instant): string {
  return now - at < 1_000 ? 'just now' : `${formatDuration(now - at)} ago`
}

/** `checkout/production/7`, as commands take it. */
export function shortId(releaseId: string): string {
  return clean(releaseId).replace(/^release\//, '')
}

function section(label: string, lines: readonly string[], { paint }: Page): readonly string[] {
  return lines.map(
    (line, index) => `${index === 0 ? `  ${paint('dim', pad(label, GUTTER - 2))}` : ' '.repeat(GUTTER)}${line}`,
  )
}

function title(card: Card, { width, paint }: Page): readonly string[] {
  const left = clean(`${card.service} ${card.version} → ${card.environment}`)
  const right = shortId(card.releaseId)
  const space = width - columnsOf(left) - columnsOf(right)
  if (space >= 2) return [paint('bold', left) + ' '.repeat(space) + paint('dim', right)]
  return [
    ...wrap(left, width).map((line) => paint('bold', line)),
    ...wrap(right, width).map((line) => paint('dim', line)),
  ]
}

function standing(card: Card, { width, now, paint }: Page): readonly string[] {
  const phase = clean(phaseWords(card.phase))
  const lasted = formatDuration((card.endedAt ?? now) - card.startedAt)
  const author = clean(card.author)
  const further = card.isEnded
    ? [`after ${lasted}`, ...watchLeft(card, now), `started by ${author}`]
    : [
        ...bakeLeft(card),
        ...[warmUpWords(card, now)].filter(Boolean),
        ...(card.opensAt == null ? [] : [`opens in ${formatDuration(Math.max(0, card.opensAt - now))}`]),
        `${card.waiting == null ? 'started' : 'requested'} ${lasted} ago by ${author}`,
      ]
  const { replaces = null } = card
  const replaced = replaces === null ? [] : [`replaces ${clean(replaces)}`]
  const [first = '', ...rest] = wrap([phase, ...further, ...replaced].join(' · '), width)
  const style = phaseStyle(clean(card.phase))
  return [paint([style, 'bold'], first.slice(0, phase.length)) + first.slice(phase.length), ...rest]
}

function watchLeft({ watchedUntil = null }: Card, now: Instant): readonly string[] {
  return watchedUntil === null ? [] : [`watched for ${formatDuration(Math.max(0, watchedUntil - now))} more`]
}

function bakeLeft({ bakeRemaining, bakeDuration }: Card): readonly string[] {
  if (bakeRemaining === null || bakeDuration === null) return []
  return [`${formatDuration(bakeRemaining)} of ${formatDuration(bakeDuration)} left`]
}

function exposure({ weight, cohorts, flags = [], byFlags, mirror }: Card, { columns, paint }: Page): readonly string[] {
  const cells = Math.min(40, columns - 10)
  const filled = filledCells(weight, cells)
  const bar = paint('cyan', '█'.repeat(filled)) + paint('dim', '░'.repeat(cells - filled))
  const people =
    cohorts.length === 0
      ? []
      : wrap(`and the ${cohorts.length === 1 ? 'cohort' : 'cohorts'} ${cohorts.map(clean).join(', ')}`, columns)
  const ofFlags = flags.length === 0 ? [] : wrap(`flags: ${flags.map(clean).join(', ')}`, columns)
  const copies = mirror === undefined ? [] : [`and copies of ${formatWeight(mirror)} of the requests of stable`]
  if (byFlags === true) return [`${bar}  ${formatWeight(weight)}`, ...ofFlags]
  return [`${bar}  ${formatWeight(weight)}`, ...people, ...copies, ...ofFlags]
}

function why({ reason }: Card, { columns, paint }: Page): readonly string[] {
  return reason === null ? [] : wrap(clean(reason), columns).map((line) => paint('yellow', line))
}

function rollback(card: Card, { columns, now, paint }: Page): readonly string[] {
  const words = rollbackWords(card, now)
  return words === '' ? [] : wrap(clean(words), columns).map((line) => paint('red', line))
}

/** Worth a word only when Temporal was slow: a look is handed out again for a moment anyway. */
const OLD: Milliseconds = 3_000

function age({ asOf }: Card, { now, paint }: Page): readonly string[] {
  return asOf === undefined || now - asOf < OLD ? [] : [paint('yellow', `as it was ${ago(asOf, now)}`)]
}

function steps(card: Card, { columns, paint }: Page): readonly string[] {
  const { steps: all, step } = card
  const { before, shown, after } = stepsAround(all, step, MOST_STEPS)
  const digits = String(all.length).length
  const lines = shown.flatMap(({ number, label, mark }) => {
    const [first = '', ...rest] = wrap(clean(label), columns - digits - 4)
    const isHere = number === step && !card.isEnded
    const body = `${pad(String(number), digits, 'start')}  ${first}`
    const head = `${paint(MARK_STYLES[mark] ?? 'dim', pad(clean(mark), 1))} ${isHere ? paint('bold', body) : mark === '' ? paint('dim', body) : body}`
    return [head, ...rest.map((line) => ' '.repeat(digits + 4) + line)]
  })
  return [
    ...(before > 0 ? [paint('dim', `… ${before} before`)] : []),
    ...lines,
    ...(after > 0 ? [paint('dim', `… ${after} more`)] : []),
  ]
}

const MARK_STYLES: Readonly<Record<string, 'green' | 'red' | 'yellow' | 'cyan'>> = {
  '✓': 'green',
  '✗': 'red',
  '⏸': 'yellow',
  '▶': 'cyan',
}

type Arm = NonNullable<NonNullable<Card['latest']>['canary']>

function figures({ latest }: Card, { columns, now, paint }: Page): readonly string[] {
  if (latest === null) return []
  const heads = ['requests', 'errors', 'p95', 'p99']
  const cellColumns = Math.min(11, Math.floor((columns - 8) / heads.length))
  const row = (name: string, cells: readonly string[]) =>
    pad(name, 8) + cells.map((cell) => pad(cell, cellColumns, 'start')).join('')
  return [
    paint('dim', row('', heads)),
    row('canary', cellsOf(latest.canary)),
    row('stable', cellsOf(latest.stable)),
    paint('dim', ago(latest.at, now)),
  ]
}

function cellsOf(arm: Arm | null): readonly string[] {
  if (arm === null) return ['no data', '–', '–', '–']
  const { requests, errors, p95Seconds, p99Seconds } = arm
  return [countText(requests), errorsText(errors, requests), latencyText(p95Seconds), latencyText(p99Seconds)]
}

const OUTCOMES = {
  pass: { mark: '✓', style: 'green' },
  fail: { mark: '✗', style: 'red' },
  inconclusive: { mark: '?', style: 'yellow' },
} as const

function verdicts({ verdicts: all }: Card, { columns, paint }: Page): readonly string[] {
  const names = Math.min(18, columns - 20, Math.max(0, ...all.map(({ check }) => columnsOf(clean(check)))))
  return all.flatMap(({ check, outcome, reason }) => {
    const { mark, style } = OUTCOMES[outcome]
    const name = clean(check)
    const own = columnsOf(name) > names ? wrap(name, columns - 2) : []
    const lines = wrap(`${outcome}: ${clean(reason)}`, columns - names - 4)
    const body = lines.map((line, index) => `${pad(index === 0 && own.length === 0 ? name : '', names)}  ${line}`)
    return [...own, ...body].map((line, index) => `${index === 0 ? paint(style, mark) : ' '} ${line}`)
  })
}

/** What keeps a gate shut, with what to do about it; nothing once all is well. */
function readiness({ readiness: answers }: Card, { columns, now, paint }: Page): readonly string[] {
  if (answers === undefined) return []
  const stale = `stale: sluice.yaml has changed since these answers (${ago(answers.at, now)})`
  return [
    ...(answers.isOutdated === true ? wrap(stale, columns).map((line) => paint('yellow', line)) : []),
    ...answers.lines.flatMap((line) =>
      line.outcome === 'pass' ? [] : wrap(clean(`${line.item}: ${line.text}; fix: ${line.fix}`), columns),
    ),
  ]
}

function notices({ notices: all = [] }: Card, { columns, paint }: Page): readonly string[] {
  return all.flatMap((notice) => wrap(clean(notice), columns)).map((line) => paint('yellow', line))
}

const MOST_LEDGER = 5

function ledger({ ledger: all = [] }: Card, { columns, now, paint }: Page): readonly string[] {
  const before = Math.max(0, all.length - MOST_LEDGER)
  return [
    ...(before > 0 ? [paint('dim', `… ${before} before`)] : []),
    ...all.slice(-MOST_LEDGER).flatMap(({ since, text }) => wrap(`${clean(text)} (${ago(since, now)})`, columns)),
  ]
}

function approval({ approval: asked }: Card, { columns, now }: Page): readonly string[] {
  if (asked === null) return []
  const { by, need, given, deadline } = asked
  const names = given.length === 0 ? '' : ` (${given.map(clean).join(', ')})`
  const left = deadline > now ? `${formatDuration(deadline - now)} left` : 'expired'
  return wrap(`${given.length} of ${need} from ${clean(by)}${names}, ${left}`, columns)
}

function story({ trail }: Card, { columns, now, paint }: Page): readonly string[] {
  return trail.slice(-MOST_STORY).flatMap(({ at, text }) => {
    const age = pad(ago(at, now), 13)
    return wrap(clean(text), columns - 13).map(
      (line, index) => (index === 0 ? paint('dim', age) : ' '.repeat(13)) + line,
    )
  })
}

function choices({ verbs, releaseId, approval: asked }: Card, { columns, paint }: Page): readonly string[] {
  if (verbs.length === 0) return []
  const lines = wrap(verbs.join(', '), columns)
  return asked === null ? lines : [...lines, paint('bold', `sluice approve ${shortId(releaseId)}`)]
}
