import { CancellationScope, condition, patched, type WorkflowInterceptors } from '@temporalio/workflow'
import { UNSTARTED_STEP } from './messages.ts'
import { watchResets } from './resets.ts'

/** How Temporal names a question that no step brings. */
const ALONE = 'legacy_query'

/** How deep goes what an update waits for: what follows from all that came in, what follows from that, and once more. */
const ROUNDS = 3

/**
 * Keeps two kinds of messages from leaving a history that no worker can replay.
 *
 * An update is handled last, after all that came in with it and what follows from that at once. To a worker that does not know the
 * workflow, steps in which nothing was to do come together with the step of the update, and the SDK hands it the update first; to
 * whoever replays that later they come before it, one by one. Handled last, it finds the same both times.
 *
 * A question to a workflow that may have gone a step that Temporal has not started is refused. A worker that gets a question about a
 * workflow which it does not know replays its history, and with it what has come in since the last step, by the time of that step. A bake
 * whose timer has fired would find that it has just begun, go on from there, and hold its commands ready for the next step: no worker
 * could replay what that leaves in the history. So the question fails, is asked again, and the worker forgets the workflow.
 */
export function interceptors(): WorkflowInterceptors {
  let before = { length: 0, time: '' }
  let wasReplayed = false
  let isDoubtful = false
  let isTakenIn = false
  const resets = watchResets()

  async function untilTakenIn(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      let isAsked = false
      const next = condition(() => isAsked && isTakenIn)
      // A condition is tested as it is made, too, and that is no round.
      isAsked = true
      await next
    }
  }

  async function last<T>(handle: () => Promise<T>): Promise<T> {
    await CancellationScope.nonCancellable(untilTakenIn)
    return handle()
  }

  return {
    inbound: [
      resets.inbound,
      {
        // Not one turn more in older histories, in which it was handled first.
        handleUpdate: (input, next) => (patched('updates-last') ? last(() => next(input)) : next(input)),
      },
    ],
    internals: [
      resets.internals,
      {
        activate(input, next) {
          const { jobs, timestamp, historyLength, isReplaying } = input.activation
          const isQuestion = jobs?.every(({ queryWorkflow }) => queryWorkflow != null) === true
          if (isDoubtful && isQuestion && jobs.some(({ queryWorkflow }) => asksAlone(queryWorkflow)))
            throw new Error(UNSTARTED_STEP)
          const now = { length: historyLength ?? 0, time: JSON.stringify(timestamp) }
          if (!isQuestion && now.length > before.length) {
            // The first one after a replay cannot be told from a step: one in which nothing was to do may lie between.
            isDoubtful = isReplaying !== true && (wasReplayed || now.time === before.time)
            wasReplayed = isReplaying === true
            before = now
          }
          isTakenIn = false
          next(input)
          isTakenIn = true
        },
      },
    ],
  }
}

/** Whether no step brings the question, and what it is about may go on: of what has closed it is asked with an argument. */
function asksAlone(
  question: { readonly queryId?: string | null; readonly arguments?: readonly unknown[] | null } | null | undefined,
) {
  return question?.queryId === ALONE && (question.arguments ?? []).length === 0
}
