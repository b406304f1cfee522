import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  patched,
  setHandler,
} from '@temporalio/workflow'
import { type PoolRoles, rolesWith } from '../domain/exposure.ts'
import { isRecord } from '../domain/json.ts'
import { type PossibleReturn, returnByStart } from '../domain/lane/former.ts'
import {
  enqueue,
  isOpen,
  LONGEST_QUEUE,
  overtakerOf,
  type Placement,
  place,
  takeBack,
  withdraw,
} from '../domain/lane/lane-queue.ts'
import { recoverTo } from '../domain/lane/lane-recovery.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import { type LaneView, pinText, vetoText } from '../domain/lane/lane-view.ts'
import { readSubmission } from '../domain/lane/read-submission.ts'
import { markEnding, stopped } from '../domain/lane/running-release.ts'
import { onlySetsOff } from '../domain/plan/plan-flags.ts'
import { isText, type Read, wrong } from '../domain/release/read-command.ts'
import { releaseIdOf, releaseName, type TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import { stopRelease } from './activity-calls.ts'
import { answerBackMessages, endWatchOf, goBack } from './lane-back.ts'
import { answerLeaveMessages } from './lane-leave.ts'
import { readWord, valueOf } from './lane-messages.ts'
import type { LaneRun } from './lane-run.ts'
import {
  freezeUpdate,
  laneQuery,
  laneStateQuery,
  recoverUpdate,
  releaseEndedSignal,
  type Submission,
  type SubmissionAnswer,
  submitUpdate,
  supersedeSignal,
  unfreezeUpdate,
  withdrawUpdate,
} from './messages.ts'

/** How long a release may take to make way before the lane ends it: an honest one takes less than a second. */
const PATIENCE: Milliseconds = 5_000

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

async function submit(submission: Submission, run: LaneRun): Promise<SubmissionAnswer> {
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
function refuseStart(submission: Submission, run: LaneRun): Placement {
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

function isAboutToStart(state: LaneState<Submission>, releaseId: string): boolean {
  const { running, queue, recovery } = state
  if (running?.releaseId === releaseId) return running.isStarting === true
  const waiting = queue.find((one) => one.releaseId === releaseId)
  return recovery === null && waiting !== undefined && (waiting.isReturn === true || isOpen(state))
}

/** A release that ended in this very moment needs no telling: its report is on its way. */
async function supersede(releaseId: string, actor: Submission['author'], reason: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(releaseId).signal(supersedeSignal, { actor, reason })
  } catch (error) {
    log.warn('a release that was to make way could not be told', { releaseId, error: String(error) })
  }
}

function withdrawWaiting({ releaseId, by, reason }: Withdrawal, run: LaneRun): LaneView {
  run.set(withdraw(run.state(), releaseId))
  run.tell(`${releaseName(releaseId)} was withdrawn by ${by}${reason === '' ? '' : `: ${reason}`}`, 'info')
  return run.view()
}

/** Whoever has the router makes way first; a release that does not answer is ended. Then the lane brings it back. */
async function recoverRouter(message: unknown, run: LaneRun): Promise<LaneView> {
  await run.untilKnown()
  const { by, reason, roles } = valueOf(readRecovery(message, run.state()))
  const { running } = run.state()
  const sentence = `recover by ${by}: ${reason}`
  const wasStopped = running !== null && !(await hasMadeWay(running.releaseId, by, sentence, run))
  const now = run.state()
  endWatchOf(now, sentence)
  // What a release that was stopped has set nobody takes back but the lane.
  const flags = wasStopped ? running.flags : undefined
  const wish = { reason: sentence, by, ...(flags !== undefined && { flags }) }
  run.set(recoverTo(now, roles, wish, Date.now()))
  return run.view()
}

/** False when the release had to be stopped: then it has not taken back what it had set. */
async function hasMadeWay(releaseId: string, by: string, reason: string, run: LaneRun): Promise<boolean> {
  const isGone = () => run.state().running?.releaseId !== releaseId
  await supersede(releaseId, { person: by, entrance: 'temporal' }, reason)
  if (await condition(isGone, PATIENCE, { summary: `until ${releaseId} has made way` })) return true
  await stopRelease({ releaseId, reason })
  if (!isGone()) run.set(stopped(run.state()))
  return false
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

interface RecoveryRequest {
  readonly by: string
  readonly reason: string
  /** The pools as they are to be; null for what the lane knows. */
  readonly roles: PoolRoles | null
}

/** A lane that has lost everything knows no pool: those of `sluice.yaml` come with the request. */
function readRecovery(message: unknown, { rest, isUnrouted }: LaneState<Submission>): Read<RecoveryRequest> {
  const word = readWord(message)
  if ('problem' in word) return word
  const { stable = null, pools = [] } = isRecord(message) ? message : {}
  if (stable === null && rest !== null) return { value: { ...word.value, roles: null } }
  if (isUnrouted === true) return { problem: 'this target has no pools that everybody could be sent to' }
  const known = rest === null ? textsIn(pools) : [rest.stable, rest.canary]
  if (stable === null || known.length === 0) return { problem: UNKNOWN_STABLE }
  const roles = typeof stable === 'string' ? rolesWith(stable, known) : null
  return roles === null ? wrong('stable', known.join(' or '), stable) : { value: { ...word.value, roles } }
}

const UNKNOWN_STABLE =
  'nothing has been released on this target, so nobody knows which pool is stable: name it with sluice recover --stable'

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => isText(text, 1, 256)) : []
}

export function wishOf({ key, planHash, version, whenBusy, plan }: Submission) {
  return { key, fingerprint: `${version} ${planHash}`, whenBusy, version, isWayBack: onlySetsOff(plan.actions) }
}

/** @throws ApplicationFailure when the request for a release cannot be taken. */
export function refuse(placement: Placement, wayBack: TargetId | null = null): void {
  const back = wayBack === null ? '' : `; sluice back ${wayBack.service} ${wayBack.environment} returns all the same`
  switch (placement.kind) {
    case 'busy':
      throw ApplicationFailure.nonRetryable(
        `${releaseName(placement.releaseId)} is running on this target`,
        'lane.busy',
        {
          fix: 'wait for it, abort it, or start with queue or replace',
          releaseId: placement.releaseId,
        },
      )
    case 'full':
      throw ApplicationFailure.nonRetryable(`${placement.waiting} releases already wait on this target`, 'lane.busy', {
        fix: `withdraw some of them with sluice abort; at most ${LONGEST_QUEUE} wait`,
      })
    case 'frozen': {
      const message = `frozen by ${placement.by}: ${placement.reason}`
      throw ApplicationFailure.nonRetryable(message, 'lane.frozen', {
        fix: `wait, or ask them to end the freeze${back}`,
      })
    }
    case 'pinned': {
      const message = `this target is pinned ${pinText(placement.pin)}`
      throw ApplicationFailure.nonRetryable(message, 'lane.pinned', {
        fix: `wait, or ask them; everybody who may act can lift it with sluice unpin${back}`,
      })
    }
    case 'vetoed': {
      const { veto } = placement
      const when = new Date(veto.at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
      throw ApplicationFailure.nonRetryable(`${vetoText(veto)} (${when})`, 'lane.vetoed', {
        fix: 'release a version that is repaired; everybody who may act can lift it with sluice allow and a reason',
      })
    }
    case 'key-reused': {
      const message = `this key was used for ${releaseName(placement.releaseId)} with another plan or version`
      throw ApplicationFailure.nonRetryable(message, 'lane.key-reused', { fix: 'use a new key' })
    }
    case 'repeat':
    case 'start':
    case 'queue':
    case 'replace':
  }
}

/** What the sender of a request learns. */
export function answer(state: LaneState<Submission>, releaseId: string): SubmissionAnswer {
  const index = state.queue.findIndex((waiting) => waiting.releaseId === releaseId)
  if (index < 0) return { releaseId, placed: 'started', ahead: 0 }
  return { releaseId, placed: 'queued', ahead: index + (state.running === null ? 0 : 1) }
}
