import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow'
import type { FollowOutcome } from '../activities/activities.ts'
import { NO_EXPOSURE, type PoolRoles, withFlags } from '../domain/exposure.ts'
import { flagsOff, flagsText } from '../domain/flag-reach.ts'
import { type Duty, dutyOf } from '../domain/lane/lane-duty.ts'
import { kept, overtakenUnseen } from '../domain/lane/lane-keeping.ts'
import { overtakenBy } from '../domain/lane/lane-queue.ts'
import { recovered, recoveryFailed } from '../domain/lane/lane-recovery.ts'
import { restored, type Waiting } from '../domain/lane/lane-state.ts'
import { beginningText } from '../domain/lane/lane-view.ts'
import {
  type EndReport,
  ended,
  markEnding,
  markStarted,
  start,
  vanished,
  watchClosed,
} from '../domain/lane/running-release.ts'
import { flagsIn } from '../domain/plan/plan-flags.ts'
import { beginState } from '../domain/release/release-state.ts'
import { releaseName, targetName } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import { exposeBack, findReleases, followFor, glanceAtBaseline, holdFor } from './activity-calls.ts'
import { causeOf, isActivityFailure } from './failures.ts'
import { answerLaneMessages } from './lane-answers.ts'
import { endWatchOf, withdrawVetoed } from './lane-back.ts'
import { passOn } from './lane-before-keepers.ts'
import { answerReadinessMessages, type ReadinessDesk } from './lane-readiness.ts'
import { beginLane, type LaneInput, type LaneRun } from './lane-run.ts'
import type { Submission } from './messages.ts'
import { WORKFLOW_TASK_TIMEOUT } from './messages.ts'
import { release } from './release.ts'
import type { OnReset } from './resets.ts'
import { releaseAttributes } from './search-attributes.ts'

/** Time between two looks of the lane at its router while no release runs. */
const HOLD_EVERY: Milliseconds = 10_000

/** How long Temporal is asked whether a release has ended that says so itself: it does so just before. */
const ENDING_PATIENCE: Milliseconds = 5_000

type FollowDuty = Extract<Duty<Submission>, { kind: 'follow' }>

/** Time between two tries to bring a router back. */
const RECOVER_EVERY: Milliseconds = 5_000

/**
 * The lane of one target, for ever: it gives out numbers and turns, keeps at most one release running, lets others wait,
 * and holds the freeze. At every moment somebody holds the router: the release that runs, or else the lane, which
 * re-asserts the routing at rest and brings the router back itself when its release is gone. Releases outlive it; a lane
 * that was lost is begun again by the workers, and asks its closed run for what that had known; so does one that was reset.
 */
export async function lane(input: LaneInput, onReset: OnReset = () => {}): Promise<void> {
  if (input.keeps !== true) return passOn(input)
  const run = beginLane(input, onReset)
  answerLaneMessages(run)
  const desk = answerReadinessMessages(run)
  do {
    while (run.isNew() || !run.isTooLong()) await (run.isNew() ? rebuild(run) : perform(dutyOf(run.state()), run, desk))
    await condition(allHandlersFinished)
  } while (run.isNew())
  await continueAsNew<typeof lane>({ ...input, carried: run.state() })
}

async function perform(duty: Duty<Submission>, run: LaneRun, desk: ReadinessDesk): Promise<void> {
  switch (duty.kind) {
    case 'start':
      return startNext(duty.next, run)
    case 'follow':
      return follow(duty, run)
    case 'hold':
      return desk.isAsked() ? desk.serve() : hold(duty.rest, run)
    case 'recover':
      return recoverOnce(run)
    case 'wait':
      return desk.isAsked() ? desk.serve() : run.untilDuty()
  }
}

/** A lane that begins, or begins again: which release is open, which numbers are used, and what a lost lane had known. */
async function rebuild(run: LaneRun): Promise<void> {
  const resets = run.resets()
  const answer = await findReleases(run.input.target).catch((error: unknown) => {
    // Temporal ends with a failure what was being done when somebody resets the lane.
    if (run.resets() === resets) throw error
  })
  // What was found before the lane was reset is as old as all that it had known.
  if (answer === undefined || run.resets() !== resets) return
  const { lost = null, end, ...found } = answer
  run.settle(restored(run.state(), lost, found))
  const begun = beginningText(resets > 0, lost !== null)
  if (begun !== null) run.tell(`${begun}; ${run.view().keeper.text}`, 'alarm')
  // Heard before anybody who asks for a release is told that the target is taken.
  if (found.open !== null && end !== undefined) conclude(found.open.releaseId, end, run)
}

async function startNext(next: Waiting<Submission>, run: LaneRun): Promise<void> {
  const { target } = run.input
  const before = run.state()
  run.set(start(before, Date.now(), flagsIn(next.entry.plan.actions)))
  endWatchOf(before, `${releaseName(next.releaseId)} begins`)
  if (before.rest === null) await learnRest(run)
  if (run.isNew()) return
  const { releaseId, number, entry } = next
  const { version, author, reason, plan, planHash, longestHistory } = entry
  const further = longestHistory === undefined ? {} : { longestHistory }
  // What is on stable is known only now: while this release waited, another one may have been promoted.
  const { turn, rest } = run.state()
  const told = { turn, rest, replaces: before.promotedVersion }
  const asked = { version, author, reason, plan, planHash, startedAt: Date.now() }
  try {
    const child = await startChild(release, {
      workflowId: releaseId,
      args: [
        {
          releaseId,
          number,
          target,
          goesOnTelling: true,
          asksUntilHeard: true,
          asksToGoBack: true,
          ...told,
          ...asked,
          ...further,
          overtakenBy: overtakenBy(before, next),
        },
      ],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // A lane that was lost may not know that this one has had its turn.
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      staticSummary: `${targetName(target)} ${version}`,
      typedSearchAttributes: releaseAttributes({ target, version }, beginState(releaseId)),
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    })
    // Ended, terminated, timed out or reset: the follower asks Temporal which of them it was.
    const closed = () => {
      run.set(watchClosed(run.state(), releaseId))
      run.nudge()
    }
    child.result().then(closed, closed)
    run.hear(releaseId)
  } catch (error) {
    // Somebody has this id already: the lane takes it as running and will learn of its end by asking.
    log.error('a release id was taken', { releaseId, error: String(error) })
  }
  run.set(markStarted(run.state(), releaseId))
}

/** The first release of a lane: what the router shows now is rest. Where it is unclear the release will say so. */
async function learnRest(run: LaneRun): Promise<void> {
  try {
    const { target } = run.input
    const { roles, exposure } = await glanceAtBaseline({ target, releaseId: run.id, turn: 0, rest: null })
    const isUnrouted = exposure.byFlags === true
    run.set({ ...run.state(), rest: run.state().rest ?? roles, ...(isUnrouted && { isUnrouted }) })
  } catch (error) {
    if (!isActivityFailure(error)) throw error
    log.warn('the router could not be read before the first release', { error: causeOf(error) })
  }
}

/** Waits for the end of the release that runs. What anybody says of it is believed only once Temporal says so too. */
async function follow({ releaseId, isEnding }: FollowDuty, run: LaneRun): Promise<void> {
  const asked = { releaseId, patience: isEnding ? ENDING_PATIENCE : null, isHeard: run.hears(releaseId) }
  const end = await run.whileOnDuty(() => followFor(releaseId)(asked))
  if (end !== 'interrupted') conclude(releaseId, end, run)
}

function conclude(releaseId: string, end: FollowOutcome, run: LaneRun): void {
  switch (end.kind) {
    case 'open':
      return run.set(markEnding(run.state(), releaseId, false))
    case 'ended':
      return setFree(end.report, run)
    case 'gone': {
      const before = run.state()
      run.set(vanished(before, releaseId, Date.now()))
      if (run.state() !== before)
        run.tell(`${releaseName(releaseId)} ended without reporting it; ${run.view().keeper.text}`, 'alarm')
    }
  }
}

/** The release has ended: what was seen of its version may keep it from this target, and those of it that wait. */
function setFree(report: EndReport, run: LaneRun): void {
  const { version } = report
  const before = run.state()
  run.set(ended(before, report, Date.now()))
  const veto = withdrawVetoed(before, version, run)
  if (veto !== null) run.tell(`${version} is not started again until somebody allows it: ${veto.reason}`, 'info')
}

/** Holds the router at rest until there is something else to do. */
async function hold(rest: PoolRoles, run: LaneRun): Promise<void> {
  const { target } = run.input
  const { turn, epoch, keeping } = run.state()
  const fence = { release: turn, epoch }
  const told = { fault: keeping.fault, toldAt: keeping.last?.at ?? null }
  const asked = { target, roles: rest, fence, interval: HOLD_EVERY, ...told, run: workflowInfo().runId }
  const seen = await run.whileOnDuty(() => holdFor(targetName(target))(asked))
  if (seen === 'interrupted') return
  switch (seen.kind) {
    case 'repaired':
      run.set(
        kept(
          run.state(),
          { ...NOTHING_SEEN, repair: seen.text, times: seen.times, turn: seen.fence.release },
          Date.now(),
        ),
      )
      return run.tell(`between releases ${seen.text}`, 'alarm')
    case 'faulty':
      run.set(kept(run.state(), { ...NOTHING_SEEN, fault: seen.text, turn }, Date.now()))
      return run.tell(`the router cannot be watched between releases: ${seen.text}`, 'warning')
    case 'well':
      return run.set(kept(run.state(), { ...NOTHING_SEEN, turn }, Date.now()))
    case 'stranger':
      run.set(overtakenUnseen(run.state(), seen.text))
      return run.tell(`${seen.text}; ${run.view().keeper.text}`, 'alarm')
  }
}

const NOTHING_SEEN = { repair: null, times: 0, fault: null } as const

/** One try to bring the router back to rest; the next one follows as long as it is the lane's duty. */
async function recoverOnce(run: LaneRun): Promise<void> {
  const { target } = run.input
  const { rest, turn, epoch } = run.state()
  if (rest === null) return run.set({ ...run.state(), recovery: null })
  // What they were before its release nobody knows any more; off is what no version lacks.
  const exposure = withFlags(NO_EXPOSURE, flagsOff(run.state().recovery?.flags ?? []))
  const { runId } = workflowInfo()
  const asked = { target, releaseId: run.id, roles: rest, exposure, direction: 'back', run: runId } as const
  try {
    const isUnrouted = run.state().isUnrouted === true
    const options = { summary: isUnrouted ? 'flags back off' : `everybody back to ${rest.stable}` }
    const { fence } = await exposeBack.executeWithOptions(options, [{ ...asked, fence: { release: turn, epoch } }])
    // A person may have named another pool meanwhile.
    if (run.state().rest?.stable !== rest.stable) return
    run.set(recovered(run.state(), fence.release))
    const flags = flagsText(exposure.flags)
    if (isUnrouted) return run.tell(`${flags || 'no flag was set'}, confirmed by the flag store`, 'warning')
    const said = `everybody is on ${rest.stable} again${flags === '' ? '' : `, ${flags}`}`
    run.tell(`${said}, confirmed by the router${flags === '' ? '' : ' and the flag store'}`, 'warning')
  } catch (error) {
    if (!isActivityFailure(error)) throw error
    run.set(recoveryFailed(run.state(), causeOf(error)))
    await run.pauseFor(RECOVER_EVERY, 'recovery: next try')
  }
}
