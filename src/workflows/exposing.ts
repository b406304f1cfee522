import { isSameExposure } from '../domain/exposure.ts'
import type { ExposeAction } from '../domain/plan/actions.ts'
import { exposureText } from '../domain/release/release-story.ts'
import { FULL_WEIGHT, type Milliseconds } from '../domain/units.ts'
import { exposeForward, readBaseline } from './activity-calls.ts'
import { causeOf, codeOf, isActivityFailure } from './failures.ts'
import { untilUnpaused } from './pausing.ts'
import { untilReady } from './raising.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/** Reads the router before anything is changed. What is found here is what a rollback returns to. */
export async function recordBaseline(run: Run): Promise<void> {
  const { target, releaseId, turn, rest = null, overtakenBy = null, version } = run.input
  try {
    const asked = turn === undefined ? target : { target, releaseId, turn, rest }
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
  await untilUnpaused(run, watch)
  await untilReady(exposure, step, run, watch)
  if (run.state().abandoned !== null) return
  await watch.stop()
  run.record({ type: 'exposure-wanted', step, exposure })
  while (!(await tryExpose(run))) {
    watch.start({ watchesRouter: run.isKept })
    await untilUnpaused(run, watch)
    await untilReady(exposure, step, run, watch)
    if (run.state().abandoned !== null) return
    await watch.stop()
    watch.forgetFailures()
    run.record({ type: 'exposure-wanted', step, exposure })
  }
  // After the last action the release is promoted at once: nothing is left to watch for, and that is the news.
  if (run.state().position >= run.input.plan.actions.length - 1) return
  watch.start()
  tellExposure(run)
}

/** One message per exposure; the first one says who started. */
function tellExposure(run: Run): void {
  const { position, live } = run.state()
  const { version, author, replaces = null } = run.input
  const replaced = replaces === null ? '' : `replaces ${replaces}, `
  const started = position === 0 ? `release started by ${author.person}, ${replaced}` : ''
  run.tell(`${version}: ${started}${exposureText(live)} on canary`, 'info')
}

/** Asks for the wanted exposure until it is read back; answers false, paused, when the router does not comply. */
async function tryExpose(run: Run): Promise<boolean> {
  const { roles, wanted } = run.state()
  if (roles === null) throw new Error('an exposure was asked for before the baseline was read')
  const { target, releaseId } = run.input
  try {
    const options = { summary: `${exposureText(wanted)} on ${roles.canary}` }
    const asked = { target, releaseId, roles, exposure: wanted, fence: run.fence() }
    noteTaking(run, await exposeForward.executeWithOptions(options, [{ ...asked, direction: 'forward' }]))
    run.record({ type: 'exposure-confirmed', exposure: wanted })
    return true
  } catch (error) {
    if (!isActivityFailure(error)) throw error
    if (codeOf(error) === 'release.second-life') run.abandon('second-life', 'sluice', causeOf(error))
    else if (run.isKept && codeOf(error) === 'router.fenced') run.abandon('superseded', 'sluice', causeOf(error))
    else if (run.input.plan.isReturn === true) return await tryBackAgain(run, causeOf(error))
    run.pause('router', `${exposureText(wanted)} could not be made live: ${causeOf(error)}`)
    // What was live stays: the wish is taken back under a newer fence, so that its write cannot land any more.
    run.record({ type: 'exposure-withdrawn' })
    run.tell(`${run.input.version}: paused, ${causeOf(error)}`, 'alarm')
    return false
  }
}

const TRY_AGAIN: Milliseconds = 5_000

/** A return is a way back: it is tried without end, and what was live is kept meanwhile. */
async function tryBackAgain(run: Run, reason: string): Promise<false> {
  run.record({ type: 'exposure-withdrawn' })
  run.tell(`${run.input.version}: the way back has not reached the router yet, ${reason}`, 'alarm')
  await run.untilDisturbed(TRY_AGAIN, 'way back: next try')
  return false
}

/** News beside the exposure: the router was taken over from a hand that no release owns, or has something to say. */
export function noteTaking(run: Run, { fence, overtook, warning }: TakenRouter): void {
  // Absent in what activities of an older version had answered.
  if (typeof warning === 'string') run.tell(`${run.input.version}: ${warning}`, 'warning')
  if (overtook === null || overtook === undefined || fence === undefined) return
  const text = `the router was taken over: it had the fence ${overtook.release}:${overtook.epoch}, which no release owns`
  run.record({ type: 'router-taken', fence, text })
  run.tell(`${run.input.version}: ${text}`, 'alarm')
}

type TakenRouter = Partial<Awaited<ReturnType<typeof exposeForward>>>

/** Everybody has the new version: settle the router without cohorts, read it back once more, and end. */
export async function promote(run: Run, watch: Watch): Promise<void> {
  const full = { weight: FULL_WEIGHT, cohorts: [] }
  const { live, step } = run.state()
  if (!isSameExposure(live, full)) await expose({ exposure: full, step }, run, watch)
  await watch.stop()
  const isFresh = Date.now() - (run.state().exposedAt ?? 0) < run.input.plan.interval
  while (!isFresh && !(await tryExpose(run))) {
    await untilUnpaused(run, watch)
    await watch.stop()
  }
  run.record({ type: 'promoted' })
  run.tell(`${run.input.version}: promoted`, 'info')
}
