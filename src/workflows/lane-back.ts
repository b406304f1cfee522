import { ApplicationFailure, condition, getExternalWorkflowHandle, log, setHandler } from '@temporalio/workflow'
import type { Actor } from '../domain/actor.ts'
import { isRecord } from '../domain/json.ts'
import { type FallBack, fallBackProblem, type PossibleReturn, returnOf } from '../domain/lane/former.ts'
import { enqueue, withdraw } from '../domain/lane/lane-queue.ts'
import { fallenBack } from '../domain/lane/lane-recovery.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import { vetoText } from '../domain/lane/lane-view.ts'
import { type Veto, vetoOf } from '../domain/lane/leave-to-start.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { isText, type Read, readActor, wrong } from '../domain/release/read-command.ts'
import { releaseIdOf, releaseName } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import { valueOf } from './lane-messages.ts'
import type { LaneRun } from './lane-run.ts'
import { backUpdate, fallBackSignal, type Submission, type SubmissionAnswer, watchEndsSignal } from './messages.ts'

/** How long a promotion may take to be confirmed. */
const PATIENCE: Milliseconds = 20_000

/** Binds the ways back to the version before: a person's, and that of a release that still watches what it promoted. */
export function answerBackMessages(run: LaneRun): void {
  setHandler(backUpdate, (message) => back(valueOf(readBack(message)), run), {
    validator: (message) => {
      const { key } = valueOf(readBack(message))
      if (!run.isNew() && answeredWith(key, run.state()) === null) refuseReturn(run)
    },
    description: 'Return to the version before, whose pool is kept',
  })
  setHandler(fallBackSignal, (message) => {
    const read = readFallBack(message)
    if ('problem' in read) return log.warn('a message that cannot be one was left alone', read)
    return fallBack(read.value, run)
  })
}

/** Tells the release that still watches what is promoted that its time is over; one that has ended needs no telling. */
export function endWatchOf({ former = null }: LaneState<Submission>, reason: string): void {
  if (former?.isWatched !== true) return
  getExternalWorkflowHandle(former.releaseId)
    .signal(watchEndsSignal, { reason })
    .catch((error: unknown) => log.info('a watch had ended already', { error: String(error) }))
}

async function back({ actor, reason, key }: BackRequest, run: LaneRun): Promise<SubmissionAnswer> {
  await run.untilKnown()
  const known = answeredWith(key, run.state())
  if (known !== null) return { releaseId: known, placed: 'started', ahead: 0 }
  const way = refuseReturn(run)
  return goBack(way, { actor, reason, key, fingerprint: `back ${way.version}`, plan: way.former.plan }, run)
}

interface ReturnWish extends BackRequest {
  /** Tells two different requests with the same key apart. */
  readonly fingerprint: string
  readonly plan: Plan
}

/** The return is a release like any other, by its own short plan; it goes before whatever waits. */
export async function goBack(
  { version, pool, former }: PossibleReturn,
  { actor, reason, key, fingerprint, plan }: ReturnWish,
  run: LaneRun,
): Promise<SubmissionAnswer> {
  const { nextNumber: number, promotedVersion } = run.state()
  const { target } = run.input
  const releaseId = releaseIdOf(target, number)
  const left = promotedVersion ?? releaseName(former.releaseId)
  const said = reason === '' ? `back from ${left}` : reason
  const entry: Submission = {
    ...{ target, version, author: actor, reason: said, plan, key, whenBusy: 'reject' },
    planHash: `return of ${releaseName(former.releaseId)}`,
  }
  const waiting = { releaseId, number, queuedAt: Date.now(), isReturn: true, entry } as const
  run.set(enqueue(run.state(), waiting, { key, fingerprint }, true))
  run.tell(
    `back from ${left} to ${version} on ${pool}, by ${actor.person}${reason === '' ? '' : `: ${reason}`}`,
    'warning',
  )
  await condition(() => !isAboutToStart(run.state(), releaseId))
  return { releaseId, placed: 'started', ahead: 0, returns: { version, pool, from: promotedVersion } }
}

function isAboutToStart({ running, queue }: LaneState<Submission>, releaseId: string): boolean {
  if (running?.releaseId === releaseId) return running.isStarting === true
  return queue.some((waiting) => waiting.releaseId === releaseId)
}

function answeredWith(key: string, { answered }: LaneState<Submission>): string | null {
  return answered.find((one) => one.key === key)?.releaseId ?? null
}

function refuseReturn(run: LaneRun) {
  const way = returnOf(run.state(), Date.now())
  if (way.kind === 'possible') return way
  throw ApplicationFailure.nonRetryable(way.message, 'command.refused', { fix: way.fix })
}

async function fallBack(message: FallBack, run: LaneRun): Promise<void> {
  await run.untilKnown()
  // A release begins to watch as it says that it has ended; the lane may not have asked about that yet.
  const isOver = () => run.state().running?.releaseId !== message.releaseId
  if (!isOver()) await condition(isOver, PATIENCE, { summary: 'until the promotion is known' })
  const before = run.state()
  const problem = fallBackProblem(before, message, Date.now())
  if (problem !== null) {
    return run.tell(`nobody is sent back from ${before.promotedVersion ?? 'the promoted version'}: ${problem}`, 'alarm')
  }
  run.set(fallenBack(before, message, Date.now()))
  withdrawVetoed(before, before.promotedVersion ?? '', run)
  const { rest, promotedVersion } = run.state()
  run.tell(
    `sends everybody back to ${promotedVersion ?? 'the version before'} on ${rest?.stable}: ${message.reason}`,
    'alarm',
  )
}

/** A version that has just been vetoed leaves the queue; answers with its veto, or null when there is no new one. */
export function withdrawVetoed(before: LaneState<Submission>, version: string, run: LaneRun): Veto | null {
  const veto = vetoOf(run.state(), version)
  if (veto === null || veto === vetoOf(before, version)) return null
  for (const { releaseId } of run.state().queue.filter(({ entry }) => entry.version === version)) {
    run.set(withdraw(run.state(), releaseId))
    run.tell(`${releaseName(releaseId)} was taken out of the queue: ${vetoText(veto)}`, 'warning')
  }
  return veto
}

interface BackRequest {
  readonly actor: Actor
  readonly reason: string
  readonly key: string
}

function readBack(message: unknown): Read<BackRequest> {
  if (!isRecord(message)) return { problem: 'this message must be an object with actor, reason and key' }
  const actor = readActor(message['actor'])
  if ('problem' in actor) return actor
  const { reason, key } = message
  if (!isText(reason, 0, 4_000)) return wrong('reason', 'a text of at most 4,000 characters', reason)
  return isText(key, 1, 256)
    ? { value: { actor: actor.value, reason, key } }
    : wrong('key', 'a text of 1 to 256 characters', key)
}

function readFallBack(message: unknown): Read<FallBack> {
  if (!isRecord(message)) return { problem: 'this message must be an object with releaseId, cause and reason' }
  const { releaseId, cause, reason } = message
  if (!isText(releaseId, 1, 256)) return wrong('releaseId', 'the id of a release', releaseId)
  if (!isText(reason, 1, 10_000)) return wrong('reason', 'a text', reason)
  if (cause !== 'failed-check' && cause !== 'floor') return wrong('cause', 'failed-check or floor', cause)
  return { value: { releaseId, cause, reason } }
}
