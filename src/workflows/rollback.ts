import { isSameExposure } from '../domain/exposure.ts'
import { exposedText } from '../domain/exposure-words.ts'
import { hasOpenUndo } from '../domain/release/hooks.ts'
import { wasExposed } from '../domain/release/release-state.ts'
import { isWorthTelling } from '../domain/release/release-story.ts'
import { exposeBack } from './activity-calls.ts'
import { causeOf, isActivityFailure, isFenced } from './failures.ts'
import { handOverWhenLong } from './hand-over.ts'
import { undoHooks } from './hooks.ts'
import { whileKeptBack } from './keep-back.ts'
import type { Run } from './run.ts'
import { noteTaking } from './try-expose.ts'
import type { Watch } from './watch.ts'

/**
 * Back to the baseline, first at once and, when a write of the plan was still on its way, once more after it has landed.
 * Tried without end: a release is not rolled back until that was read back, and what its calls had done is undone after
 * that. One that had never asked the router for anything has nothing to take back there, and says so; one that finds a newer
 * release in charge leaves the router to it, and what its calls have done as well.
 */
export async function rollBack(run: Run, watch: Watch, letGo: Promise<void>): Promise<void> {
  watch.drop()
  const { wanted, live, abandoned, baseline } = run.state()
  const reason = abandoned?.reason ?? ''
  // A release of an older version had taken back what it had not asked for as well.
  if (!wasExposed(run.state()) && (run.isKept || baseline === null)) {
    if (hasCalls(run)) {
      await letGo
      await undoHooks(run, watch)
    }
    return refuse(run, reason)
  }
  run.tell(`${run.input.version}: rolling back, ${reason}`, 'alarm')
  if (!(await isBack(run, watch, letGo))) return leaveAlone(run)
  await (hasCalls(run) ? whileKeptBack(run, () => letGo) : letGo)
  if (!isSameExposure(wanted, live) && !(await isBack(run, watch, letGo))) return leaveAlone(run)
  if (hasCalls(run)) await whileKeptBack(run, () => undoHooks(run, watch))
  run.record({ type: 'rolled-back' })
  run.tell(`${run.input.version}: rolled back`, 'warning')
}

/** True when a call may still be on its way, or is to be undone. Without one nothing of this takes a turn. */
function hasCalls(run: Run): boolean {
  return (run.state().hook ?? null) !== null || hasOpenUndo(run.state())
}

function refuse(run: Run, reason: string): void {
  run.record({ type: 'refused' })
  run.tell(`${run.input.version}: refused, ${reason}`, 'alarm')
  if (!run.isKept) run.tell(`${run.input.version}: nothing was changed`, 'warning')
}

function leaveAlone(run: Run): void {
  // What undoes a call of this release could undo what the newer one has done.
  if (hasOpenUndo(run.state()))
    run.record({ type: 'undos-left', reason: 'another release owns the target, and may need what it finds' })
  run.record({ type: 'superseded' })
  run.tell(`${run.input.version}: another release owns the router now: it was left alone`, 'warning')
}

/** Tries until the baseline was read back; false when a newer release of this lane owns the router. */
async function isBack(run: Run, watch: Watch, letGo: Promise<void>): Promise<boolean> {
  run.record({ type: 'rollback-wanted' })
  const { target, releaseId, version } = run.input
  for (;;) {
    const { roles, wanted } = run.state()
    if (roles === null) return true
    try {
      const options = { summary: `back to ${exposedText(wanted, roles.canary)}` }
      const asked = { target, releaseId, roles, exposure: wanted, fence: run.fence() }
      noteTaking(run, await exposeBack.executeWithOptions(options, [{ ...asked, direction: 'back' }]))
      run.record({ type: 'exposure-confirmed', exposure: wanted })
      return true
    } catch (error) {
      if (!isActivityFailure(error)) throw error
      if (run.isKept && isFenced(error)) return false
      run.record({ type: 'rollback-failed', reason: causeOf(error) })
      if (!run.isKept || isWorthTelling(run.state()))
        run.tell(`${version}: the rollback has not reached the router yet, ${causeOf(error)}`, 'alarm')
      await run.untilDisturbed(5_000, 'rollback: next try')
      if (!run.isKept || !run.isLong()) continue
      await letGo
      await handOverWhenLong(run, watch)
    }
  }
}
