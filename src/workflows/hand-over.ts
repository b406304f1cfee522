import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow'
import type { ReleaseInput } from './messages.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/**
 * Goes on in a new run, with all that is known, before the history has grown so long that Temporal would end the release.
 * Every wait asks this: a bake of weeks, a pause that nobody ends, an approval, a rollback without end.
 */
export async function handOverWhenLong(run: Run, watch: Watch): Promise<void> {
  if (!run.isLong()) return
  await watch.stop()
  const messageRef = await run.allTold()
  await condition(allHandlersFinished)
  // What came in meanwhile may have abandoned the release: then the rollback hands over, not the plan.
  const carried = { state: run.state(), guard: watch.memory(), messageRef }
  await continueAsNew<(input: ReleaseInput) => Promise<unknown>>({ ...run.input, carried })
}
