import type { AskAction } from '../domain/plan/actions.ts'
import { formatDuration } from '../domain/units.ts'
import { giveUp } from './giving-up.ts'
import { untilUnpaused, waitWhilePausedThenWatch } from './pausing.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/** Asks people and waits for their answer; the exposure stays and is watched. */
export async function ask(action: AskAction, run: Run, watch: Watch): Promise<void> {
  while (!(await isGiven(action, run, watch))) await untilUnpaused(run, watch)
  run.record({ type: 'approval-ended' })
}

/** One asking: true once enough have approved, false when it expired and the plan is paused. */
async function isGiven(action: AskAction, run: Run, watch: Watch): Promise<boolean> {
  const { by, within, onExpiry, step } = action
  // A run that goes on while nobody has answered asks no second time; one that was paused asks once it goes on.
  if (run.isKept) await untilUnpaused(run, watch)
  if (run.state().approval === null) beginAsking(action, run)
  for (;;) {
    await waitWhilePausedThenWatch(run, watch)
    const { approval } = run.state()
    if (approval === null || approval.given.length >= approval.need) return true
    const remaining = approval.deadline - Date.now()
    if (remaining > 0) {
      await run.untilDisturbed(remaining, `step ${step}: approval by ${by}, ${formatDuration(remaining)} left`)
      continue
    }
    const reason = `nobody in ${by} approved step ${step} within ${formatDuration(within)}`
    run.record({ type: 'approval-ended' })
    giveUp(onExpiry, { cause: 'approval-expired', by: 'sluice', reason }, run)
    return run.state().abandoned !== null
  }
}

function beginAsking({ by, people, need, notAuthor, within, step }: AskAction, run: Run): void {
  const request = { by, people, need, notAuthor, deadline: Date.now() + within }
  run.record({ type: 'approval-asked', step, request })
  run.tell(`${run.input.version}: ${need} of ${by} asked to approve step ${step}`, 'warning', { asks: `step ${step}` })
}
