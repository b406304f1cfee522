import type { WorkflowInterceptors } from '@temporalio/workflow'
import { UNSTARTED_STEP } from './messages.ts'

/**
 * Refuses steps that Temporal has not started. A worker that gets a question about a workflow which it does not know replays its history,
 * and with it what has come in since the last step, by the time of that step. A bake whose timer has fired would find that it has just
 * begun, go on from there, and hold its commands ready for the next step: no worker could replay what that leaves in the history. So
 * the question fails, is asked again, and the worker forgets the workflow.
 */
export function interceptors(): WorkflowInterceptors {
  let before = { length: 0, time: '' }
  return {
    internals: [
      {
        activate(input, next) {
          const { jobs, timestamp, historyLength, isReplaying } = input.activation
          const isQuestion = jobs?.every(({ queryWorkflow }) => queryWorkflow != null) === true
          const now = { length: historyLength ?? 0, time: JSON.stringify(timestamp) }
          if (!isQuestion && isReplaying !== true && now.length > before.length && now.time === before.time)
            throw new Error(UNSTARTED_STEP)
          if (!isQuestion) before = now
          next(input)
        },
      },
    ],
  }
}
