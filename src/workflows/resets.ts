import {
  ApplicationFailure,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInternalsInterceptor,
  workflowInfo,
} from '@temporalio/workflow'
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js'

/** Calls the listener whenever somebody has reset the workflow in Temporal, before anything else of that step happens. */
export type OnReset = (listener: () => void) => void

/**
 * Tells a lane that it was reset: what it had known until then is all that its history still says, and what it has done
 * since its former run knows. Temporal gives a workflow that is reset a new seed for its random numbers, in the first step
 * after the cut and in every replay of it; nothing else that a workflow sees differs. What was asked of the former run
 * after the cut Temporal asks again in that step: it has been answered, so it is refused.
 */
export function watchResets(): {
  readonly inbound: WorkflowInboundCallsInterceptor
  readonly internals: WorkflowInternalsInterceptor
} {
  let seed = readSeed()
  let isFirstStep = false
  let wasReset = false
  let listener = () => {}
  const isLane = () => workflowInfo().workflowType === 'lane'
  const onReset: OnReset = (listen) => {
    listener = listen
    if (wasReset) listen()
  }
  return {
    internals: {
      activate(input, next) {
        isFirstStep = readSeed() !== seed
        seed = readSeed()
        wasReset ||= isFirstStep
        if (isFirstStep) listener()
        next(input)
      },
    },
    inbound: {
      execute: (input, next) => next(isLane() ? { ...input, args: [input.args[0], onReset] } : input),
      // Not async: one turn more of the event loop would change the order of what recorded histories did.
      handleUpdate: (input, next) => (isFirstStep && isLane() ? Promise.reject(askedBefore()) : next(input)),
    },
  }
}

function readSeed(): string {
  return getActivator().randomnessSeed.join()
}

function askedBefore(): ApplicationFailure {
  const message =
    'the lane of this target was reset in Temporal, and does not do again what its former run was asked for'
  const fix = 'look at the lane, and ask once more if it has not been done'
  return ApplicationFailure.nonRetryable(message, 'command.refused', { fix })
}
