import type { Actor } from '../actor.ts'
import type { Instant } from '../units.ts'
import type { PipelineStage, StageGate } from './pipeline.ts'
import type { StageVerb } from './pipeline-events.ts'
import { BY_ITSELF } from './pipeline-reducer.ts'
import { isUncertain, type PipelineState, type StageState, stageIn } from './pipeline-state.ts'
import { laterThan } from './stage-order.ts'

/** What is to be done for a stage now: one thing at a time. */
export type StageDuty =
  | { readonly kind: 'wait' }
  | { readonly kind: 'ask' }
  | { readonly kind: 'await-approval'; readonly deadline: Instant }
  | { readonly kind: 'await-gate'; readonly gate: StageGate }
  | { readonly kind: 'begin' }
  | { readonly kind: 'submit'; readonly tries: number }
  | { readonly kind: 'tell'; readonly releaseId: string; readonly verb: StageVerb; readonly actor: Actor }
  | { readonly kind: 'follow'; readonly releaseId: string }
  /** It has the version, and is to keep it; `soakUntil` is null once it is done. */
  | { readonly kind: 'watch'; readonly releaseId: string; readonly soakUntil: Instant | null }
  | { readonly kind: 'return' }
  | { readonly kind: 'submit-return'; readonly actor: Actor; readonly reason: string }
  | { readonly kind: 'follow-return'; readonly releaseId: string }
  /** Everybody is back; nobody waits for this but the end of the pipeline. */
  | { readonly kind: 'watch-return'; readonly releaseId: string }

const WAIT: StageDuty = { kind: 'wait' }

/** The duty that follows from what the pipeline knows. A way back waits for nothing but for the stages that came after. */
export function stageDutyOf(stages: readonly PipelineStage[], state: PipelineState, name: string): StageDuty {
  const own = stageIn(state, name)
  const stage = stages.find((one) => one.name === name)
  if (stage === undefined || state.outcome !== null) return WAIT
  switch (own.phase) {
    case 'waiting':
      return state.givenUp === null ? dutyToBegin(stage, own, state) : dutyInDoubt(stages, own, state)
    case 'asking':
      return own.approval === null || state.hold !== null
        ? WAIT
        : { kind: 'await-approval', deadline: own.approval.deadline }
    case 'starting':
      // It may have been asked for already: only the answer says what there is to take back.
      return { kind: 'submit', tries: own.tries }
    case 'running':
      return dutyWhileRunning(own, state)
    case 'soaking':
    case 'done':
      if (state.givenUp?.back === 'all') return isTurnToReturn(stages, state, name) ? { kind: 'return' } : WAIT
      return {
        kind: 'watch',
        releaseId: own.releaseId ?? '',
        soakUntil: own.phase === 'soaking' ? own.soakUntil : null,
      }
    case 'returning': {
      const { actor = BY_ITSELF, reason = '' } = state.givenUp ?? {}
      return own.returnId === null
        ? { kind: 'submit-return', actor, reason }
        : { kind: 'follow-return', releaseId: own.returnId }
    }
    case 'failed':
      return dutyInDoubt(stages, own, state)
    case 'returned':
      return own.isWatched === true && own.returnId !== null ? { kind: 'watch-return', releaseId: own.returnId } : WAIT
    case 'stuck':
      return WAIT
  }
}

/** What has failed, or never began, has nothing to give back, unless nobody knows that. */
function dutyInDoubt(stages: readonly PipelineStage[], own: StageState, state: PipelineState): StageDuty {
  if (state.givenUp?.back !== 'all' || !isUncertain(own)) return WAIT
  return isTurnToReturn(stages, state, own.name) ? { kind: 'return' } : WAIT
}

function dutyToBegin({ after, approve, gate }: PipelineStage, own: StageState, state: PipelineState): StageDuty {
  if (state.hold !== null) return WAIT
  if (!after.every((name) => stageIn(state, name).phase === 'done')) return WAIT
  if (approve !== undefined && !own.isApproved) return { kind: 'ask' }
  return gate === undefined ? { kind: 'begin' } : { kind: 'await-gate', gate }
}

function dutyWhileRunning(
  { releaseId, told, isHeld }: StageState,
  { givenUp, hold, resumedBy }: PipelineState,
): StageDuty {
  if (releaseId === null) return WAIT
  if (givenUp?.back === 'all') {
    return told === 'abort'
      ? { kind: 'follow', releaseId }
      : { kind: 'tell', releaseId, verb: 'abort', actor: givenUp.actor }
  }
  if (hold?.cause === 'command' && told !== 'pause')
    return { kind: 'tell', releaseId, verb: 'pause', actor: hold.actor ?? BY_ITSELF }
  // Only what the pipeline has paused goes on with it: one that a check has paused waits for its own people.
  if (hold?.cause !== 'command' && isHeld)
    return { kind: 'tell', releaseId, verb: 'resume', actor: resumedBy ?? BY_ITSELF }
  return { kind: 'follow', releaseId }
}

/**
 * The last stage goes back first: one goes back when none that came after it has anything of the version, or when it has been
 * said that those cannot go back yet.
 */
function isTurnToReturn(stages: readonly PipelineStage[], state: PipelineState, name: string): boolean {
  return [...laterThan(stages, name)].every((later) => {
    const after = stageIn(state, later.name)
    const { phase, reason } = after
    if (phase === 'returning') return reason !== null
    if (phase === 'failed' || phase === 'waiting') return !isUncertain(after)
    return phase === 'returned' || phase === 'stuck'
  })
}
