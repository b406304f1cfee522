import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import { type Holders, othersWith, readPipelineStart, withHolder } from '../domain/pipeline/holders.ts'
import { beginPipelineState } from '../domain/pipeline/pipeline-state.ts'
import { isOpen } from './activity-calls.ts'
import { valueOf } from './lane-messages.ts'
import { type PipelineInput, type PipelineStart, startPipelineUpdate, WORKFLOW_TASK_TIMEOUT } from './messages.ts'
import { pipeline } from './pipeline.ts'
import { pipelineAttributes } from './search-attributes.ts'

/**
 * Starts pipelines, one after the other, for ever: so that of those which want the same target at the same moment one gets it. It
 * remembers who was given a target last, and asks Temporal whether that one is open still: a pipeline need not say when it ends.
 */
export async function pipelineStarts(carried: Holders = {}): Promise<void> {
  let holders = carried
  let isBusy = false

  async function start(input: PipelineInput): Promise<PipelineStart> {
    const wish = valueOf(readPipelineStart(input))
    while (isBusy) await condition(() => !isBusy)
    isBusy = true
    try {
      for (const other of othersWith(holders, wish))
        if (await isOpen(other.pipelineId)) return { kind: 'held', by: other }
      const isNew = await begin(input)
      if (isNew) holders = withHolder(holders, wish)
      return { kind: isNew ? 'begun' : 'known' }
    } finally {
      isBusy = false
    }
  }

  setHandler(startPipelineUpdate, start, {
    validator: (input) => void valueOf(readPipelineStart(input)),
    description: 'Start a pipeline, unless another one that is open has one of its targets',
  })
  await condition(() => workflowInfo().continueAsNewSuggested)
  await condition(allHandlersFinished)
  await continueAsNew<typeof pipelineStarts>(holders)
}

/** Answers whether it was new: Temporal itself knows a pipeline by its id. */
async function begin(input: PipelineInput): Promise<boolean> {
  const { pipelineId, pipeline: asked } = input
  try {
    await startChild(pipeline, {
      ...{ workflowId: pipelineId, args: [input], workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT },
      ...{ workflowIdReusePolicy: 'REJECT_DUPLICATE', parentClosePolicy: ParentClosePolicy.ABANDON },
      staticSummary: `${asked.name}: ${asked.stages.length} stages`,
      typedSearchAttributes: pipelineAttributes(input, beginPipelineState(pipelineId, asked)),
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}
