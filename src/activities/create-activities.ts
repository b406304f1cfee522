import { ApplicationFailure, activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity'
import { errorLine, SluiceError } from '../domain/errors.ts'
import { fenceOf } from '../domain/fenced-error.ts'
import type { GuardInput, GuardOutcome, GuardState } from '../domain/release/guard.ts'
import type { TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { Activities, BaselineInput, ExposeInput, HoldInput, HoldOutcome } from './activities.ts'
import { askOutside } from './ask-outside.ts'
import { baselineOf } from './baseline.ts'
import { callHook } from './call-hook.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { findReleases } from './find-releases.ts'
import { followOnce } from './follow.ts'
import { lookOnce } from './guard-look.ts'
import { type HoldState, holdOnce } from './hold.ts'
import type { KeeperRights } from './keep-router.ts'
import { permitFor } from './permit-of-attempt.ts'
import { again } from './polling.ts'
import { readWindows } from './read-windows.ts'
import { askReadiness } from './readiness/ask-readiness.ts'
import { followReturn, followStage, orderStage, returnStage, submitStage, watchReturn, watchStage } from './stages.ts'
import { takeRouter } from './take-router.ts'

/**
 * Time between two heartbeats of what writes or waits for a store, in milliseconds: bounds how late it hears of its
 * cancellation, and how long a worker that is frozen keeps others from taking over.
 */
const HEARTBEAT: Milliseconds = 500

/** The activities with their dependencies inside. Errors become failures whose type is the stable code. */
export function createActivities(deps: ActivityDependencies): Activities {
  return {
    readBaseline: (input) => asFailures(() => readBaseline(deps, input)),
    expose: (input) => asFailures(() => whileHeartbeating(undefined, () => expose(deps, input))),
    readWindows: (input) => readWindows(deps, input),
    callHook: (input) => asFailures(() => whileHeartbeating(undefined, () => callHook(deps.outside, input))),
    askOutside: (question) => asFailures(() => whileHeartbeating(undefined, () => askOutside(deps, question))),
    askReadiness: (input) =>
      asFailures(() => whileHeartbeating(undefined, () => askReadiness(deps, input, cancellationSignal()))),
    guard: (input) => asFailures(() => guard(deps, input)),
    hold: (input) => asFailures(() => hold(deps, input)),
    followRelease: (input) => followOnce(deps.directory, input),
    stopRelease: ({ releaseId, reason }) => deps.directory.stop(releaseId, reason),
    readGuard: (releaseId) => deps.directory.guardStateOf(releaseId),
    tell: (notice) => deps.notifier.tell(notice, cancellationSignal()),
    findReleases: (target) => findReleases(deps.directory, target),
    submitStage: (request) => whileHeartbeating(undefined, () => submitStage(deps, request)),
    orderStage: (order) => whileHeartbeating(undefined, () => orderStage(deps, order)),
    followStage: (input) => whileHeartbeating(undefined, () => followStage(deps, input)),
    watchStage: (input) => whileHeartbeating(undefined, () => watchStage(deps, input)),
    returnStage: (request) => whileHeartbeating(undefined, () => returnStage(deps, request)),
    followReturn: (input) => whileHeartbeating(undefined, () => followReturn(deps, input)),
    watchReturn: (input) => whileHeartbeating(undefined, () => watchReturn(deps, input)),
    isOpen: (id) => deps.directory.isOpen(id),
  }
}

async function readBaseline(deps: ActivityDependencies, input: BaselineInput | TargetId) {
  // Releases of an older version ask with the target alone.
  const asked: BaselineInput = 'target' in input ? input : { target: input, releaseId: '', turn: -1, rest: null }
  const { target, turn, rest, flags = [], isReturn = false } = asked
  const { router, pools } = deps.adaptersOf(target)
  return baselineOf(await router.read(cancellationSignal(), flags), pools, { turn, rest, flags, isReturn })
}

function expose(deps: ActivityDependencies, input: ExposeInput) {
  const { router } = deps.adaptersOf(input.target)
  const isHolder = () => deps.directory.isHolder(input.target, input.releaseId)
  const permit = permitFor(deps.directory, input.direction ?? 'forward', input.run)
  return takeRouter(router, input, isHolder, permit, cancellationSignal())
}

async function guard(deps: ActivityDependencies, input: GuardInput): Promise<GuardOutcome> {
  const { heartbeatDetails, currentAttemptScheduledTimestampMs: now } = activityInfo()
  // Only our own guard writes these details, in the same version or an older one of this very type.
  const before = (heartbeatDetails as GuardState | undefined) ?? null
  const began = performance.now()
  const rights: KeeperRights = {
    isHolder: () => deps.directory.isHolder(input.target, input.releaseId),
    permit: permitFor(deps.directory, 'forward'),
    unseenSince: now,
  }
  const { target, roles, version = '' } = input
  const canaryVersions = (signal: AbortSignal) =>
    deps.outside.versionsOf({ target, version, roles }, roles.canary, signal)
  const { state, outcome, text } = await whileHeartbeating(before, () =>
    lookOnce({ ...deps.adaptersOf(input.target), canaryVersions }, input, before, now, rights, cancellationSignal()),
  )
  const spent = performance.now() - began
  heartbeat(state)
  if (outcome !== null) return outcome
  throw again('guard.goes-on', text, input.interval - spent)
}

async function hold(deps: ActivityDependencies, input: HoldInput): Promise<HoldOutcome> {
  const { heartbeatDetails, currentAttemptScheduledTimestampMs: now } = activityInfo()
  const before = (heartbeatDetails as HoldState | undefined) ?? null
  // Between releases the lane is the one who is to hold the router: there is nobody else to ask for.
  const permit = permitFor(deps.directory, 'back', input.run)
  const rights: KeeperRights = { isHolder: async () => 'yes', permit, unseenSince: now }
  const { router } = deps.adaptersOf(input.target)
  const { state, outcome } = await holdOnce(router, input, before, now, rights, cancellationSignal())
  // Every heartbeat is a write of the server: a keeper with nothing to remember makes none.
  if (state.repairs > 0 || state.faults > 0 || before !== null) heartbeat(state)
  if (outcome !== null) return outcome
  throw again('keeper.goes-on', state.text === '' ? 'all quiet' : state.text, input.interval)
}

async function asFailures<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const message = errorLine(error)
    const details = [{ fence: fenceOf(error) }]
    throw ApplicationFailure.create({ message, type: error.code, nonRetryable: !error.isRetryable, details })
  }
}

/** Says at once and every moment that the work goes on; `details` is what the next attempt is to begin from. */
async function whileHeartbeating<T>(details: unknown, body: () => Promise<T>, every: Milliseconds = HEARTBEAT) {
  const timer = setInterval(() => heartbeat(details), every)
  try {
    return await body()
  } finally {
    clearInterval(timer)
  }
}
