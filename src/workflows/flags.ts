import { isSameExposure } from '../domain/exposure.ts'
import { withoutFailed } from '../domain/release/failed-flags.ts'
import { formatDuration, type Milliseconds } from '../domain/units.ts'
import type { Run } from './run.ts'
import { tryExpose } from './try-expose.ts'
import type { Watch } from './watch.ts'

/** Users have a feature that has failed, so a store that does not comply is not waited for. */
const PATIENCE: Milliseconds = 10_000

/**
 * Sets the flags off that have failed, in the middle of whatever the plan waits for: the bake goes on, the version stays. When
 * the store does not comply the feature goes with the version where the plan rolls back; else the release is paused, and tries
 * again once somebody says go on.
 */
export async function setFailedFlagsOff(run: Run, watch: Watch): Promise<void> {
  const { live, flagsOff = [], abandoned } = run.state()
  if (flagsOff.length === 0 || abandoned !== null || run.hasStuckFlags()) return
  if (isSameExposure(live, withoutFailed(live, run.state()))) return
  await watch.stop()
  run.record({ type: 'flags-wanted' })
  if (!(await tryExpose(run, PATIENCE))) {
    run.markStuckFlags()
    const reason = `flag ${flagsOff.join(', ')} has failed and could not be set off within ${formatDuration(PATIENCE)}`
    if (run.input.plan.onFail === 'rollback') run.abandon('failed-check', 'guard', reason)
    return
  }
  watch.forgetFailures()
  run.tell(`${run.input.version}: flag ${flagsOff.join(', ')} is off, confirmed by the flag store`, 'warning')
}
