import { FLAG_OFF, isOff, reachIn } from '../flag-reach.ts'
import type { Action } from '../plan/actions.ts'
import { flagsIn } from '../plan/plan-flags.ts'

/** What a plan gives to users: a version, which has no flag of its own, or what one flag brings. */
interface Feature {
  readonly flag: string | null
  /** The plan's actions, in which the weight is how many users have it. */
  readonly actions: readonly Action[]
}

/**
 * What a plan gives to users, one by one. Without a router each flag is given for itself: that everybody has one of them says
 * nothing of the next. A flag that only goes off gives nobody anything.
 */
export function featuresOf(actions: readonly Action[]): readonly Feature[] {
  const isByFlags = actions.some((action) => action.kind === 'expose' && action.exposure.byFlags === true)
  if (!isByFlags) return [{ flag: null, actions }]
  return flagsIn(actions)
    .map((flag) => ({ flag, actions: actions.map((action) => ofFlag(action, flag)) }))
    .filter(({ actions: own }) => own.some((action) => action.kind === 'expose' && !isOff(action.exposure)))
}

function ofFlag(action: Action, flag: string): Action {
  if (action.kind !== 'expose') return action
  const reach = reachIn(action.exposure.flags, flag) ?? FLAG_OFF
  return { ...action, exposure: { ...action.exposure, ...reach } }
}
