import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow'

/** True for an activity that has failed for good; its cancellation is not a failure. */
export function isActivityFailure(error: unknown): error is ActivityFailure {
  return error instanceof ActivityFailure && !isCancellation(error)
}

/** What an activity's failure says. */
export function causeOf(error: ActivityFailure): string {
  return error.cause?.message ?? error.message
}

/** The stable code of an activity's failure, or null when it has none. */
export function codeOf(error: ActivityFailure): string | null {
  return error.cause instanceof ApplicationFailure ? (error.cause.type ?? null) : null
}

/** True when a newer release or step owns the router, or the flags. */
export function isFenced(error: ActivityFailure): boolean {
  const code = codeOf(error)
  return code === 'router.fenced' || code === 'flag.fenced'
}
