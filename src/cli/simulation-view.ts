import { formatCount, formatShare } from '../analysis/explain.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { formatDuration, formatPercent } from '../domain/units.ts'
import { type Figures, shareInterval, type TimeSpread } from '../simulation/figures.ts'
import type { Simulation } from '../simulation/simulate.ts'
import { hanging } from './power-table.ts'
import type { RenderOptions } from './render.ts'
import { tableOf } from './table.ts'
import { clean, createPaint, wrap } from './text.ts'

type Page = Pick<RenderOptions, 'width' | 'color'>

const BAR = 20

/** What a simulation found: of a good version, of the bad one step by step, and beside other ways to release. */
export function renderSimulation(
  name: string,
  plan: Plan,
  simulation: Simulation,
  { width, color }: Page,
): readonly string[] {
  const paint = createPaint(color)
  const { good, bad, releases, seed, traffic, leftOut } = simulation
  const rps = String(Number(traffic.requestsPerSecond.toPrecision(3)))
  const blocks = [
    wrap(
      clean(`${name}: ${formatCount(releases)} releases of each kind at ${rps} requests/s, seed ${seed}`),
      width,
    ).map((line) => paint('bold', line)),
    leftOut.flatMap(({ check, reason }) => hanging(clean(`left out: ${check}, ${reason}`), width)),
    [...hanging(`a good version ${goodText(good)}`, width), ...reasonLines(good, width)],
    [
      ...hanging(`a bad version (${clean(badText(simulation))}) ${stoppedText(bad)}`, width),
      ...reasonLines(bad, width),
      ...stepLines(plan, bad, width),
    ],
    besides(simulation),
    hanging(
      `counted: until the release is stopped, and for ${formatDuration(simulation.noticedAfter)} more where it is promoted (--noticed-after)`,
      width,
    ),
  ]
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]))
    .map((line) => line.trimEnd())
}

function goodText({ releases, promoted, rolledBack, paused, promotedAfter }: Figures): string {
  const after = promotedAfter === null ? '' : `, after ${spreadText(promotedAfter)}`
  return `is promoted in ${part(promoted, releases)}${after}; rolled back in ${part(rolledBack, releases)}, paused in ${part(paused, releases)}`
}

function stoppedText({ releases, promoted, rolledBack, paused, stoppedAfter }: Figures): string {
  const stopped = releases - promoted
  const after = stoppedAfter === null ? '' : `, after ${spreadText(stoppedAfter)}`
  const how =
    paused === 0
      ? ''
      : ` (rolled back ${formatPercent(rolledBack / releases, 2)}, paused for a person ${formatPercent(paused / releases, 2)})`
  return `is stopped in ${part(stopped, releases)}${how}${after}`
}

/** What a release says that is stopped: of several the first. */
function reasonLines({ reason }: Figures, width: number): readonly string[] {
  return reason === null ? [] : hanging(`  such as: ${clean(reason)}`, width)
}

/** `2% (0.55% to 5%)`: the share, and what it may be with 95% confidence. */
function part(count: number, of: number): string {
  const { atLeast, atMost } = shareInterval(count, of)
  return `${formatShare(count / of)} (${formatShare(atLeast)} to ${formatShare(atMost)})`
}

function spreadText({ half, most }: TimeSpread): string {
  const [middle, late] = [rounded(half), rounded(most)]
  return middle === late ? middle : `${middle} (half of them), ${late} (nine in ten)`
}

/** No more than a person reads: seconds up to ten minutes, then minutes. */
function rounded(time: number): string {
  const unit = time < 600_000 ? 1_000 : 60_000
  return formatDuration(Math.max(unit, Math.round(time / unit) * unit))
}

function badText({ traffic: { stable, canary } }: Simulation): string {
  const errors =
    canary.errors === stable.errors
      ? []
      : [`${formatShare(canary.errors)} of requests fail instead of ${formatShare(stable.errors)}`]
  const slower = canary.slower === 1 ? [] : [`${Number(canary.slower.toPrecision(3))} times as slow`]
  const events = Object.entries(canary.events).flatMap(([event, share]) => {
    const before = stable.events[event] ?? 0
    return share === before ? [] : [`${event} ${formatShare(share)} instead of ${formatShare(before)} of requests`]
  })
  return [...errors, ...slower, ...events].join(', ')
}

/** A bar for each step at which bad releases were stopped, and one for those that nothing stopped. */
function stepLines({ steps }: Plan, { stoppedAt, promoted, releases }: Figures, width: number): readonly string[] {
  const rows = steps.flatMap(({ label }, index) => {
    const count = stoppedAt[index + 1] ?? 0
    return count === 0 ? [] : [stepRow(String(index + 1), label, count, releases, width)]
  })
  const missed = promoted === 0 ? [] : [stepRow('–', 'not at all: everybody got it', promoted, releases, width)]
  return ['', ...tableOf(['STEP', 'STOPPED', '', 'WHAT'], [...rows, ...missed], { endsAlike: (column) => column < 2 })]
}

function stepRow(step: string, label: string, count: number, of: number, width: number): readonly string[] {
  const filled = Math.max(1, Math.round((count / of) * BAR))
  const [first = ''] = wrap(clean(label), Math.max(8, width - BAR - 19))
  return [step, formatPercent(count / of, 2), '█'.repeat(filled) + '·'.repeat(BAR - filled), first]
}

function besides({ bad, short, atOnce, noticedAfter }: Simulation): readonly string[] {
  const row = (what: string, figures: Figures) => [
    what,
    formatPercent((figures.releases - figures.promoted) / figures.releases, 2),
    figures.stoppedAfter === null ? '–' : rounded(figures.stoppedAfter.half),
    formatCount(Math.round(figures.served)),
    formatCount(Math.round(figures.extraFailures)),
  ]
  const all = [
    row('this plan', bad),
    row('10% for 5m, then all', short),
    [
      'everybody at once',
      '–',
      rounded(noticedAfter),
      formatCount(Math.round(atOnce.served)),
      formatCount(Math.round(atOnce.extraFailures)),
    ],
  ]
  const heads = ['THE BAD VERSION', 'STOPPED', 'AFTER', 'REQUESTS ON IT', 'EXTRA FAILURES']
  return tableOf(heads, all, { endsAlike: (column) => column > 0 })
}
