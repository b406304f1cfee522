import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import type { HoldOutcome } from '../activities/activities.ts'
import { wasExposed } from '../domain/release/release-state.ts'
import { targetName } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { holdFor } from './activity-calls.ts'
import { isActivityFailure } from './failures.ts'
import type { Run } from './run.ts'

const LOOK_EVERY: Milliseconds = 10_000

/**
 * Holds the router where it was brought back to while calls of the release end or are undone, which may take days. The end of
 * `work` is the end of the hold.
 */
export async function whileKeptBack(run: Run, work: () => Promise<void>): Promise<void> {
  if (!wasExposed(run.state())) return work()
  const own = new CancellationScope({ cancellable: true })
  const kept = own
    .run(() => keep(run))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error
    })
  await work()
  own.cancel()
  await kept
}

async function keep(run: Run): Promise<void> {
  let [fault, toldAt]: [string | null, Instant | null] = [null, null]
  for (;;) {
    const { roles } = run.state()
    if (roles === null) return
    const { target, version } = run.input
    try {
      const seen: HoldOutcome = await holdFor(targetName(target))({
        ...{ target, roles, fence: run.fence(), interval: LOOK_EVERY, fault, toldAt },
      })
      if (seen.kind === 'repaired') {
        toldAt = Date.now()
        run.record({ type: 'drift-repaired', text: seen.text })
        run.record({ type: 'router-taken', fence: seen.fence, text: 'the router is held where it was brought back to' })
      }
      fault = seen.kind === 'faulty' ? seen.text : null
      if (seen.kind !== 'well') run.tell(`${version}: ${seen.text}`, 'alarm')
      if (seen.kind === 'stranger') return
    } catch (error) {
      if (!isActivityFailure(error)) throw error
      await sleep(LOOK_EVERY, { summary: 'keeper: next try' })
    }
  }
}
