import { describeError } from '../domain/errors.ts'
import { compareFences } from '../domain/exposure.ts'
import type { GuardInput } from '../domain/guard.ts'
import { exposureText } from '../domain/release-state.ts'
import { isRoutedAs, type ObservedRouting } from '../routers/router.ts'
import type { TargetAdapters } from './dependencies.ts'

/** What one look at the router has shown, and what was done about it. */
export interface RouterLook {
  /** What was put right, as a sentence; null when nothing had to be. */
  readonly repair: string | null
  /** Who else is in charge of the router, as a sentence; null when nobody is. */
  readonly foreign: string | null
  /** Why the router could not be read or put right; null when it could. */
  readonly fault: string | null
}

export const QUIET_ROUTER: RouterLook = { repair: null, foreign: null, fault: null }

/** Reads the router and puts right what has drifted, unless a newer fence says that somebody else is in charge. */
export async function keepRouter(
  { router }: Pick<TargetAdapters, 'router'>,
  { roles, exposure, fence }: Pick<GuardInput, 'roles' | 'exposure' | 'fence'>,
  signal: AbortSignal,
): Promise<RouterLook> {
  const wish = { roles, exposure, fence }
  try {
    const observed = await router.read(signal)
    if (observed.fence !== null && compareFences(observed.fence, fence) > 0) {
      const foreign = `release ${observed.fence.release} has taken over the router, epoch ${observed.fence.epoch}`
      return { ...QUIET_ROUTER, foreign }
    }
    if (isRoutedAs(observed, wish)) return QUIET_ROUTER
    await router.apply(wish, signal)
    const after = await router.read(signal)
    const was = `the router was at ${routedText(observed, roles.canary)} instead of ${exposureText(exposure)}`
    if (isRoutedAs(after, wish)) return { ...QUIET_ROUTER, repair: `${was}; repaired` }
    return { ...QUIET_ROUTER, fault: `${was}, and the repair does not show` }
  } catch (error) {
    signal.throwIfAborted()
    return { ...QUIET_ROUTER, fault: describeError(error) }
  }
}

function routedText(observed: ObservedRouting, canary: string): string {
  const cohorts = Object.entries(observed.cohorts).flatMap(([cohort, pool]) => (pool === canary ? [cohort] : []))
  return exposureText({ weight: observed.split[canary] ?? 0, cohorts: cohorts.sort() })
}
