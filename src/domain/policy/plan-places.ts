import type { Check } from '../plan/checks.ts'
import type { ProblemPath } from '../problems.ts'
import type { BasisPoints } from '../units.ts'
import type { GovernedPlan } from './governed-plan.ts'

/** An exposure by its place among the actions. */
interface Raised {
  readonly index: number
  readonly step: number
  readonly weight: BasisPoints
}

/** The first exposure of at least this weight; null when there is none. */
export function firstFrom(least: BasisPoints, { actions }: GovernedPlan): Raised | null {
  for (const [index, action] of actions.entries()) {
    if (action.kind === 'expose' && action.exposure.weight >= least)
      return { index, step: action.step, weight: action.exposure.weight }
  }
  return null
}

/** The plan's step, from 1, that first sets a flag. */
export function stepOfFlag({ actions }: GovernedPlan, flag: string): number {
  const set = actions.find((action) => action.kind === 'expose' && Object.hasOwn(action.exposure.flags ?? {}, flag))
  return set?.step ?? 1
}

/** Checks with where they stand in the plan: those that watch all of it, and those of its analyses. */
export function placedChecks(plan: GovernedPlan): readonly { readonly check: Check; readonly path: ProblemPath }[] {
  const own = plan.checks.map((check) => ({ check, path: ['checks', check.name] }))
  const inSteps = plan.actions.flatMap((action) =>
    action.kind === 'judge'
      ? action.checks.map((check) => ({
          check,
          path: stepPath(plan, action.begunAtStep ?? action.step, 'checks', check.name),
        }))
      : [],
  )
  return [...own, ...inSteps]
}

/** Where the weight of an exposure stands: a ramp has several. */
export function weightPath(plan: GovernedPlan, { index, step }: Raised): ProblemPath {
  if (!isRamp(plan, step)) return stepPath(plan, step)
  if (isBudgeted(plan, step)) return stepPath(plan, step, 'to')
  const before = plan.actions.slice(0, index).filter((action) => action.kind === 'expose' && action.step === step)
  return [...stepPath(plan, step, 'through'), before.length]
}

/** Where it stands how long a weight of this step is held; at the weight itself for what stands in a step of its own. */
export function bakePath(plan: GovernedPlan, step: number): ProblemPath {
  if (!isRamp(plan, step)) return stepPath(plan, step)
  return stepPath(plan, step, isBudgeted(plan, step) ? 'atLeast' : 'bake')
}

/** True for a ramp whose weights and bakes nobody has written. */
function isBudgeted({ actions }: GovernedPlan, step: number): boolean {
  return actions.some((action) => action.kind === 'bake' && action.step === step && action.raise !== undefined)
}

function isRamp({ steps }: GovernedPlan, step: number): boolean {
  return steps[step - 1]?.kind === 'ramp'
}

/** Where a step of the plan stands, and a key below it. */
export function stepPath({ steps }: GovernedPlan, step: number, ...below: readonly string[]): ProblemPath {
  const kind = steps[step - 1]?.kind
  return ['steps', step - 1, ...(kind === undefined ? [] : [kind]), ...below]
}
