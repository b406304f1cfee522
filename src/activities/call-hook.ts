import { ApplicationFailure, activityInfo, cancellationSignal } from '@temporalio/activity'
import { SluiceError } from '../domain/errors.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { CallOutcome, Outside } from '../hooks/outside.ts'
import type { HookInput, HookOutcome } from './activities.ts'

/**
 * How long a call is tried that is not answered, from when it was first asked for. An undo comes back sooner: it is tried
 * without end, and whoever waits for it is to hear how it gets on.
 */
const PATIENCE: Readonly<Record<HookInput['direction'], Milliseconds>> = { do: 120_000, undo: 20_000 }
/** More tries than fit into that time: the workers that made them were lost, and could not give up. */
const MOST_TRIES = 40

/**
 * One try of a call. What nobody has answered is thrown, so that it is tried again under the same key.
 * @throws SluiceError `hook.unanswered`, `hook.misconfigured`
 */
export async function callHook(outside: Outside, input: HookInput): Promise<HookOutcome> {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs: now } = activityInfo()
  if (attempt > MOST_TRIES) throw givenUp('its workers were lost again and again')
  const outcome = await once(outside, input, cancellationSignal())
  if (outcome.kind !== 'unanswered') return outcome
  if (now - scheduledTimestampMs >= PATIENCE[input.direction]) throw givenUp(outcome.reason)
  throw new SluiceError('hook.unanswered', {
    message: outcome.reason,
    fix: 'find out what became of it; the next try has the same idempotency key',
  })
}

/** A fault of our own must not be tried in silence for ever either. */
async function once(outside: Outside, input: HookInput, signal: AbortSignal): Promise<CallOutcome> {
  try {
    return await outside.call(input, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SluiceError) throw error
    return { kind: 'unanswered', reason: error instanceof Error ? error.message : String(error) }
  }
}

function givenUp(reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(reason, 'hook.unanswered')
}
