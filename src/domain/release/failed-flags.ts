import { type Exposure, withFlags } from '../exposure.ts'
import { flagsOff, isOff, reachIn } from '../flag-reach.ts'
import type { Check } from '../plan/checks.ts'
import type { ReleaseState } from './release-state.ts'

/**
 * The flag that answers for the failure of this check, or null when the plan's own consequence is due: no flag does, it is off
 * already, or a call is under way that nothing may be changed beside.
 */
export function answeringFlag(
  check: Pick<Check, 'onFailFlag'> | undefined,
  { live, hook = null, flagsOff: failed = [] }: Pick<ReleaseState, 'live' | 'hook' | 'flagsOff'>,
): string | null {
  const flag = check?.onFailFlag?.flag
  if (flag === undefined || hook !== null || failed.includes(flag)) return null
  const reach = reachIn(live.flags, flag)
  return reach === undefined || isOff(reach) ? null : flag
}

/** The exposure with every flag off that has failed in this release; the same object when there is none. */
export function withoutFailed(exposure: Exposure, { flagsOff: failed = [] }: Pick<ReleaseState, 'flagsOff'>): Exposure {
  const set = failed.filter((flag) => Object.hasOwn(exposure.flags ?? {}, flag))
  return set.length === 0 ? exposure : withFlags(exposure, flagsOff(set))
}
