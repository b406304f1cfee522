import { calledAgain, type Undo, withUndo } from './hooks.ts'
import type { HookEvent, ReleaseEvent } from './release-events.ts'
import type { ReleaseState } from './release-state.ts'

/** How an event of a call, or of what undoes one, changes a release. */
export function changeHooks(state: ReleaseState, event: HookEvent): ReleaseState {
  const hook = state.hook ?? null
  switch (event.type) {
    case 'hook-called':
      return callHook(state, event)
    case 'hook-begun':
      return hook === null || hook.call !== event.call ? state : { ...state, hook: { ...hook, due: event.due } }
    case 'hook-answered': {
      if (hook === null || hook.key !== event.key || hook.answer !== null) return state
      return { ...state, hook: { ...hook, answer: { isDone: event.isDone, reason: event.reason } } }
    }
    case 'hook-done':
      return hook === null ? state : { ...state, hook: null, gate: null }
    case 'hook-failed': {
      if (hook === null) return state
      const refusals = hook.refusals + (event.isRefusal ? 1 : 0)
      return { ...state, hook: { ...hook, refusals, due: null, answer: null }, gate: null }
    }
    case 'undo-done':
      return { ...withUndos(state, event.step, (undo) => ({ ...undo, standing: 'done', lastError: null })), hook: null }
    case 'undo-failed':
      return {
        ...withUndos(state, event.step, (undo) => ({
          ...undo,
          ...{ tries: undo.tries + 1, lastError: event.reason },
          refusals: undo.refusals + (event.isRefusal ? 1 : 0),
        })),
        hook: null,
      }
    case 'undos-left':
      return withUndos(state, null, (undo) => (undo.standing === 'open' ? { ...undo, standing: 'left' } : undo))
  }
}

/** A release that is being rolled back calls nothing any more but what undoes. */
function callHook(state: ReleaseState, event: Extract<ReleaseEvent, { type: 'hook-called' }>): ReleaseState {
  const { step, call, direction } = event
  if ((state.abandoned !== null) !== (direction === 'undo')) return state
  const hook = calledAgain(state, { step, call, direction })
  if (direction === 'undo') return { ...state, hook }
  const undos = withUndo(state.undos, event)
  const gate = { reason: `${call} runs`, opensAt: null }
  return { ...state, phase: 'waiting', step, hook, gate, ...(undos !== undefined && { undos }) }
}

function withUndos(state: ReleaseState, step: number | null, change: (undo: Undo) => Undo): ReleaseState {
  if (state.undos === undefined) return state
  return { ...state, undos: state.undos.map((undo) => (step === null || undo.step === step ? change(undo) : undo)) }
}
