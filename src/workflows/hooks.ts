import type { HookOutcome } from '../activities/activities.ts'
import type { HookAction } from '../domain/plan/actions.ts'
import {
  type HookCall,
  hasOpenUndo,
  isUndoWorthTelling,
  openUndos,
  type Undo,
  undoPause,
} from '../domain/release/hooks.ts'
import { formatDuration } from '../domain/units.ts'
import { callHook } from './activity-calls.ts'
import { causeOf, isActivityFailure } from './failures.ts'
import { giveUp } from './giving-up.ts'
import { handOverWhenLong } from './hand-over.ts'
import { untilUnpaused, waitWhilePausedThenWatch } from './pausing.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/** How a call has ended; `isRefusal` when it was answered with a no. */
type CallEnd =
  | { readonly isDone: true; readonly text: string }
  | { readonly isDone: false; readonly reason: string; readonly isRefusal: boolean }

/** Carries out a call of the plan; what is live stays and is watched. What undoes it is registered before it is asked for. */
export async function hook(action: HookAction, run: Run, watch: Watch): Promise<void> {
  while (!(await isCarriedOut(action, run, watch))) await untilUnpaused(run, watch)
}

/** One call: true once it is done or the release is abandoned, false when it failed and the plan is paused. */
async function isCarriedOut(action: HookAction, run: Run, watch: Watch): Promise<boolean> {
  const { call, undo = null, step, onFail = run.input.plan.onFail } = action
  await waitWhilePausedThenWatch(run, watch)
  const end = isAwaited(run, { step, call, direction: 'do' })
    ? await untilAnswered(run, () => waitWhilePausedThenWatch(run, watch))
    : await begin(action, run, watch, undo)
  if (end.isDone) {
    run.record({ type: 'hook-done', call, text: end.text })
    return true
  }
  const reason = `${call} failed: ${end.reason}`
  run.record({ type: 'hook-failed', call, reason: end.reason, isRefusal: end.isRefusal })
  giveUp(onFail, { cause: 'hook', by: 'sluice', reason }, run)
  return run.state().abandoned !== null
}

function begin({ call, step }: HookAction, run: Run, watch: Watch, undo: string | null): Promise<CallEnd> {
  run.record({ type: 'hook-called', step, call, direction: 'do', undo })
  run.tell(`${run.input.version}: ${call} called`, 'info')
  return carryOut(run, () => waitWhilePausedThenWatch(run, watch))
}

/** True when the call was taken already and its answer is to come: a run that goes on does not call again. */
function isAwaited(run: Run, { step, call, direction }: Pick<HookCall, 'step' | 'call' | 'direction'>): boolean {
  const { hook = null } = run.state()
  return hook?.due != null && hook.step === step && hook.call === call && hook.direction === direction
}

/** Asks for the call that the state names, until it has ended. `pausing` is what each wait for a callback begins with. */
async function carryOut(run: Run, pausing: () => Promise<void>): Promise<CallEnd> {
  const { hook = null, roles } = run.state()
  if (hook === null || roles === null) throw new Error('a call was to be carried out that nobody has asked for')
  const { target, releaseId, version } = run.input
  const { call, step, key, direction } = hook
  const request = { target, releaseId, version, roles, call, step, key, direction }
  try {
    return await ended(await callHook.executeWithOptions({ summary: `call ${call}` }, [request]), call, run, pausing)
  } catch (error) {
    if (!isActivityFailure(error)) throw error
    return answered(run) ?? { isDone: false, reason: causeOf(error), isRefusal: false }
  }
}

async function ended(outcome: HookOutcome, call: string, run: Run, pausing: () => Promise<void>): Promise<CallEnd> {
  switch (outcome.kind) {
    case 'done':
      return { isDone: true, text: outcome.text }
    case 'refused':
      return { isDone: false, reason: outcome.reason, isRefusal: true }
    case 'begun':
      run.record({ type: 'hook-begun', call, due: Date.now() + outcome.within })
      return untilAnswered(run, pausing)
  }
}

/** Waits for the callback of the call that the state names. */
async function untilAnswered(run: Run, pausing: () => Promise<void>): Promise<CallEnd> {
  for (;;) {
    await pausing()
    const known = answered(run)
    if (known !== null) return known
    const { hook = null } = run.state()
    const left = (hook?.due ?? 0) - Date.now()
    if (hook === null || left <= 0) return { isDone: false, reason: 'no callback came in time', isRefusal: false }
    await run.untilDisturbed(left, `${hook.call}: callback within ${formatDuration(left)}`)
  }
}

/** What the callback has said; null while there was none. It may come before the call itself is answered. */
function answered(run: Run): CallEnd | null {
  const answer = run.state().hook?.answer ?? null
  if (answer === null) return null
  if (answer.isDone) return { isDone: true, text: answer.reason }
  return { isDone: false, reason: answer.reason || 'its callback said so', isRefusal: true }
}

/**
 * Takes back what the calls of the plan have done, the last one first; all are tried even if one fails, and those that fail
 * again without end. The router is back already, and its way back never waits for this.
 */
export async function undoHooks(run: Run, watch: Watch): Promise<void> {
  while (hasOpenUndo(run.state())) {
    for (const undo of openUndos(run.state())) await tryUndo(undo, run, watch)
    if (!hasOpenUndo(run.state())) return
    await run.untilDisturbed(undoPause(run.state()), 'undo: next try')
    await handOverWhenLong(run, watch)
  }
}

async function tryUndo({ step, call, undoes }: Undo, run: Run, watch: Watch): Promise<void> {
  const pausing = () => handOverWhenLong(run, watch)
  const asked = { step, call, direction: 'undo' } as const
  const isKnown = isAwaited(run, asked)
  if (!isKnown) run.record({ type: 'hook-called', ...asked, undo: null })
  const end = isKnown ? await untilAnswered(run, pausing) : await carryOut(run, pausing)
  const { version } = run.input
  if (end.isDone) {
    run.record({ type: 'undo-done', step, call, text: end.text })
    return run.tell(`${version}: ${undoes} undone by ${call}`, 'warning')
  }
  run.record({ type: 'undo-failed', step, call, reason: end.reason, isRefusal: end.isRefusal })
  const now = run.state().undos?.find((undo) => undo.step === step)
  if (now !== undefined && isUndoWorthTelling(now))
    run.tell(`${version}: ${undoes} is not undone yet, ${call} failed: ${end.reason}`, 'alarm')
}
