import { ApplicationFailure, activityInfo, cancellationSignal } from '@temporalio/activity'
import { SluiceError } from '../domain/errors.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { Outside } from '../hooks/outside.ts'
import type { HookInput, HookOutcome } from './activities.ts'

/**
 * How long a call is tried that is not answered, from when it was first asked for. An undo comes back sooner: it is tried
 * without end, and whoever waits for it is to hear how it gets on.
 */
const PATIENCE: Readonly<Record<HookInput['direction'], Milliseconds>> = { do: 120_000, undo: 20_000 }

/**
 * One try of a call. What nobody has answered is thrown, so that it is tried again under the same key.
 * @throws SluiceError `hook.unanswered`, `hook.misconfigured`
 */
export async function callHook(outside: Outside, input: HookInput): Promise<HookOutcome> {
  const outcome = await outside.call(input, cancellationSignal())
  if (outcome.kind !== 'unanswered') return outcome
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs: now } = activityInfo()
  const error = new SluiceError('hook.unanswered', {
    message: outcome.reason,
    fix: 'find out what became of it; the next try has the same idempotency key',
  })
  if (now - scheduledTimestampMs < PATIENCE[input.direction]) throw error
  throw ApplicationFailure.nonRetryable(error.message, error.code)
}
