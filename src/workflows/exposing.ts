import { isSameExposure, wholeOf } from '../domain/exposure.ts'
import { exposedText } from '../domain/exposure-words.ts'
import type { ExposeAction } from '../domain/plan/actions.ts'
import { flagsIn } from '../domain/plan/plan-flags.ts'
import { withoutFailed } from '../domain/release/failed-flags.ts'
import { isEnded } from '../domain/release/release-state.ts'
import { readBaseline } from './activity-calls.ts'
import { causeOf, isActivityFailure } from './failures.ts'
import { untilUnpaused, waitWhilePausedThenWatch } from './pausing.ts'
import { untilReady } from './raising.ts'
import type { Run } from './run.ts'
import { tryExpose } from './try-expose.ts'
import type { Watch } from './watch.ts'

/** Reads the router before anything is changed. What is found here is what a rollback returns to. */
export async function recordBaseline(run: Run): Promise<void> {
  const { target, releaseId, turn, rest = null, overtakenBy = null, version } = run.input
  try {
    const flags = flagsIn(run.input.plan.actions)
    const isReturn = run.input.plan.isReturn === true
    const known = { target, releaseId, turn: turn ?? -1, rest, ...(flags.length > 0 && { flags, isReturn }) }
    const asked = turn === undefined ? target : known
    const { roles, exposure, formerLife = null } = await readBaseline(asked)
    run.record({ type: 'baseline-recorded', roles, exposure })
    if (formerLife !== null) return beginSecondLife(run, formerLife)
  } catch (error) {
    if (!isActivityFailure(error)) throw error
    run.abandon('router', 'sluice', `nothing was changed: ${causeOf(error)}`)
    throw error
  }
  if (overtakenBy === null) return
  const reason = `${overtakenBy} was promoted while ${version} waited: resume to move everybody from it to ${version}`
  run.pause('overtaken', reason)
  run.tell(`${version}: waits for somebody to decide, ${reason}`, 'warning')
}

/**
 * A release that finds the router under its own fence has lived before: somebody has reset it in Temporal. It does not know
 * what it had done since, so it takes everything back.
 */
function beginSecondLife(run: Run, fence: { readonly release: number; readonly epoch: number }): void {
  const text = `this release was reset in Temporal: an earlier run of it had written to the router, epoch ${fence.epoch}`
  run.record({ type: 'router-taken', fence: { release: fence.release, epoch: fence.epoch + 1 }, text })
  run.abandon('second-life', 'sluice', text)
}

/** Makes an exposure live and has it watched. */
export async function expose(
  { exposure, step }: Pick<ExposeAction, 'exposure' | 'step'>,
  run: Run,
  watch: Watch,
): Promise<void> {
  const { raise = null } = run.state()
  const want = () => run.record({ type: 'exposure-wanted', step, exposure: withoutFailed(exposure, run.state()) })
  for (let isAnew = false; ; ) {
    await untilUnpaused(run, watch)
    await untilReady(exposure, step, run, watch)
    if (run.state().abandoned !== null) return
    await watch.stop()
    // Paused while the guard was asked: the wish would not be taken, and what was live be confirmed in its place.
    if (run.state().pause !== null) continue
    if (isAnew) watch.forgetFailures()
    want()
    if (await tryExpose(run)) break
    isAnew = true
    watch.start({ watchesRouter: run.isKept })
  }
  // After the last action the release is promoted at once: nothing is left to watch for, and that is the news.
  if (run.state().position >= run.input.plan.actions.length - 1) return
  watch.start()
  tellExposure(raise, run)
}

/** One message per exposure; the first one says who started. */
function tellExposure(raise: string | null, run: Run): void {
  const { position, live } = run.state()
  const { version, author, replaces = null } = run.input
  const replaced = replaces === null ? '' : `replaces ${replaces}, `
  const started = position === 0 ? `release started by ${author.person}, ${replaced}` : ''
  const why = raise === null ? '' : `, ${raise}`
  run.tell(`${version}: ${started}${exposedText(live, 'canary')}${why}`, 'info')
}

/** Everybody has the new version: settle the router without cohorts, read it back once more, and end. */
export async function promote(run: Run, watch: Watch): Promise<void> {
  for (;;) {
    await settle(run, watch)
    run.record({ type: 'promoted' })
    if (isEnded(run.state())) break
    // Paused, or a flag failed, while the guard was asked for the last time.
    await waitWhilePausedThenWatch(run, watch)
    if (run.state().abandoned !== null) return
  }
  run.tell(`${run.input.version}: promoted`, 'info')
}

async function settle(run: Run, watch: Watch): Promise<void> {
  const { live, step } = run.state()
  const full = wholeOf(live)
  if (!isSameExposure(live, full)) await expose({ exposure: full, step }, run, watch)
  await watch.stop()
  const isFresh = Date.now() - (run.state().exposedAt ?? 0) < run.input.plan.interval
  while (!isFresh && !(await tryExpose(run))) {
    await untilUnpaused(run, watch)
    await watch.stop()
  }
}
