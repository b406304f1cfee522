import { isSameExposure } from '../domain/exposure.ts'
import { withoutFailed } from '../domain/release/failed-flags.ts'
import type { Run } from './run.ts'
import { tryExpose } from './try-expose.ts'
import type { Watch } from './watch.ts'

/**
 * Sets the flags off that have failed, in the middle of whatever the plan waits for: the bake goes on, the version stays. When
 * the store does not comply the release is paused, and tries again once somebody says go on.
 */
export async function setFailedFlagsOff(run: Run, watch: Watch): Promise<void> {
  const { live, flagsOff = [], abandoned } = run.state()
  if (flagsOff.length === 0 || abandoned !== null || run.hasStuckFlags()) return
  if (isSameExposure(live, withoutFailed(live, run.state()))) return
  await watch.stop()
  run.record({ type: 'flags-wanted' })
  if (!(await tryExpose(run))) return run.markStuckFlags()
  watch.forgetFailures()
  run.tell(`${run.input.version}: flag ${flagsOff.join(', ')} is off, confirmed by the flag store`, 'warning')
}
