import { type CalendarPage, freezesBetween, theFreezes, utcText } from '../calendar/window-rule.ts'
import { type Exposure, NO_EXPOSURE } from '../exposure.ts'
import { formatDuration, type Instant, type Milliseconds } from '../units.ts'
import type { Action, ExposeAction } from './actions.ts'
import type { CheckForm } from './check-form.ts'
import type { Check } from './checks.ts'
import type { Plan } from './plan.ts'

/** One action of a plan in time. */
export interface TimelineRow {
  readonly kind: Action['kind']
  /** The plan's step, from 1. */
  readonly step: number
  readonly label: string
  /** Since the start, when every approval comes at once, every window is open, and every bake takes its whole time. */
  readonly start: Milliseconds
  /** Planned time; 0 for what takes none and for an approval that comes at once. */
  readonly duration: Milliseconds
  /** Who has the new version while this runs. */
  readonly exposure: Exposure
  /** What the label does not say, as sentences. */
  readonly details: readonly string[]
}

/** One check as people ask it. */
export interface TimelineCheck {
  readonly name: string
  readonly kind: string
  readonly question: string
  /** Probability of a false alarm of this check over the release, or null when it controls none. */
  readonly alpha: number | null
  /** The step that alone watches it, or null for the whole release. */
  readonly step: number | null
}

/** A plan as a person reads it before it starts. Plain JSON. */
export interface Timeline {
  readonly rows: readonly TimelineRow[]
  /** All bakes and analyses at their whole length, approvals at once. */
  readonly planned: Milliseconds
  /** As `planned`, but bakes that may end when proven end at once. */
  readonly shortest: Milliseconds
  /** How long the approvals may take on top before they expire. */
  readonly waiting: Milliseconds
  readonly checks: readonly TimelineCheck[]
}

/** Lays out a plan in time: exposures take none, bakes their duration, approvals none (they may come at once). */
export function timelineOf({ actions, checks, interval, onFail }: Plan, kinds: readonly CheckForm[]): Timeline {
  const rows: TimelineRow[] = []
  let start: Milliseconds = 0
  let shortest: Milliseconds = 0
  let waiting: Milliseconds = 0
  let exposure = NO_EXPOSURE
  for (const action of actions) {
    if (action.kind === 'expose') exposure = action.exposure
    const duration = durationOf(action)
    const { kind, step, label } = action
    rows.push({
      kind,
      step,
      label,
      start,
      duration,
      exposure,
      details: [...detailsOf(action, onFail), ...looksIn(action, checks, interval)],
    })
    start += duration
    if (!isEndedEarly(action)) shortest += duration
    if (action.kind === 'ask') waiting += action.within
  }
  const own = actions.flatMap((action) =>
    action.kind === 'judge' ? action.checks.map((check) => checkOf(check, action.step, kinds)) : [],
  )
  return {
    rows,
    planned: start,
    shortest,
    waiting,
    checks: [...checks.map((check) => checkOf(check, null, kinds)), ...own],
  }
}

/** How long these take when every approval comes at once, every window is open, and every bake takes its whole time. */
export function plannedTime(actions: readonly Action[]): Milliseconds {
  return actions.reduce((sum, action) => sum + durationOf(action), 0)
}

/** What freezes mean for a plan that starts now and takes its planned time: one sentence for each that it runs into. */
export function freezesAhead(
  { planned }: Pick<Timeline, 'planned'>,
  freezes: readonly CalendarPage[],
  start: Instant,
): readonly string[] {
  const end = start + planned
  return freezesBetween(freezes, start, end + 1).map(({ name, from, until }) => {
    const whole = freezes.flatMap((page) => (page.name === name ? page.spans : [])).find((span) => span.until >= until)
    const last = utcText(whole?.until ?? until)
    return `planned to end ${utcText(end)}, but ${theFreezes([name])} begins ${utcText(from)}: what is not done by then waits until ${last}`
  })
}

/** A kind that this program does not know yet is told by its name alone. */
function checkOf(check: Check, step: number | null, kinds: readonly CheckForm[]): TimelineCheck {
  const kind = kinds.find((one) => one.kind === check.kind)
  const [question, alpha] =
    kind === undefined ? [check.kind, null] : [ofCohort(kind.question(check), check), kind.alpha(check)]
  return { name: check.name, kind: check.kind, question, alpha, step }
}

function durationOf(action: Action): Milliseconds {
  switch (action.kind) {
    case 'bake':
    case 'judge':
      return action.duration
    case 'expose':
    case 'ask':
    case 'gate':
    case 'call-gate':
    case 'readiness-gate':
    case 'hook':
    case 'tell':
      return 0
  }
}

function isEndedEarly(action: Action): boolean {
  return action.kind === 'bake' && action.until === 'proven'
}

function detailsOf(action: Action, onFail: Plan['onFail']): readonly string[] {
  switch (action.kind) {
    case 'expose':
      return warmUpDetails(action)
    case 'bake':
      if (action.raise !== undefined)
        return ['longer, until the failed requests seen so far say that it fits the budget']
      return isEndedEarly(action) ? ['sooner, once every check has shown it is not worse'] : []
    case 'judge':
      return [
        `must pass: ${action.checks.map(({ name }) => name).join(', ')}`,
        ...(action.begunAtStep === undefined ? [] : [`watched in the background since step ${action.begunAtStep}`]),
      ]
    case 'ask':
      return [
        `asks ${action.people.join(', ') || 'nobody yet'}${action.notAuthor ? ', but not the author' : ''}`,
        `without an answer after ${formatDuration(action.within)}: ${action.onExpiry}`,
      ]
    case 'gate':
      return ['waits until the window is open']
    case 'readiness-gate':
      return [`waits until all is ready; if not after ${formatDuration(action.within)}: ${action.onFail ?? onFail}`]
    case 'call-gate':
      return [`waits for a yes; without one after ${formatDuration(action.within)}: ${action.onFail ?? onFail}`]
    case 'hook':
      return [`when it fails: ${action.onFail ?? onFail}`]
    case 'tell':
      return [action.text]
  }
}

function warmUpDetails({ warmsUpFor = 0 }: ExposeAction): readonly string[] {
  return warmsUpFor === 0 ? [] : [`the canary warms up for ${formatDuration(warmsUpFor)}: no check counts before`]
}

/** A wait that ends before the guard has looked twice may have to be held for the second look. */
function looksIn(action: Action, checks: readonly Check[], interval: Milliseconds): readonly string[] {
  if (action.kind !== 'bake' && action.kind !== 'judge') return []
  const isWatched = checks.length > 0 || action.kind === 'judge'
  const isLookedAt = action.kind === 'judge' && action.begunAtStep !== undefined
  if (!isWatched || isLookedAt || action.duration >= 2 * interval) return []
  const every = formatDuration(interval)
  return [`the guard looks once in it (every ${every}): it may be held for up to ${every} more`]
}

function ofCohort(question: string, { cohort }: Pick<Check, 'cohort'>): string {
  return cohort === undefined ? question : `of ${cohort}: ${question}`
}
