import { exposedText, exposureText } from '../domain/exposure-words.ts'
import type { Milliseconds } from '../domain/units.ts'
import { exposeForward } from './activity-calls.ts'
import { causeOf, codeOf, isActivityFailure, isFenced } from './failures.ts'
import type { Run } from './run.ts'

/**
 * Asks for the wanted exposure until it is read back; answers false, paused, when the router does not comply. `within`: how long it
 * is tried, where that is not as long as usual.
 */
export async function tryExpose(run: Run, within?: Milliseconds): Promise<boolean> {
  const { roles, wanted } = run.state()
  if (roles === null) throw new Error('an exposure was asked for before the baseline was read')
  const { target, releaseId } = run.input
  try {
    const summary = exposedText(wanted, roles.canary)
    const options = within === undefined ? { summary } : { summary, scheduleToCloseTimeout: within }
    const asked = { target, releaseId, roles, exposure: wanted, fence: run.fence() }
    noteTaking(run, await exposeForward.executeWithOptions(options, [{ ...asked, direction: 'forward' }]))
    run.record({ type: 'exposure-confirmed', exposure: wanted })
    return true
  } catch (error) {
    if (!isActivityFailure(error)) throw error
    if (codeOf(error) === 'release.second-life') run.abandon('second-life', 'sluice', causeOf(error))
    else if (run.isKept && isFenced(error)) run.abandon('superseded', 'sluice', causeOf(error))
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
