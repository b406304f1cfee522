import { setFailedFlagsOff } from './flags.ts'
import { handOverWhenLong } from './hand-over.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/**
 * Waits while the plan is paused. A pause stops the plan, never the guard: whatever caused it, the exposure that is live is
 * watched until somebody says go on. Every wait hands over when the history has grown long; releases that an older
 * version started do neither, as their histories say.
 */
export function untilUnpaused(run: Run, watch: Watch): Promise<void> {
  return run.isKept ? guardUntilUnpaused(run, watch) : run.untilUnpausedOrLong()
}

async function guardUntilUnpaused(run: Run, watch: Watch): Promise<void> {
  while (run.state().pause !== null) {
    if (run.state().flagsOff !== undefined) await setFailedFlagsOff(run, watch)
    watch.start()
    await run.untilUnpausedOrLong()
    await handOverWhenLong(run, watch)
  }
}

/** Waits while the plan is paused; afterwards what had failed is judged anew. Sees to it that a guard is running. */
export async function waitWhilePausedThenWatch(run: Run, watch: Watch, endsWhenProven = false): Promise<void> {
  if (run.state().pause !== null) {
    await untilUnpaused(run, watch)
    await watch.stop()
    watch.forgetFailures()
  }
  if (run.state().flagsOff !== undefined) await setFailedFlagsOff(run, watch)
  watch.start({ endsWhenProven })
  if (run.isKept) await handOverWhenLong(run, watch)
}
