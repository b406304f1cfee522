import { bakeOverAt, bakeRemaining } from '../domain/release/bake-clock.ts'
import type { BakeAction, JudgeAction } from '../domain/plan/actions.ts'
import { blindTime, type GuardState, lagOf, standingOf, unwatchedText } from '../domain/release/guard.ts'
import { evidenceSince } from '../domain/release/release-state.ts'
import { formatDuration, type Milliseconds } from '../domain/units.ts'
import { goOn } from './pausing.ts'
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
  await goOn(run, watch)
  run.record({ type: 'bake-started', step, duration, isAnalysis })
  const endsWhenProven = until === 'proven'
  if (endsWhenProven) {
    await watch.stop()
    watch.start({ endsWhenProven })
  }
  for (;;) {
    await goOn(run, watch, endsWhenProven)
    const clock = run.state().bake
    if (clock === null) break
    const remaining = bakeRemaining(clock, Date.now())
    if (remaining > 0) {
      await run.untilDisturbed(
        remaining + furtherLag(run, watch.memory()),
        `step ${step}: bake, ${formatDuration(remaining)} left`,
      )
      continue
    }
    const state = await watch.look()
    if (run.state().pause !== null) continue
    if (clock.isEnded) break
    const unwatched = state === null ? 0 : blindTime(state, clock.startedAt) - clock.prolongedBy
    if (unwatched >= run.input.plan.interval) {
      const why = state === null ? '' : ` (so far ${unwatchedText(state, clock.startedAt)})`
      const reason = `${formatDuration(unwatched)} of it could not be watched${why}`
      run.record({ type: 'bake-prolonged', by: unwatched, reason })
      continue
    }
    const unseen = unseenEnd(run, state, bakeOverAt(clock, Date.now()))
    const waiting = whatIsMissing(run, watch, state) ?? unseen?.text ?? null
    if (waiting === null) break
    await holdOrGiveUp(run, waiting, unseen?.missing)
  }
  run.record({ type: 'bake-ended' })
}

/** A bake is over when the metrics have reached its end, give or take a look: they lag behind what users see. */
function furtherLag(run: Run, state: GuardState | null): Milliseconds {
  return state === null ? 0 : Math.max(0, lagOf(state) - run.input.plan.interval)
}

/** How much of a bake that was over at `end` the metrics have not reached yet; null when they have. */
function unseenEnd(run: Run, state: GuardState | null, end: Milliseconds) {
  if (state?.seenUntil === undefined || lagOf(state) === 0) return null
  const missing = end - run.input.plan.interval - state.seenUntil
  if (missing <= 0) return null
  return {
    missing,
    text: `the metrics have not reached the end of the bake yet: ${formatDuration(missing)} to go`,
  }
}

/** Why a bake whose time is over may not end yet, or null when it may. */
function whatIsMissing(run: Run, watch: Watch, state: GuardState | null): string | null {
  const { interval } = run.input.plan
  if (state === null || Date.now() - state.lookedAt > 3 * interval + 5_000) return 'the guard has not looked lately'
  if (state.hold != null) return state.hold
  const standing = standingOf(watch.checks(), state, run.isKept ? evidenceSince(run.state()) : null)
  return standing.isPassing ? null : standing.waiting
}

async function holdOrGiveUp(run: Run, waiting: string, atMost: Milliseconds = Infinity): Promise<void> {
  const held = run.state().bake?.held ?? 0
  if (held >= run.input.plan.onInconclusive.holdFor) {
    giveInconclusive(run, `still inconclusive after ${formatDuration(held)} of holding; ${waiting}`)
    return run.record({ type: 'bake-held', held: 0 })
  }
  const took = await hold(run, held, waiting, atMost)
  run.record({ type: 'bake-held', held: held + took })
}

/** Waits a little longer each time, so that a long hold does not fill the history. */
async function hold(run: Run, held: Milliseconds, waiting: string, atMost: Milliseconds): Promise<Milliseconds> {
  const before = Date.now()
  const pause = Math.max(1_000, Math.min(atMost, Math.max(run.input.plan.interval, Math.round(held / 4))))
  await run.untilDisturbed(pause, `hold: ${waiting}`.slice(0, 180))
  return Date.now() - before
}

/** The plan's policy for checks that cannot decide. */
export function giveInconclusive(run: Run, reason: string): void {
  if (run.input.plan.onInconclusive.then === 'rollback') return run.abandon('inconclusive', 'guard', reason)
  run.pause('inconclusive', reason)
  run.tell(`${run.input.version}: paused, ${reason}`, 'warning')
}
