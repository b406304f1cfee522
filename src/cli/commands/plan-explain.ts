import type { Exposure } from '../../domain/exposure.ts'
import { allChecks, consequenceText } from '../../domain/plan/consequences.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { afterText } from '../../domain/plan/plan-after.ts'
import { fitnessText } from '../../domain/plan/plan-fitness.ts'
import { driftPolicyOf, floorOf } from '../../domain/plan/plan-policies.ts'
import { type Timeline, type TimelineCheck, type TimelineRow, timelineOf } from '../../domain/plan/plan-timeline.ts'
import { windowsText } from '../../domain/plan/plan-windows.ts'
import { type BasisPoints, FULL_WEIGHT, formatDuration, formatPercent, formatWeight } from '../../domain/units.ts'
import { checkedPlan } from '../checked-plan.ts'
import type { RenderOptions } from '../render.ts'
import type { Session } from '../session.ts'
import { widest } from '../table.ts'
import { clean, columnsOf, createPaint, type Paint, pad, usableWidth, wrap } from '../text.ts'

/** `sluice plan explain`: what a plan does, when, to whom, and what watches it. */
export async function explainPlan(name: string, config: string | undefined, session: Session): Promise<void> {
  const { plan } = await checkedPlan(name, config, session)
  // Loaded only here: the kinds bring every judge along.
  const { CHECK_KINDS } = await import('../../analysis/checks/index.ts')
  const timeline = timelineOf(plan, CHECK_KINDS)
  session.say(renderTimeline(plan, timeline, session.look()), { plan, timeline })
}

const BAR = 12
const INDENT = '  '

/** The plan as lines of at most `width` columns (at least 60). */
function renderTimeline(
  plan: Plan,
  timeline: Timeline,
  { width, color }: Pick<RenderOptions, 'width' | 'color'>,
): readonly string[] {
  const page = { width: usableWidth(width), paint: createPaint(color) }
  const blocks = [
    [page.paint('bold', clean(`${plan.service} in ${plan.environment}`)), ...origin(plan), ...takes(timeline, page)],
    steps(timeline.rows, page),
    watches(plan, timeline.checks, page),
    policies(plan, page),
    ...(plan.policies === undefined ? [] : [rules(plan.policies, page)]),
  ]
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block])).map((line) => line.trimEnd())
}

interface Page {
  readonly width: number
  readonly paint: Paint
}

function origin({ template }: Plan): readonly string[] {
  return template === undefined ? [] : [`by the template ${clean(template)}, which is filled in below`]
}

function takes({ planned, shortest, waiting }: Timeline, { width }: Page): readonly string[] {
  const early = shortest === planned ? '' : `, at least ${formatDuration(shortest)} if everything is proven at once`
  const asking = waiting === 0 ? '' : `; approvals may take up to ${formatDuration(waiting)} more`
  const atOnce = waiting === 0 ? '' : ' with approvals that come at once'
  return wrap(`takes ${formatDuration(planned)}${atOnce}${early}${asking}`, width)
}

function steps(rows: readonly TimelineRow[], page: Page): readonly string[] {
  const hasCohorts = rows.some(({ exposure }) => exposure.cohorts.length > 0)
  const hasCopies = rows.some(({ exposure }) => exposure.mirror !== undefined)
  const widths = {
    start: widest(['START', ...rows.map(({ start }) => formatDuration(start))]),
    lasts: widest(['LASTS', ...rows.map(lasts)]),
    share: BAR + 7 + (hasCohorts ? 3 : 0),
  }
  const cells = (step: string, start: string, time: string, share: string) =>
    [pad(step, 4, 'start'), pad(start, widths.start, 'start'), pad(time, widths.lasts, 'start'), share].join('  ')
  const gutter = columnsOf(cells('', '', '', '')) + widths.share + 2
  const lines = rows.flatMap((row) => {
    const { step, start, exposure, label, details } = row
    const share = `${page.paint('cyan', bar(exposure.weight))} ${pad(shareText(exposure), widths.share - BAR - 1)}`
    const [first = '', ...more] = wrap(clean(label), page.width - gutter)
    const rest = [...more, ...details.flatMap((detail) => wrap(clean(detail), page.width - gutter))]
    return [
      `${cells(String(step), formatDuration(start), lasts(row), share)}  ${first}`,
      ...rest.map((line) => ' '.repeat(gutter) + page.paint('dim', line)),
    ]
  })
  const head = `${cells('STEP', 'START', 'LASTS', pad('ON THE CANARY', widths.share))}  WHAT`
  const legend = [
    ...(hasCohorts ? ['+n: and n cohorts, whatever the weight'] : []),
    ...(hasCopies ? ['≈: copies of so much of what stable is asked; users have its answers'] : []),
  ]
  return [page.paint('dim', head), ...lines, ...legend.map((line) => page.paint('dim', `${' '.repeat(6)}${line}`))]
}

function shareText({ weight, cohorts, mirror }: Exposure): string {
  const share = pad(mirror === undefined ? formatWeight(weight) : `≈${formatWeight(mirror)}`, 6, 'start')
  return cohorts.length === 0 ? share : `${share} +${cohorts.length}`
}

function lasts({ kind, duration }: TimelineRow): string {
  if (kind === 'ask' || kind === 'gate' || kind === 'call-gate') return 'waits'
  return duration === 0 ? '·' : formatDuration(duration)
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A weight as a bar in eighths of a column; the smallest weight still shows. */
function bar(weight: BasisPoints): string {
  const exact = Math.round((weight / FULL_WEIGHT) * BAR * 8)
  const eighths = weight > 0 ? Math.max(1, exact) : 0
  const drawn = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
  return drawn + '·'.repeat(BAR - columnsOf(drawn))
}

function watches(plan: Plan, checks: readonly TimelineCheck[], page: Page): readonly string[] {
  if (checks.length === 0) return ['nothing is watched: every bake only waits']
  const nameWidth = widest(checks.map(({ name }) => name))
  const alphaWidth = widest(checks.map(alphaText))
  const column = page.width - INDENT.length - nameWidth - 2 - alphaWidth - 2
  const lines = checks.flatMap((check) => {
    const where = check.step === null ? '' : ` (step ${check.step} only)`
    const [first = '', ...rest] = wrap(clean(`${check.question}${where}`), column)
    const gap = ' '.repeat(INDENT.length + nameWidth + 2 + alphaWidth + 2)
    return [
      `${INDENT}${pad(check.name, nameWidth)}  ${page.paint('dim', pad(alphaText(check), alphaWidth))}  ${first}`,
      ...rest.map((line) => gap + line),
    ]
  })
  const budget = `false alarm over the whole release: at most ${formatPercent(plan.errorBudget, 3)}`
  return [
    `watched every ${formatDuration(plan.interval)}, from the first exposure to the end`,
    ...lines,
    ...(plan.errorBudget > 0 ? [`${INDENT}${budget}`] : []),
  ]
}

function policies(plan: Plan, { width }: Page): readonly string[] {
  const { onFail, onInconclusive } = plan
  const consequences = consequenceText(allChecks(plan), onFail)
  const held = formatDuration(onInconclusive.holdFor)
  const windows = windowsText(plan)
  const after = afterText(plan)
  const { repairs, share } = driftPolicyOf(plan)
  const { errors, requests } = floorOf(plan)
  const often = repairs === 1 ? 'the first repair' : `${repairs} repairs in a row`
  return [
    ...(windows === null ? [] : wrap(clean(windows), width)),
    ...fitnessText(plan).flatMap((line) => wrap(line, width)),
    ...wrap(`when a check fails: ${onFail}`, width),
    ...(consequences === null ? [] : wrap(clean(consequences), width)),
    ...wrap(`when inconclusive: hold for ${held}, then ${onInconclusive.then}`, width),
    ...wrap(
      `when somebody else changes the router: pause after ${often}, or ${formatPercent(share, 3)} of a bake`,
      width,
    ),
    ...wrap(
      `when ${formatPercent(errors, 3)} of ${requests} or more requests to the canary fail: rollback, whatever the checks say`,
      width,
    ),
    ...(after === null ? [] : wrap(after, width)),
  ]
}

/** What the plan had to have: nobody can write less here. */
function rules(held: NonNullable<Plan['policies']>, { width }: Page): readonly string[] {
  return held.flatMap(({ name, says, mayShorten }) => {
    const who = mayShorten === undefined ? [] : [shorteningText(mayShorten)]
    return [
      `holds the policy ${clean(name)}`,
      ...[...says, ...who].flatMap((line) =>
        wrap(clean(line), width - INDENT.length).map((part) => `${INDENT}${part}`),
      ),
    ]
  })
}

function shorteningText(people: readonly string[]): string {
  return people.length === 0
    ? 'nobody may end a bake below 100% early'
    : `only ${people.join(', ')} may end a bake below 100% early, with a reason`
}

function alphaText({ alpha }: TimelineCheck): string {
  return alpha === null ? 'no α' : `α ${formatPercent(alpha, 3)}`
}
