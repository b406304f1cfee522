import type { GuardInput } from './guard.ts'
import type { Plan } from './plan.ts'
import type { Pause, ReleaseState } from './release-state.ts'

/** Pauses for something that a look would only find again: the router is kept, and nothing is judged. */
const KEEPS_ONLY: readonly Pause['cause'][] = ['failed-check', 'router', 'split', 'drift', 'foreign-change']

/**
 * What the guard is to do in this state of the release. While the plan is paused it never ends by itself for what people
 * know already: missing data waits as long as the pause, and drift is put right without another alarm.
 */
export function watchFor(
  state: Pick<ReleaseState, 'pause'>,
  _plan: Plan,
): Pick<GuardInput, 'mode' | 'drift'> & Partial<Pick<GuardInput, 'blindLimit'>> {
  const { pause } = state
  if (pause === null) return { mode: 'judge', drift: DEFAULT_DRIFT }
  const mode = KEEPS_ONLY.includes(pause.cause) ? 'keep' : 'judge'
  return { mode, drift: null, blindLimit: null }
}

const DEFAULT_DRIFT = { repairs: 3, share: 0.1 }
