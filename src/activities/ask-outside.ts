import { activityInfo, cancellationSignal } from '@temporalio/activity'
import { errorLine, SluiceError } from '../domain/errors.ts'
import { openLines, type ReadinessAnswers, type ReadinessItem, readyText } from '../domain/readiness/answers.ts'
import { lackOf } from '../domain/release/pool-health.ts'
import { proofOf } from '../domain/release/version-proof.ts'
import type { Milliseconds } from '../domain/units.ts'
import { LATE, lateText, within } from '../outbound/within.ts'
import type { OutsideAnswer, OutsideQuestion } from './activities.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { again } from './polling.ts'
import { askReadiness } from './readiness/ask-readiness.ts'

/** How long a question waits until it is asked again: grows with every try up to this. */
const SLOWEST: Readonly<Record<OutsideQuestion['about'], Milliseconds>> = {
  call: 60_000,
  version: 10_000,
  capacity: 10_000,
  readiness: 60_000,
  stage: 60_000,
}
const QUICKEST: Milliseconds = 1_000
/** Another reason is news at most this often: some say how long they have waited. */
const NEWS_EVERY: Milliseconds = 30_000

/**
 * Asks what is outside once. While the answer is to wait, for the reason that is known already, it polls by failing: that costs
 * no history however long it takes.
 */
export async function askOutside(deps: ActivityDependencies, question: OutsideQuestion): Promise<OutsideAnswer> {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs: now } = activityInfo()
  const lasted = now - scheduledTimestampMs
  const { about, known } = question
  const patience = question.patience ?? Number.POSITIVE_INFINITY
  const left = Math.max(QUICKEST, patience - lasted)
  // Only a call takes as long as somebody outside likes.
  const answer =
    question.about === 'call'
      ? await askCallFor(left, deps, question)
      : await asked(deps, question, cancellationSignal())
  if (answer.kind !== 'wait' || lasted >= patience) return answer
  const isNews = answer.reason !== known && (known === null || lasted >= NEWS_EVERY)
  if (isNews) return answer
  const pause = Math.min(SLOWEST[about], QUICKEST * 2 ** Math.min(attempt - 1, 10))
  throw again('answer.waits', answer.reason, Math.min(pause, left))
}

/** What drips for longer than anybody waits for it is no answer. What was said before tells more than that its time was over in the midst. */
async function askCallFor(
  deadline: Milliseconds,
  deps: ActivityDependencies,
  question: Extract<OutsideQuestion, { about: 'call' }>,
): Promise<OutsideAnswer> {
  const answer = await within({ deadline, signal: cancellationSignal() }, (own) => asked(deps, question, own))
  if (answer !== LATE) return answer
  if (question.known !== null) return { kind: 'wait', reason: question.known }
  return { kind: 'wait', reason: `${question.request.call} gives no answer: ${lateText(deadline)}`, isFault: true }
}

/** What cannot be asked is no answer: it is waited for, and says why. */
async function asked(
  deps: ActivityDependencies,
  question: OutsideQuestion,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  try {
    switch (question.about) {
      case 'call':
        return await askCall(deps, question, signal)
      case 'version':
        return await askVersion(deps, question, signal)
      case 'capacity':
        return await askCapacity(deps, question, signal)
      case 'readiness':
        return await askChecklist(deps, question, signal)
      case 'stage':
        // The router of a stage that has not begun is in the hands of its lane.
        return checked(await deps.releases.ready(question.request), question.without)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SluiceError)) throw error
    return { kind: 'wait', reason: errorLine(error), isFault: true }
  }
}

async function askCall(
  { outside }: ActivityDependencies,
  question: Extract<OutsideQuestion, { about: 'call' }>,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { call } = question.request
  const { kind, reason } = await outside.ask({ ...question.request, direction: 'ask' }, signal)
  const why = reason === '' ? '' : `: ${reason}`
  switch (kind) {
    case 'yes':
      return { kind: 'go', text: `${call} says yes${why}` }
    case 'no':
      return { kind: 'no', reason: `${call} says no${why}` }
    case 'wait':
      return { kind: 'wait', reason: `${call} has not said yes yet${why}` }
    case 'unreadable':
      return { kind: 'wait', reason: `${call} gives no answer${why}`, isFault: true }
  }
}

async function askVersion(
  { outside }: ActivityDependencies,
  { request }: Extract<OutsideQuestion, { about: 'version' }>,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { canary } = request.roles
  const proof = proofOf(request.version, canary, await outside.versionsOf(request, canary, signal))
  return proof.isProven ? { kind: 'go', text: proof.text } : { kind: 'wait', reason: proof.reason }
}

async function askChecklist(
  deps: ActivityDependencies,
  { request: { without, ...request } }: Extract<OutsideQuestion, { about: 'readiness' }>,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const rehearsals = await deps.directory.rehearsalsOf(request.target)
  return checked(await askReadiness(deps, { ...request, rehearsals }, signal), without)
}

/** The reason names questions only: the numbers in their answers would be news at each look. */
function checked(readiness: ReadinessAnswers, without: readonly ReadinessItem[]): OutsideAnswer {
  const open = openLines(readiness, without)
  if (open.length === 0) return { kind: 'go', text: readyText(without), readiness }
  return { kind: 'wait', reason: `it is not ready: ${open.map(({ item }) => item).join(', ')}`, readiness }
}

async function askCapacity(
  { adaptersOf }: ActivityDependencies,
  { target, pools, ready }: Extract<OutsideQuestion, { about: 'capacity' }>,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { router } = adaptersOf(target)
  if (router.health === undefined)
    return { kind: 'wait', reason: 'the router cannot say how many servers of a pool are ready', isFault: true }
  const lack = lackOf(await router.health(signal), pools, ready)
  return lack === null ? { kind: 'go', text: `${pools.join(' and ')} can carry it` } : { kind: 'wait', reason: lack }
}
