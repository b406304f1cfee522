import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import { nextToStart } from '../domain/lane/lane-duty.ts'
import { enqueue, place } from '../domain/lane/lane-queue.ts'
import { emptyLane, type LaneState, type Waiting } from '../domain/lane/lane-state.ts'
import { laneView } from '../domain/lane/lane-view.ts'
import { ended, start, vanished } from '../domain/lane/running-release.ts'
import { beginState } from '../domain/release/release-state.ts'
import { releaseIdOf, releaseName, targetName } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import { findReleases, isOpen } from './activity-calls.ts'
import type { LaneInput } from './lane-run.ts'
import { answer, refuse, wishOf } from './lane-submit.ts'
import {
  freezeUpdate,
  laneQuery,
  releaseEndedSignal,
  type Submission,
  type SubmissionAnswer,
  submitUpdate,
  supersedeSignal,
  unfreezeUpdate,
} from './messages.ts'
import { release } from './release.ts'
import { releaseAttributes } from './search-attributes.ts'

/** A lane that has heard nothing of its release for this long asks whether it is still open. */
const SILENCE: Milliseconds = 30 * 60_000

/**
 * A lane that was started before lanes held the router. Its history is replayed as it was; as soon as that is done it hands
 * all it knows over to a lane of today.
 */
export async function passOn(input: LaneInput): Promise<void> {
  const { target } = input
  let state: LaneState<Submission> | null =
    input.carried === undefined ? null : { ...emptyLane<Submission>(), ...input.carried }
  const known = (): LaneState<Submission> => state ?? emptyLane()
  const set = (next: LaneState<Submission>) => {
    state = next
  }
  const view = () => laneView(target, known())

  setHandler(laneQuery, view)
  setHandler(submitUpdate, submit, { validator: (submission) => refuse(place(known(), wishOf(submission))) })
  setHandler(freezeUpdate, ({ reason, by }) => {
    set({ ...known(), freeze: { reason, by, at: Date.now() } })
    return view()
  })
  setHandler(unfreezeUpdate, () => {
    set({ ...known(), freeze: null })
    return view()
  })
  setHandler(releaseEndedSignal, (report) => {
    set(ended(known(), report, Date.now()))
  })

  if (state === null) {
    const { open, highest } = await findReleases(target)
    set({ ...emptyLane(), running: open, nextNumber: highest + 1 })
  }
  while (!mayHandOver()) {
    const isDue = await condition(() => nextToStart(known()) !== null || mayHandOver(), SILENCE, {
      summary: 'lane: all quiet',
    })
    const next = nextToStart(known())
    if (next !== null) await startNext(next)
    else if (!isDue) await askAboutRunning()
  }
  await condition(allHandlersFinished)
  await continueAsNew<(input: LaneInput) => Promise<void>>({ ...input, keeps: true, carried: known() })

  function mayHandOver(): boolean {
    const { continueAsNewSuggested, historyLength, unsafe } = workflowInfo()
    // The one place where a replay may decide otherwise: what had happened before is over, and nothing follows this.
    const isReplayed = !unsafe.isReplaying
    return isReplayed || continueAsNewSuggested || historyLength >= (input.longestHistory ?? Number.POSITIVE_INFINITY)
  }

  async function submit(submission: Submission): Promise<SubmissionAnswer> {
    await condition(() => state !== null)
    const placement = place(known(), wishOf(submission))
    refuse(placement)
    if (placement.kind === 'repeat') return answer(known(), placement.releaseId)
    const number = known().nextNumber
    const releaseId = releaseIdOf(target, number)
    const waiting = { releaseId, number, entry: submission }
    set(enqueue(known(), waiting, wishOf(submission), placement.kind === 'replace'))
    if (placement.kind === 'replace') {
      const told = { actor: submission.author, reason: `replaced by ${releaseName(releaseId)} (${submission.version})` }
      await getExternalWorkflowHandle(placement.releaseId)
        .signal(supersedeSignal, told)
        .catch((error: unknown) => log.warn('a release could not be told', { error: String(error) }))
    }
    if (placement.kind === 'start')
      await condition(() => known().running?.releaseId === releaseId || known().freeze !== null || mayHandOver())
    return answer(known(), releaseId)
  }

  async function startNext({ releaseId, number, entry }: Waiting<Submission>): Promise<void> {
    const { version, author, reason, plan, planHash } = entry
    try {
      await startChild(release, {
        workflowId: releaseId,
        args: [{ releaseId, number, target, version, author, reason, plan, planHash, startedAt: Date.now() }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `${targetName(target)} ${version}`,
        typedSearchAttributes: releaseAttributes({ target, version }, beginState(releaseId)),
      })
    } catch (error) {
      log.error('a release id was taken', { releaseId, error: String(error) })
    }
    set(start(known(), Date.now()))
  }

  async function askAboutRunning(): Promise<void> {
    const { running } = known()
    if (running === null || (await isOpen(running.releaseId))) return
    set(vanished(known(), running.releaseId, Date.now()))
  }
}
