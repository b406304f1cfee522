import { ApplicationFailure, setHandler } from '@temporalio/workflow'
import { decideOnPipeline, type PipelineCommand, readPipelineCommand } from '../domain/pipeline/pipeline-commands.ts'
import { pipelinePhase } from '../domain/pipeline/pipeline-state.ts'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS, type PipelineVerb } from '../domain/pipeline/pipeline-verbs.ts'
import { valueOf } from './lane-messages.ts'
import { type PipelineAnswer, pipelineQuery, pipelineUpdates } from './messages.ts'
import type { PipelineRun } from './pipeline-run.ts'

/** Binds every message of a pipeline, as a release binds its own: what is refused leaves no trace in the history. */
export function answerPipelineMessages(run: PipelineRun): void {
  const { carried: _, ...input } = run.input
  setHandler(pipelineQuery, () => ({ input, state: run.state() }), { description: 'The whole state of the pipeline' })
  for (const verb of PIPELINE_VERB_NAMES) {
    setHandler(pipelineUpdates[verb], (message) => accept(commandIn(verb, message), run), {
      validator: (message) => void decided(commandIn(verb, message), run),
      description: PIPELINE_VERBS[verb].does,
    })
  }
}

function commandIn(verb: PipelineVerb, message: unknown): PipelineCommand {
  return valueOf(readPipelineCommand(verb, message))
}

function decided(command: PipelineCommand, run: PipelineRun) {
  const decision = decideOnPipeline(command, run.state(), run.input.author.person)
  if (decision.kind !== 'refuse') return decision
  throw ApplicationFailure.nonRetryable(decision.message, decision.code, { fix: decision.fix })
}

function accept(command: PipelineCommand, run: PipelineRun): PipelineAnswer {
  const decision = decided(command, run)
  if (decision.kind === 'accept') run.record(decision.event)
  const phase = pipelinePhase(run.state())
  return { pipelineId: run.input.pipelineId, phase, text: `${command.verb} accepted, now ${phase}` }
}
