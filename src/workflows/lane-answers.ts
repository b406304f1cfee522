import { setHandler } from '@temporalio/workflow'
import { isRecord } from '../domain/json.ts'
import { withdraw } from '../domain/lane/lane-queue.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import type { LaneView } from '../domain/lane/lane-view.ts'
import { readSubmission } from '../domain/lane/read-submission.ts'
import { markEnding } from '../domain/lane/running-release.ts'
import type { Read } from '../domain/release/read-command.ts'
import { releaseName } from '../domain/target.ts'
import { answerBackMessages } from './lane-back.ts'
import { answerLeaveMessages } from './lane-leave.ts'
import { readWord, valueOf } from './lane-messages.ts'
import { readRecovery, recoverRouter } from './lane-recover.ts'
import type { LaneRun } from './lane-run.ts'
import { refuseStart, submit } from './lane-submit.ts'
import {
  freezeUpdate,
  laneQuery,
  laneStateQuery,
  recoverUpdate,
  releaseEndedSignal,
  type Submission,
  submitUpdate,
  unfreezeUpdate,
  withdrawUpdate,
} from './messages.ts'

/**
 * Binds every message of a lane. Anybody who can reach Temporal can send one, so each is read before it is believed: a
 * malformed update is refused, a malformed signal is left alone, and neither stops the lane.
 */
export function answerLaneMessages(run: LaneRun): void {
  const { target } = run.input
  setHandler(laneStateQuery, run.state, { description: 'All that this lane knows' })
  setHandler(laneQuery, run.view, { description: 'The lock, the queue, the freeze and the keeper of this target' })
  setHandler(submitUpdate, (message) => submit(valueOf(readSubmission(target, message)), run), {
    validator: (message) => refuseStart(valueOf(readSubmission(target, message)), run),
    description: 'Ask for a release of this target',
  })
  setHandler(
    freezeUpdate,
    async (message) => {
      const { by, reason } = valueOf(readWord(message))
      await run.untilKnown()
      run.set({ ...run.state(), freeze: { reason, by, at: Date.now() } })
      return run.view()
    },
    { validator: (message) => void valueOf(readWord(message)), description: 'Start nothing until it is lifted' },
  )
  setHandler(
    unfreezeUpdate,
    async () => {
      await run.untilKnown()
      run.set({ ...run.state(), freeze: null })
      return run.view()
    },
    { description: 'Lift the freeze' },
  )
  answerLeaveMessages(run)
  answerBackMessages(run)
  setHandler(withdrawUpdate, (message) => withdrawWaiting(valueOf(readWithdrawal(message, run.state())), run), {
    validator: (message) => void valueOf(readWithdrawal(message, run.state())),
    description: 'Take a waiting release out of the queue',
  })
  setHandler(recoverUpdate, (message) => recoverRouter(message, run), {
    // What a lane that begins again has to bring back it knows only after a moment.
    validator: (message) => void valueOf(run.isNew() ? readWord(message) : readRecovery(message, run.state())),
    description: 'Send everybody back to stable, whoever controls the router',
  })
  setHandler(releaseEndedSignal, (message) => {
    const releaseId = isRecord(message) ? message['releaseId'] : null
    // Believed only so far that Temporal is asked at once.
    if (typeof releaseId === 'string') run.set(markEnding(run.state(), releaseId, true))
  })
}

function withdrawWaiting({ releaseId, by, reason }: Withdrawal, run: LaneRun): LaneView {
  run.set(withdraw(run.state(), releaseId))
  run.tell(`${releaseName(releaseId)} was withdrawn by ${by}${reason === '' ? '' : `: ${reason}`}`, 'info')
  return run.view()
}

interface Withdrawal {
  readonly releaseId: string
  readonly by: string
  readonly reason: string
}

function readWithdrawal(message: unknown, { queue }: LaneState<Submission>): Read<Withdrawal> {
  const word = readWord(message)
  if ('problem' in word) return word
  const releaseId = isRecord(message) ? message['releaseId'] : undefined
  const waiting = queue.find((candidate) => candidate.releaseId === releaseId)
  if (waiting === undefined) return { problem: 'this release does not wait on this target' }
  return { value: { releaseId: waiting.releaseId, ...word.value } }
}
