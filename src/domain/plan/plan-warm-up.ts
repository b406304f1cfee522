import { type Exposure, NO_EXPOSURE } from '../exposure.ts'
import { formatDuration, type Milliseconds } from '../units.ts'
import type { Action, ExposeAction } from './actions.ts'
import type { Check } from './checks.ts'

/** What a plan has that says nothing about warm-up: at most a minute, and at most a fifth of the bake that follows. */
const LONGEST_USUAL: Milliseconds = 60_000
const USUAL_PART = 1 / 5

/**
 * The warm-up of a plan that states none, for an exposure with such a bake after it. None where a fifth of the bake is
 * shorter than one look: the first look takes as long, and a short bake has no look to spare.
 */
export function usualWarmUp(bake: Milliseconds, interval: Milliseconds): Milliseconds {
  const part = Math.floor(bake * USUAL_PART)
  return part < interval ? 0 : Math.min(LONGEST_USUAL, part)
}

/**
 * True when the canary has to get used to something: it is new, or its load at least doubles. How many people cohorts
 * are nobody knows, so one more of them counts as a jump while nobody else is on the canary.
 */
export function raisesLoad(before: Exposure, after: Exposure): boolean {
  if (after.weight > 0) return after.weight >= 2 * before.weight
  const { mirror = 0 } = after
  if (mirror > 0 && mirror >= 2 * (before.mirror ?? 0)) return true
  return after.cohorts.some((cohort) => !before.cohorts.includes(cohort))
}

/** How long a check leaves a canary alone whose exposure asks for such a warm-up; absent: none, as of older plans. */
export function warmUpOf(
  { warmsUpFor: own }: Pick<Check, 'warmsUpFor'>,
  { warmsUpFor }: Pick<ExposeAction, 'warmsUpFor'>,
): Milliseconds {
  return warmsUpFor === undefined ? 0 : (own ?? warmsUpFor)
}

/** The longest warm-up of these checks. */
export function longestWarmUp(checks: readonly Check[], exposed: Pick<ExposeAction, 'warmsUpFor'>): Milliseconds {
  return Math.max(0, ...checks.map((check) => warmUpOf(check, exposed)))
}

/** The actions with the warm-up of each exposure that needs one; `stated` is what the plan says for all of them. */
export function withWarmUps(
  actions: readonly Action[],
  checks: readonly Check[],
  { stated, interval }: { readonly stated: Milliseconds | undefined; readonly interval: Milliseconds },
): readonly Action[] {
  const own = actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))
  const all = [...checks, ...own]
  if (all.length === 0) return actions
  let before = NO_EXPOSURE
  return actions.map((action, index) => {
    if (action.kind !== 'expose') return action
    const isJump = raisesLoad(before, action.exposure)
    before = action.exposure
    if (!isJump) return action
    const exposed = { ...action, warmsUpFor: stated ?? usualWarmUp(bakeAfter(actions, index), interval) }
    return longestWarmUp(all, exposed) > 0 ? exposed : action
  })
}

/** Longer than this, and longer than half of the bake that follows, nothing is waited for that nobody has written down. */
const LONGEST_LEARNED: Milliseconds = 600_000

/**
 * The plan with the warm-up that releases of its target were seen to need: where an exposure has a warm-up, or would have had one,
 * and less. For plans that state none; the same plan where nothing changes.
 */
export function withLearnedWarmUp<Own extends Watched>(plan: Own, learned: Milliseconds): Own {
  const own = plan.actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))
  const all = [...plan.checks, ...own]
  let before = NO_EXPOSURE
  const actions = plan.actions.map((action, index) => {
    if (action.kind !== 'expose') return action
    const isJump = raisesLoad(before, action.exposure)
    before = action.exposure
    const longest = Math.min(learned, LONGEST_LEARNED, Math.floor(bakeAfter(plan.actions, index) / 2))
    if (!isJump || !(longest > (action.warmsUpFor ?? 0))) return action
    const exposed = { ...action, warmsUpFor: longest }
    return longestWarmUp(all, exposed) > longestWarmUp(all, action) ? exposed : action
  })
  return actions.every((action, index) => action === plan.actions[index]) ? plan : { ...plan, actions }
}

/** What is exposed and waited for, and who watches all of it: the parts of a plan that a warm-up is about. */
interface Watched {
  readonly actions: readonly Action[]
  readonly checks: readonly Check[]
}

/** How long the first wait lasts that follows an exposure; 0 when the next exposure comes before. */
function bakeAfter(actions: readonly Action[], index: number): Milliseconds {
  for (const action of actions.slice(index + 1)) {
    if (action.kind === 'expose') return 0
    if ('duration' in action && !('begunAtStep' in action)) return action.duration
  }
  return 0
}

/** The warm-ups of a plan in one line; null for a plan without checks. */
export function warmUpText({ actions, checks }: Watched): string | null {
  const all = [...checks, ...actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))]
  if (all.length === 0) return null
  const shared = all.filter(({ warmsUpFor }) => warmsUpFor === undefined)
  const times = actions.flatMap((action) => {
    const time = action.kind === 'expose' && shared.length > 0 ? (action.warmsUpFor ?? 0) : 0
    return time > 0 ? [time] : []
  })
  const own = all.flatMap(({ name, warmsUpFor = 0 }) =>
    warmsUpFor > 0 ? [`${name} ${formatDuration(warmsUpFor)}`] : [],
  )
  const parts = [...(times.length === 0 ? [] : [rangeOf(times)]), ...own]
  if (parts.length === 0) return 'warm-up: none'
  return `warm-up: ${parts.join(', ')} after each jump in the canary's load, in which no check counts`
}

function rangeOf(times: readonly Milliseconds[]): string {
  const [least, most] = [Math.min(...times), Math.max(...times)].map(formatDuration)
  return least === most ? `${most}` : `${least} to ${most}`
}

/** A sentence for each step in which the warm-up leaves the checks little or nothing to see. */
export function warmUpWarnings({ actions, checks }: Watched): readonly string[] {
  const found = actions.flatMap((action, index) => {
    if (action.kind !== 'expose') return []
    const next = actions.findIndex((later, at) => at > index && later.kind === 'expose')
    const waits = actions.slice(index + 1, next === -1 ? undefined : next)
    const watching = [...checks, ...waits.flatMap((wait) => (wait.kind === 'judge' ? wait.checks : []))]
    const warmUp = longestWarmUp(watching, action)
    const [first] = waits.filter((wait) => 'duration' in wait)
    const baked = waits.reduce((sum, wait) => sum + ('duration' in wait ? wait.duration : 0), 0)
    return first === undefined || baked >= 2 * warmUp ? [] : [warningText(first.step, baked, warmUp)]
  })
  return [...new Set(found)]
}

function warningText(step: number, baked: Milliseconds, warmUp: Milliseconds): string {
  const [bake, warm] = [formatDuration(baked), formatDuration(warmUp)]
  return baked <= warmUp
    ? `step ${step}: its ${bake} are over before the canary has warmed up (${warm}), so they are prolonged until then`
    : `step ${step}: of its ${bake} the canary warms up for ${warm}, so the checks see only ${formatDuration(baked - warmUp)}`
}
