import type { Actor } from '../actor.ts'
import type { ErrorCode } from '../error-codes.ts'
import { isRecord } from '../json.ts'
import { approvalRefusal, type Refusal } from '../release/commands.ts'
import { isText, type Read, readActor, wrong } from '../release/read-command.ts'
import { pipelineName } from './pipeline.ts'
import type { NewPipelineEvent } from './pipeline-events.ts'
import type { PipelineState } from './pipeline-state.ts'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS, type PipelineVerb } from './pipeline-verbs.ts'

/** One command as it reaches the pipeline. */
export interface PipelineCommand {
  readonly verb: PipelineVerb
  readonly pipelineId: string
  /** The stage that is meant; null where only one can be, or the whole pipeline is. */
  readonly stage: string | null
  /** Idempotency key: the same key twice has one effect. */
  readonly key: string
  readonly actor: Actor
  readonly reason: string
}

/** What the sender learns: what it makes happen, that it had done so before (same key), or why not. */
type PipelineDecision =
  | { readonly kind: 'accept'; readonly event: NewPipelineEvent }
  | { readonly kind: 'repeat' }
  | Refusal

/** What a pipeline can be asked now, for buttons and help. */
export function openPipelineVerbs(state: PipelineState): readonly PipelineVerb[] {
  return PIPELINE_VERB_NAMES.filter((verb) => refusalByState(verb, state) === null)
}

/** Decides on a command: a pure rule, used by the workflow’s validators and by whoever answers without one. */
export function decideOnPipeline(command: PipelineCommand, state: PipelineState, author: string): PipelineDecision {
  const { verb, pipelineId, key, actor, reason } = command
  if (state.commandKeys.includes(key)) return { kind: 'repeat' }
  if (pipelineId !== state.pipelineId) {
    const [meant, own] = [pipelineName(pipelineId), pipelineName(state.pipelineId)]
    return refuse('command.stale', `this command was meant for ${meant}, this is ${own}`)
  }
  const byState = refusalByState(verb, state)
  if (byState !== null) return byState
  switch (verb) {
    case 'approve':
    case 'reject':
      return decideOnApproval(command, state, author)
    case 'pause':
    case 'resume':
      return { kind: 'accept', event: { type: verb === 'pause' ? 'paused' : 'resumed', actor, key, reason } }
    case 'abort':
      return { kind: 'accept', event: { type: 'given-up', cause: 'abort', actor, key, reason } }
  }
}

/**
 * Reads what somebody has sent as the command `verb`. Temporal’s own tools can send a pipeline anything, so nothing is
 * believed: the verb is the one of the door through which the message came.
 */
export function readPipelineCommand(verb: PipelineVerb, message: unknown): Read<PipelineCommand> {
  if (!isRecord(message)) return { problem: 'a command must be an object' }
  const { pipelineId, stage = null, key, actor, reason } = message
  const person = readActor(actor)
  if ('problem' in person) return person
  if (!isText(pipelineId, 1, 256)) return wrong('pipelineId', 'the id of a pipeline', pipelineId)
  if (!isText(key, 1, 256)) return wrong('key', 'a text of 1 to 256 characters', key)
  if (!isText(reason, 0, 4_000)) return wrong('reason', 'a text of at most 4,000 characters', reason)
  if (stage !== null && !isText(stage, 1, 256)) return wrong('stage', 'the name of a stage or null', stage)
  return { value: { verb, pipelineId, stage, key, actor: person.value, reason } }
}

function refuse(code: ErrorCode, message: string, fix = 'look at the pipeline and decide again'): Refusal {
  return { kind: 'refuse', code, message, fix }
}

function refusalByState(verb: PipelineVerb, state: PipelineState): Refusal | null {
  const { outcome, givenUp, hold, stages } = state
  if (outcome !== null) return refuse('pipeline.ended', `the pipeline has ended: ${outcome}`, 'start a new pipeline')
  if (verb === 'abort') return null
  if (givenUp !== null) {
    const standing = givenUp.back === 'all' ? 'goes back' : 'begins nothing further'
    return refuse('command.refused', `the pipeline ${standing}: ${givenUp.reason}`, 'wait for its end')
  }
  switch (verb) {
    case 'approve':
    case 'reject':
      if (stages.some(({ phase }) => phase === 'asking')) return null
      return hold?.cause === 'approval-expired'
        ? refuse('command.refused', `the approval has expired: ${hold.reason}`, 'resume first: then it is asked again')
        : refuse('command.refused', 'no stage waits for an approval')
    case 'pause':
      return hold?.cause === 'command' ? refuse('command.refused', `the pipeline is ${hold.reason}`) : null
    case 'resume':
      return hold === null ? refuse('command.refused', 'the pipeline is not paused') : null
  }
}

function decideOnApproval(command: PipelineCommand, state: PipelineState, author: string): PipelineDecision {
  const { verb, actor, key, reason } = command
  const asking = state.stages.filter(({ phase }) => phase === 'asking')
  const meant = command.stage === null && asking.length === 1 ? asking[0]?.name : command.stage
  const stage = asking.find(({ name }) => name === meant)
  if (stage === undefined || stage.approval === null) {
    const names = asking.map(({ name }) => name).join(', ')
    return meant === null || meant === undefined
      ? refuse('command.stale', `several stages wait for an approval: ${names}`, 'name the one that is meant')
      : refuse('command.stale', `the stage ${meant} does not wait for an approval`, `one of these does: ${names}`)
  }
  const by = PIPELINE_VERBS[verb].by === 'approver' ? 'approver' : 'group'
  const refusal = approvalRefusal(by, actor.person, stage.approval, { author, what: 'pipeline' })
  if (refusal !== null) return refusal
  const type = verb === 'approve' ? 'approved' : 'rejected'
  return { kind: 'accept', event: { type, stage: stage.name, actor, key, reason } }
}
