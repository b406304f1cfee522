import { ApplicationFailureCategory } from '@temporalio/common'
import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity'
import { describeError, SluiceError } from '../domain/errors.ts'
import type { GuardState } from '../domain/guard.ts'
import type { Activities } from './activities.ts'
import { baselineOf } from './baseline.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { applyAndReadBack } from './expose.ts'
import { lookOnce } from './guard-look.ts'

/** Time between two heartbeats of a write, in milliseconds: bounds how late it hears of its cancellation. */
const WRITE_HEARTBEAT = 500

/** The activities with their dependencies inside. Errors become failures whose type is the stable code. */
export function createActivities(deps: ActivityDependencies): Activities {
  return {
    readBaseline: (target) =>
      asFailures(async () => {
        const { router, pools } = deps.adaptersOf(target)
        return baselineOf(await router.read(cancellationSignal()), pools)
      }),
    expose: (input) =>
      asFailures(() =>
        whileHeartbeating(() => applyAndReadBack(deps.adaptersOf(input.target).router, input, cancellationSignal())),
      ),
    guard: (input) =>
      asFailures(async () => {
        const { heartbeatDetails, currentAttemptScheduledTimestampMs: now } = activityInfo()
        const before = (heartbeatDetails as GuardState | undefined) ?? null
        const began = performance.now()
        const { state, outcome, text } = await lookOnce(
          deps.adaptersOf(input.target),
          input,
          before,
          now,
          cancellationSignal(),
        )
        const spent = performance.now() - began
        deps.observeLook?.({ seconds: spent / 1_000, outcome: outcome?.kind ?? 'goes-on' })
        heartbeat(state)
        if (outcome !== null) return outcome
        throw ApplicationFailure.create({
          message: text,
          type: 'guard.goes-on',
          category: ApplicationFailureCategory.BENIGN,
          nextRetryDelay: Math.max(100, Math.round(input.interval - spent)),
        })
      }),
    readGuard: (releaseId) => deps.directory.guardStateOf(releaseId),
    tell: (notice) => deps.notifier.tell(notice, cancellationSignal()),
    findReleases: (target) => deps.directory.findReleases(target),
    isOpen: (releaseId) => deps.directory.isOpen(releaseId),
  }
}

/** Failures that no retry can mend. */
const FINAL_CODES: readonly string[] = [
  'router.fenced',
  'router.misconfigured',
  'router.unclear-baseline',
  'target.unknown',
  'config.invalid',
]

async function asFailures<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const message = describeError(error).replaceAll('\n  ', '; ')
    throw ApplicationFailure.create({ message, type: error.code, nonRetryable: FINAL_CODES.includes(error.code) })
  }
}

async function whileHeartbeating<T>(body: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), WRITE_HEARTBEAT)
  try {
    return await body()
  } finally {
    clearInterval(timer)
  }
}
