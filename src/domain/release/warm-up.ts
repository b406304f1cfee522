import { isSameRouting } from '../exposure.ts'
import type { ExposeAction } from '../plan/actions.ts'
import { backgroundAt } from '../plan/background.ts'
import type { Check } from '../plan/checks.ts'
import type { Plan } from '../plan/plan.ts'
import { longestWarmUp } from '../plan/plan-warm-up.ts'
import type { Instant } from '../units.ts'
import type { ReleaseState } from './release-state.ts'

type Standing = Pick<ReleaseState, 'live' | 'position' | 'exposedAt'>

/** The warm-up that the plan gives the exposure that is live; nothing where it gives none. */
export function warmUpOfLive(
  { live, position }: Pick<Standing, 'live' | 'position'>,
  { actions }: Pick<Plan, 'actions'>,
): Pick<ExposeAction, 'warmsUpFor'> {
  const exposed = actions
    .slice(0, position + 1)
    .findLast((action) => action.kind === 'expose' && isSameRouting(action.exposure, live))
  return exposed?.kind === 'expose' && exposed.warmsUpFor !== undefined ? { warmsUpFor: exposed.warmsUpFor } : {}
}

/** When the last of these checks begins to count at the live exposure; null when none waits for a warm-up. */
export function warmsUpUntil(state: Standing, plan: Pick<Plan, 'actions'>, checks: readonly Check[]): Instant | null {
  const time = longestWarmUp(checks, warmUpOfLive(state, plan))
  return state.exposedAt === null || time === 0 ? null : state.exposedAt + time
}

/** The plan's checks, and those of the analyses that run. */
export function checksAt(
  { position }: Pick<Standing, 'position'>,
  { actions, checks }: Pick<Plan, 'actions' | 'checks'>,
): readonly Check[] {
  const action = actions[position]
  const background = backgroundAt(position, actions)
  const own = action?.kind === 'judge' && action.begunAtStep === undefined ? action.checks : []
  return background.length + own.length === 0 ? checks : [...checks, ...background, ...own]
}
