import { ApplicationFailure, condition, getExternalWorkflowHandle, log, patched } from '@temporalio/workflow'
import { type PossibleReturn, returnByStart } from '../domain/lane/former.ts'
import { enqueue, isAboutToStart, overtakerOf, type Placement, place, takeBack } from '../domain/lane/lane-queue.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import { placementRefusal } from '../domain/lane/placement-refusal.ts'
import { onlySetsOff } from '../domain/plan/plan-flags.ts'
import { releaseIdOf, releaseName, type TargetId } from '../domain/target.ts'
import { goBack } from './lane-back.ts'
import type { LaneRun } from './lane-run.ts'
import { type Submission, type SubmissionAnswer, supersedeSignal } from './messages.ts'

/** Takes a request for a release: a return where it is one, a start, or a place in the queue. */
export async function submit(submission: Submission, run: LaneRun): Promise<SubmissionAnswer> {
  await run.untilKnown()
  const placement = refuseStart(submission, run)
  if (placement.kind === 'repeat') return answer(run.state(), placement.releaseId)
  const way = placement.kind === 'start' ? returnByStart(run.state(), submission, Date.now()) : null
  if (way !== null) return goBack(way, returnWishOf(submission, way), run)
  const number = run.state().nextNumber
  const releaseId = releaseIdOf(run.input.target, number)
  const wish = wishOf(submission)
  const ofWay = wish.isWayBack ? { isReturn: true as const } : {}
  const waiting = { releaseId, number, queuedAt: Date.now(), ...ofWay, entry: submission }
  run.set(enqueue(run.state(), waiting, wish, placement.kind === 'replace' || wish.isWayBack))
  const overtaker = placement.kind === 'start' ? await untilBegun(releaseId, run) : null
  if (overtaker !== null && submission.whenBusy === 'reject') {
    run.set(takeBack(run.state(), releaseId))
    refuse({ kind: 'busy', releaseId: overtaker })
  }
  const replaced = placement.kind === 'replace' ? placement.releaseId : overtaker
  if (replaced !== null && submission.whenBusy === 'replace')
    await supersede(replaced, submission.author, `replaced by ${releaseName(releaseId)} (${submission.version})`)
  return answer(run.state(), releaseId)
}

/** @throws ApplicationFailure when the request cannot be taken; who could go back instead is told how. */
export function refuseStart(submission: Submission, run: LaneRun): Placement {
  const placement = place(run.state(), wishOf(submission))
  refuse(placement, returnByStart(run.state(), submission, Date.now()) === null ? null : run.input.target)
  return placement
}

/** Who starts goes forward: what the new plan asks of the pools' capacity holds for the one that gets everybody. */
function returnWishOf(submission: Submission, { former }: PossibleReturn) {
  const { author, reason, key, plan } = submission
  const { fingerprint } = wishOf(submission)
  const { capacity } = plan
  const short = capacity === undefined ? former.plan : { ...former.plan, capacity }
  return { actor: author, reason, key, fingerprint, plan: short }
}

/** Waits for a turn that is free now; answers with the release that has it nevertheless. */
async function untilBegun(releaseId: string, run: LaneRun): Promise<string | null> {
  const hasBegun = () => !isAboutToStart(run.state(), releaseId)
  const overtaker = () => overtakerOf(run.state(), releaseId)
  await condition(() => hasBegun() || overtaker() !== null)
  if (hasBegun()) return null
  // Lanes of an older version had waited for the end of the other.
  if (patched('turn-lost')) return overtaker()
  await condition(hasBegun)
  return null
}

/** A release that ended in this very moment needs no telling: its report is on its way. */
export async function supersede(releaseId: string, actor: Submission['author'], reason: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(releaseId).signal(supersedeSignal, { actor, reason })
  } catch (error) {
    log.warn('a release that was to make way could not be told', { releaseId, error: String(error) })
  }
}

/** What decides where a request goes. */
export function wishOf({ key, planHash, version, whenBusy, plan }: Submission) {
  return { key, fingerprint: `${version} ${planHash}`, whenBusy, version, isWayBack: onlySetsOff(plan.actions) }
}

/** @throws ApplicationFailure when the request for a release cannot be taken. */
export function refuse(placement: Placement, wayBack: TargetId | null = null): void {
  const refusal = placementRefusal(placement, wayBack)
  if (refusal === null) return
  const { code, message, ...details } = refusal
  throw ApplicationFailure.nonRetryable(message, code, details)
}

/** What the sender of a request learns. */
export function answer(state: LaneState<Submission>, releaseId: string): SubmissionAnswer {
  const index = state.queue.findIndex((waiting) => waiting.releaseId === releaseId)
  if (index < 0) return { releaseId, placed: 'started', ahead: 0 }
  return { releaseId, placed: 'queued', ahead: index + (state.running === null ? 0 : 1) }
}
