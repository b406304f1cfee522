import type { BakeAction, JudgeAction } from '../domain/plan/actions.ts'
import type { PlanConsequence } from '../domain/plan/checks.ts'
import { bakeRemaining } from '../domain/release/bake-clock.ts'
import { bakeEnd } from '../domain/release/bake-end.ts'
import { type BakeMove, furtherLag, HELD_LOOK } from '../domain/release/bake-move.ts'
import { heldBy } from '../domain/release/guard.ts'
import { formatDuration } from '../domain/units.ts'
import { giveUp } from './giving-up.ts'
import { waitWhilePausedThenWatch } from './pausing.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/** Watches further checks beside the plan's own for a duration. */
export async function judge({ checks, duration, step, label }: JudgeAction, run: Run, watch: Watch): Promise<void> {
  await watch.stop()
  watch.alsoWatch(checks)
  watch.start()
  await bake({ kind: 'bake', duration, step, label, until: 'time' }, run, watch, true)
  await watch.stop()
  watch.alsoWatch([])
  watch.start()
}

/** Holds until the time is over *and* the guard saw all of it *and* every check passes. */
export async function bake(
  { duration, step, until }: BakeAction,
  run: Run,
  watch: Watch,
  isAnalysis = false,
): Promise<void> {
  await waitWhilePausedThenWatch(run, watch)
  run.record({ type: 'bake-started', step, duration, isAnalysis })
  const { interval } = run.input.plan
  const endsWhenProven = until === 'proven'
  if (endsWhenProven) {
    await watch.stop()
    watch.start({ endsWhenProven })
  }
  let raise: string | undefined
  for (;;) {
    await waitWhilePausedThenWatch(run, watch, endsWhenProven)
    const clock = run.state().bake
    if (clock === null) break
    const remaining = bakeRemaining(clock, Date.now())
    if (remaining > 0) {
      await run.untilDisturbed(
        remaining + furtherLag(watch.memory(), interval),
        `step ${step}: bake, ${formatDuration(remaining)} left`,
      )
      continue
    }
    const state = await watch.look()
    if (run.state().pause !== null) continue
    const { plan } = run.input
    const checks = watch.dueChecks()
    const move = bakeEnd({ clock, state: run.state(), plan, checks, guard: state, now: Date.now(), isKept: run.isKept })
    if (move.kind === 'end') {
      raise = move.raise
      break
    }
    await carryOn(move, run)
  }
  run.record({ type: 'bake-ended', ...(raise !== undefined && { raise }) })
}

/** Waits while a check that holds the release fails: what is exposed stays until it has passed again. */
export async function untilNotHeld(run: Run, watch: Watch): Promise<void> {
  if (!run.input.plan.checks.some(({ onFail }) => onFail === 'hold')) return
  for (;;) {
    if (run.state().exposedAt === null) return
    await waitWhilePausedThenWatch(run, watch)
    if (run.state().abandoned !== null) return
    const held = heldBy(watch.checks(), await watch.look())
    if (held === null) return
    await run.untilDisturbed(HELD_LOOK, `held: ${held}`.slice(0, 180))
  }
}

async function carryOn(move: Exclude<BakeMove, { kind: 'end' }>, run: Run): Promise<void> {
  switch (move.kind) {
    case 'prolong':
      return run.record({
        type: 'bake-prolonged',
        ...{ by: move.by, reason: move.reason },
        ...(move.isWarmUp === true && { isWarmUp: true }),
      })
    case 'give-up':
      giveInconclusive(run, move.reason)
      return run.record({ type: 'bake-held', held: 0 })
    case 'hold': {
      const [held, before] = [run.state().bake?.held ?? 0, Date.now()]
      await run.untilDisturbed(move.next, `hold: ${move.waiting}`.slice(0, 180))
      if (move.isHeld === true) return
      return run.record({ type: 'bake-held', held: held + Date.now() - before })
    }
  }
}

/** What the plan, or the check that it is about, says of checks that cannot decide. */
export function giveInconclusive(
  run: Run,
  reason: string,
  then: PlanConsequence = run.input.plan.onInconclusive.then,
): void {
  giveUp(then, { cause: 'inconclusive', by: 'guard', reason }, run)
}
