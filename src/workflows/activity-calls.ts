import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/activities.ts'

/**
 * The activities as workflows call them. Cancellation types are set one by one, because the default (TRY_CANCEL) would
 * let a rollback overtake a write that is still on its way.
 */

const READS = { cancellationType: ActivityCancellationType.TRY_CANCEL } as const
const WRITES = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const

const CAPPED_BACKOFF = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' } as const

/** Reading the baseline: gives up after a while, because nothing has been changed yet. */
export const { readBaseline } = proxyActivities<Pick<Activities, 'readBaseline'>>({
  ...READS,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  retry: CAPPED_BACKOFF,
})

/** The same for a lane that learns what is there: the release that follows will read it anew, and say what is wrong. */
export const { readBaseline: glanceAtBaseline } = proxyActivities<Pick<Activities, 'readBaseline'>>({
  ...READS,
  startToCloseTimeout: '3s',
  scheduleToCloseTimeout: '5s',
  retry: CAPPED_BACKOFF,
})

/** Going forward: gives up after a while; the release is paused then. */
export const { expose: exposeForward } = proxyActivities<Pick<Activities, 'expose'>>({
  ...WRITES,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  heartbeatTimeout: '2s',
  retry: CAPPED_BACKOFF,
})

/** Going back: a while as well, but the rollback calls it again without end, raising the alarm. */
export const { expose: exposeBack } = proxyActivities<Pick<Activities, 'expose'>>({
  ...WRITES,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '10s',
  heartbeatTimeout: '2s',
  retry: { ...CAPPED_BACKOFF, maximumInterval: '3s' },
})

/** Reading the calendars: the wait for them is as long as it takes. */
export const { readWindows } = proxyActivities<Pick<Activities, 'readWindows'>>({
  ...READS,
  startToCloseTimeout: '10s',
  retry: CAPPED_BACKOFF,
})

/** A call is bounded by its own deadline, half an hour at most; a worker that is gone is missed after seconds. */
const CALLS = { startToCloseTimeout: '35m', heartbeatTimeout: '5s' } as const

/**
 * Carries out a call, or what undoes it: the worker gives up after a while. Then the plan's policy decides; an undo is called
 * again without end, raising the alarm.
 */
export const { callHook } = proxyActivities<Pick<Activities, 'callHook'>>({
  ...WRITES,
  ...CALLS,
  retry: CAPPED_BACKOFF,
})

/** Asking others polls by failing, so its number of attempts must stay unlimited. */
export const { askOutside } = proxyActivities<Pick<Activities, 'askOutside'>>({
  ...READS,
  ...CALLS,
  retry: CAPPED_BACKOFF,
})

/** One go through the checklist: whoever waits for it would rather ask again. */
export const { askReadiness } = proxyActivities<Pick<Activities, 'askReadiness'>>({
  ...WRITES,
  startToCloseTimeout: '26s',
  scheduleToCloseTimeout: '26s',
  heartbeatTimeout: '5s',
  retry: { maximumAttempts: 1 },
  summary: 'readiness',
})

/** The guard polls by failing, so its number of attempts must stay unlimited. */
export const guardFor = (target: string) =>
  proxyActivities<Pick<Activities, 'guard'>>({
    ...READS,
    startToCloseTimeout: '20s',
    heartbeatTimeout: '3s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
    summary: `guard of ${target}`,
  }).guard

/** The keeper of a lane polls by failing as well. */
export const holdFor = (target: string) =>
  proxyActivities<Pick<Activities, 'hold'>>({
    ...READS,
    startToCloseTimeout: '20s',
    heartbeatTimeout: '5s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
    summary: `keeper of ${target}`,
  }).hold

/** Polls until the release is closed. */
export const followFor = (releaseId: string) =>
  proxyActivities<Pick<Activities, 'followRelease'>>({
    ...READS,
    startToCloseTimeout: '20s',
    retry: CAPPED_BACKOFF,
    summary: `until ${releaseId} is closed`,
  }).followRelease

/** Ends a workflow for good; only what does not answer is ended like this. */
export const { stopRelease } = proxyActivities<Pick<Activities, 'stopRelease'>>({
  ...WRITES,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  retry: CAPPED_BACKOFF,
})

/**
 * Questions to Temporal itself. Not local activities, though those cost one event instead of six: a query that comes in
 * while one runs splits the task, and a replay then sees a cancelled activity that the first run had never sent.
 */
export const { readGuard, findReleases, isOpen } = proxyActivities<
  Pick<Activities, 'readGuard' | 'findReleases' | 'isOpen'>
>({
  ...READS,
  startToCloseTimeout: '10s',
  retry: CAPPED_BACKOFF,
})

/** Messages are worth some tries, never a release. */
export const { tell } = proxyActivities<Pick<Activities, 'tell'>>({
  ...READS,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '5m',
  retry: CAPPED_BACKOFF,
})

/** A worker that is killed in the midst of a question is missed after moments: a way back may hang on the answer. */
const QUESTIONS = { startToCloseTimeout: '30s', heartbeatTimeout: '3s', retry: CAPPED_BACKOFF } as const

/** What a pipeline asks for is asked until it is answered: only the answer says what there is to take back. */
export const { submitStage, orderStage } = proxyActivities<Pick<Activities, 'submitStage' | 'orderStage'>>({
  ...WRITES,
  ...QUESTIONS,
})

/** These poll by failing, so their number of attempts must stay unlimited. */
export const { followStage, watchStage, returnStage, followReturn, watchReturn } = proxyActivities<
  Pick<Activities, 'followStage' | 'watchStage' | 'returnStage' | 'followReturn' | 'watchReturn'>
>({ ...READS, ...QUESTIONS })
