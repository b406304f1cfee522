import { type Exposure, isRaise, usesCanary } from '../domain/exposure.ts'
import type { Milliseconds } from '../domain/units.ts'
import { untilYes } from './asking.ts'
import { untilMayRaise } from './gate.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/** What the pools have said holds for so long; a window that opened later asks them again. */
const RECENT: Milliseconds = 30_000

/**
 * Waits until an exposure may be raised: the canary has proven its version, the pools can carry it, the windows are open. Only
 * what goes forward asks: the way back never comes here.
 */
export function untilReady(exposure: Exposure, step: number, run: Run, watch: Watch): Promise<void> {
  const { proof, capacity } = run.input.plan
  const isAsked = (proof !== undefined || capacity !== undefined) && isRaise(run.state().live, exposure)
  // Not one turn more than before there was anything to ask: histories of releases without it are replayed step by step.
  return isAsked ? untilFit(exposure, step, run, watch) : untilMayRaise(exposure, step, run, watch)
}

async function untilFit(exposure: Exposure, step: number, run: Run, watch: Watch): Promise<void> {
  for (;;) {
    await untilProven(step, run, watch)
    await untilCarried('both', step, run, watch)
    if (run.state().abandoned !== null) return
    const asked = Date.now()
    await untilMayRaise(exposure, step, run, watch)
    if (Date.now() - asked < RECENT) return
  }
}

/** Before the canary is asked anything its pool must say that it runs the version. */
async function untilProven(step: number, run: Run, watch: Watch): Promise<void> {
  const { proof, onFail } = run.input.plan
  const { roles, abandoned, live } = run.state()
  if (proof === undefined || roles === null || abandoned !== null || usesCanary(live)) return
  const { target, version } = run.input
  const request = { target, version, roles }
  const wait = { question: { about: 'version', request }, cause: 'version', within: proof.within, onFail } as const
  await untilYes({ ...wait, step, summary: `version of ${roles.canary}` }, run, watch)
}

/** `stable`: a release that begins must find its way back carried. */
export async function untilCarried(which: 'stable' | 'both', step: number, run: Run, watch: Watch): Promise<void> {
  const { capacity, onFail, isReturn = false } = run.input.plan
  const { roles, abandoned } = run.state()
  if (capacity === undefined || roles === null || abandoned !== null) return
  // How many servers of the version that is left are ready holds no way back.
  const stable = isReturn ? [] : [roles.stable]
  const pools = which === 'stable' ? stable : [roles.canary, ...stable]
  if (pools.length === 0) return
  const question = { about: 'capacity', target: run.input.target, pools, ready: capacity.ready } as const
  await untilYes({ question, cause: 'gate', within: null, onFail, step, summary: 'capacity' }, run, watch)
}
