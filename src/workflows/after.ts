import { getExternalWorkflowHandle, isCancellation, log, sleep } from '@temporalio/workflow'
import type { FallBack } from '../domain/lane/former.ts'
import { failureOf } from '../domain/plan/consequences.ts'
import type { GuardOutcome } from '../domain/release/guard.ts'
import { isWatching } from '../domain/release/release-state.ts'
import { FLOOR, NO_DATA } from '../domain/release/release-watch.ts'
import { laneIdOf } from '../domain/target.ts'
import { formatDuration, type Instant, type Milliseconds } from '../domain/units.ts'
import { handOverWhenLong } from './hand-over.ts'
import { fallBackSignal } from './messages.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/**
 * Goes on watching what was promoted, as long as the plan says. The release has ended and its lane is free: the lane keeps the
 * router, and a failure only asks it to send everybody back. Ends at once when the lane says that another release begins.
 */
export async function watchAfterwards(run: Run, watch: Watch): Promise<void> {
  const { after } = run.input.plan
  const { phase, endedAt } = run.state()
  if (after?.watch === undefined || !run.isKept || phase !== 'promoted' || endedAt === null) return
  run.record({ type: 'watch-began', until: endedAt + after.watch })
  try {
    await whileWatching(run, watch)
  } catch (error) {
    if (!isCancellation(error)) throw error
    run.record({ type: 'watch-ended', reason: 'the workflow was cancelled in Temporal' })
  }
  watch.drop()
  await run.allTold()
}

async function whileWatching(run: Run, watch: Watch): Promise<void> {
  for (;;) {
    const { watching } = run.state()
    if (watching === undefined || !isWatching(run.state())) return
    const left = watching.until - Date.now()
    if (left <= 0) return run.record({ type: 'watch-ended', reason: 'its time is over' })
    watch.start()
    await run.untilDisturbed(left, `still watched for ${formatDuration(left)}`)
    await handOverWhenLong(run, watch)
  }
}

/** What a guard that ended by itself means once the release has ended. */
export function onAfterwardsSeen(outcome: GuardOutcome, run: Run, watch: Watch): void {
  const { plan } = run.input
  switch (outcome.kind) {
    case 'failed': {
      const consequence = failureOf(watch.checks().find(({ name }) => name === outcome.check) ?? {}, plan.onFail)
      return failed(outcome.check, outcome.reason, consequence === 'rollback', run)
    }
    case 'floor':
      return failed(FLOOR, outcome.reason, true, run)
    case 'blind':
      return failed(NO_DATA, outcome.reason, false, run)
    case 'noted':
    case 'replaced':
    case 'misrouted':
    case 'drifting':
    case 'foreign':
    case 'stranger':
    case 'repaired':
    case 'proven':
  }
}

/** Tells it, and asks the lane to send everybody back where the plan says so and the failure is of that kind. */
function failed(check: string, reason: string, isSerious: boolean, run: Run): void {
  const { plan, version, replaces = null, releaseId } = run.input
  const { onFail = 'tell', keep = 0 } = plan.after ?? {}
  const isFailure = check !== NO_DATA
  const isKept = Date.now() < (run.state().endedAt ?? 0) + keep
  const goesBack = isSerious && onFail === 'rollback' && isKept
  run.record({ type: 'watch-failed', check, reason, goesBack })
  const before = replaces ?? 'the version before'
  const gone =
    isSerious && onFail === 'rollback' ? `; the pool of ${before} is not kept any more, so nobody is sent back` : ''
  const back = goesBack ? `; everybody is sent back to ${before}` : gone
  const what = isFailure ? 'failed while it was watched after its promotion' : 'cannot be watched any more'
  run.tell(`${version}: ${what}, ${reason}${back}`, isFailure ? 'alarm' : 'warning')
  if (!goesBack) return
  const cause = check === FLOOR ? FLOOR : 'failed-check'
  run.errand(askLane({ releaseId, cause, reason }, (run.state().endedAt ?? 0) + keep, run))
}

const FIRST_PAUSE: Milliseconds = 5_000
const LONGEST_PAUSE: Milliseconds = 3_600_000

/** Asks the lane until it was reached: one that was ended is begun again by the workers. */
async function askLane(message: FallBack, until: Instant, run: Run): Promise<void> {
  const { target, version } = run.input
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, 2 * pause)) {
    try {
      return await getExternalWorkflowHandle(laneIdOf(target)).signal(fallBackSignal, message)
    } catch (error) {
      log.warn('the lane could not be asked', { error: String(error) })
      if (isCancellation(error) || Date.now() >= until) return
      if (pause === FIRST_PAUSE) run.tell(`${version}: the lane could not be asked yet to send everybody back`, 'alarm')
      await sleep(pause, { summary: 'lane: next try' })
    }
  }
}
