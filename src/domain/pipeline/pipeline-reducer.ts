import type { Actor } from '../actor.ts'
import type { Instant } from '../units.ts'
import type { PipelineEvent } from './pipeline-events.ts'
import {
  endOfPipeline,
  freshStage,
  type GivenUp,
  type PipelineHold,
  type PipelineState,
  type StageState,
  stageIn,
} from './pipeline-state.ts'
import { returnStanding, tellPipelineEvent } from './pipeline-story.ts'

/** Oldest entries of the story are dropped beyond this many; Temporal's history has them all. */
const LONGEST_TRAIL = 200
const MOST_KEYS = 200

/** Who does what nobody has asked for in this moment. */
export const BY_ITSELF: Actor = { person: 'sluice', entrance: 'temporal' }

/** The state after an event. */
export function reducePipeline(state: PipelineState, event: PipelineEvent): PipelineState {
  const next = apply(state, event)
  const text = tellPipelineEvent(event, next)
  const keys = 'key' in event && event.key !== undefined ? [...state.commandKeys, event.key].slice(-MOST_KEYS) : null
  return {
    ...next,
    ...(text !== null && { trail: [...state.trail, { at: event.at, text }].slice(-LONGEST_TRAIL) }),
    ...(keys !== null && { commandKeys: keys }),
  }
}

function apply(state: PipelineState, event: PipelineEvent): PipelineState {
  switch (event.type) {
    case 'approval-asked':
      return change(state, event.stage, { phase: 'asking', approval: { ...event.request, given: [] }, reason: null })
    case 'approved':
      return approve(state, event.stage, event.actor, event.at)
    case 'approval-expired':
      return held(change(state, event.stage, { phase: 'waiting', approval: null }), 'approval-expired', event)
    case 'gate-waits': {
      const { reason, opensAt, due } = event
      return change(state, event.stage, { reason, opensAt, ...(due !== undefined && { due }) })
    }
    case 'gate-refused':
      return held(replace(state, toBegin(stageIn(state, event.stage))), 'gate-refused', event)
    case 'stage-begun':
      return replace(state, { ...toBegin(stageIn(state, event.stage)), phase: 'starting' })
    case 'release-started':
      return change(state, event.stage, { phase: 'running', releaseId: event.releaseId, told: 'resume' })
    case 'release-refused':
      return refused(state, event.stage, event.reason)
    case 'release-told':
      return change(state, event.stage, { told: event.verb, isHeld: event.verb === 'pause' && event.isTaken })
    case 'release-withdrawn':
      return replace(state, tryAgain(stageIn(state, event.stage)))
    case 'stage-promoted': {
      const { mayHaveVersion: _, ...stage } = stageIn(state, event.stage)
      return replace(state, { ...stage, phase: 'soaking', soakUntil: event.soakUntil, isHeld: false })
    }
    case 'stage-done':
      return change(state, event.stage, { phase: 'done', soakUntil: null })
    case 'stage-failed':
      return failed(state, event.stage, event.reason, event.mayHaveVersion)
    case 'rejected':
      return failed(state, event.stage, wordOf('rejected', event))
    case 'return-begun':
      return change(state, event.stage, { phase: 'returning', reason: null })
    case 'return-started':
      return change(state, event.stage, { returnId: event.releaseId, reason: null })
    case 'return-waits':
    case 'return-stands':
      return change(state, event.stage, { reason: event.reason })
    case 'stage-returned':
      return returned(state, event)
    case 'return-held':
      return replace(state, { ...unwatched(stageIn(state, event.stage)), reason: null })
    case 'return-refused':
      return replace(state, { ...unwatched(stageIn(state, event.stage)), phase: 'stuck', reason: event.reason })
    case 'paused':
      return { ...state, hold: { cause: 'command', actor: event.actor, reason: wordOf('paused', event) } }
    case 'resumed':
      return resumed(state, event.actor)
    case 'given-up':
      return givenUp(state, { back: 'all', actor: event.actor, reason: wordOf(event.cause, event) })
    case 'first-life-doubted':
      return doubted(state)
    case 'ended':
      return { ...state, outcome: endOfPipeline(state), endedAt: event.at, hold: null }
  }
}

function returned(
  state: PipelineState,
  { stage, reason, isWatched }: Extract<PipelineEvent, { type: 'stage-returned' }>,
): PipelineState {
  if (isWatched !== true) return change(state, stage, { phase: 'returned', reason })
  const { returnId } = stageIn(state, stage)
  return change(state, stage, { phase: 'returned', reason: returnStanding(returnId ?? '', null), isWatched })
}

function unwatched({ isWatched: _, ...stage }: StageState): StageState {
  return stage
}

function change(state: PipelineState, name: string, part: Partial<StageState>): PipelineState {
  return replace(state, { ...stageIn(state, name), ...part })
}

function replace(state: PipelineState, next: StageState): PipelineState {
  return { ...state, stages: state.stages.map((stage) => (stage.name === next.name ? next : stage)) }
}

/** Who was approved stays so; whatever else was waited for is asked for anew. */
function toBegin(stage: StageState): StageState {
  return { ...anew(stage), isApproved: stage.isApproved }
}

/** As if it had never begun, but for what nobody knows of its users since an earlier try. */
function anew({ name, tries, mayHaveVersion, releaseId }: StageState): StageState {
  return { ...freshStage(name, tries), ...(mayHaveVersion === true && { mayHaveVersion, releaseId }) }
}

/** The same for one whose release was asked for. */
function tryAgain(stage: StageState): StageState {
  return toBegin({ ...stage, tries: stage.tries + 1 })
}

function approve(state: PipelineState, name: string, { person, entrance }: Actor, at: Instant): PipelineState {
  const { approval } = stageIn(state, name)
  if (approval === null) return state
  const given = [...approval.given, { person, entrance, at }]
  if (given.length < approval.need) return change(state, name, { approval: { ...approval, given } })
  return change(state, name, { phase: 'waiting', approval: null, isApproved: true })
}

/** `abort by bob: the basket is empty`. */
function wordOf(what: string, { actor, reason }: { readonly actor: Actor; readonly reason: string }): string {
  return `${what} by ${actor.person}${reason === '' ? '' : `: ${reason}`}`
}

/** What its lane does not take a person may mend; once the pipeline is given up there is nothing to take back there. */
function refused(state: PipelineState, name: string, reason: string): PipelineState {
  const next = replace(state, { ...tryAgain(stageIn(state, name)), reason })
  return state.givenUp === null ? held(next, 'refused', { stage: name, reason }) : next
}

function failed(state: PipelineState, name: string, reason: string, mayHaveVersion?: true): PipelineState {
  const uncertain = mayHaveVersion === true ? { mayHaveVersion } : {}
  const part = { phase: 'failed', approval: null, soakUntil: null, isHeld: false, reason, ...uncertain } as const
  const next = change(state, name, part)
  const told = `${name}: ${reason}`
  if (state.givenUp !== null) return next
  const back = state.onFail === 'rollback-all' ? 'all' : 'none'
  return state.onFail === 'stop'
    ? held(next, 'stage-failed', { stage: name, reason })
    : givenUp(next, { back, actor: BY_ITSELF, reason: told })
}

/** A person's pause stays one, whatever happens meanwhile. */
function held(
  state: PipelineState,
  cause: PipelineHold['cause'],
  { stage, reason }: { readonly stage: string; readonly reason: string },
): PipelineState {
  if (state.hold?.cause === 'command') return state
  return { ...state, hold: { cause, actor: null, reason: `${stage}: ${reason}` } }
}

/** What has failed is tried again; what was paused for its pipeline is still to hear that it goes on. */
function resumed(state: PipelineState, actor: Actor): PipelineState {
  const stages = state.stages.map((stage): StageState => {
    if (stage.phase === 'failed') return anew({ ...stage, tries: stage.tries + 1 })
    if (stage.phase === 'waiting') return toBegin(stage)
    return stage.isHeld ? stage : { ...stage, told: 'resume' }
  })
  return { ...state, hold: null, resumedBy: actor, stages }
}

/** What has not begun as far as the pipeline knows may have before. */
function doubted(state: PipelineState): PipelineState {
  const stages = state.stages.map(
    (stage): StageState => (stage.phase === 'waiting' ? { ...stage, mayHaveVersion: true } : stage),
  )
  return { ...state, stages }
}

/** What has not begun never does. The one who takes everything back has the last word. */
function givenUp(state: PipelineState, wish: GivenUp): PipelineState {
  if (state.givenUp?.back === 'all') return state
  const stages = state.stages.map((stage) =>
    stage.phase === 'asking' || stage.phase === 'waiting' ? anew(stage) : stage,
  )
  return { ...state, givenUp: wish, hold: null, stages }
}
