import { activityInfo } from '@temporalio/activity'
import type { Milliseconds } from '../domain/units.ts'
import type { FollowInput, FollowOutcome } from './activities.ts'
import type { ReleaseDirectory } from './dependencies.ts'
import { again } from './polling.ts'

/** How late a lane is at worst that does not hear of an end by itself, and one that does: then this is for nothing. */
const SLOWEST = { deaf: 30_000, hearing: 600_000 } as const
/** While an end is expected in this moment. */
const QUICK: Milliseconds = 200

/** Nobody of it answers now: whatever it does, it is asked again. */
const OPEN: FollowOutcome = { kind: 'open' }

/** One question to Temporal after a release. @throws the failure that asks again while it is open and there is patience. */
export async function followOnce(directory: ReleaseDirectory, input: FollowInput): Promise<FollowOutcome> {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo()
  // One that goes on watching what it has promoted has ended as well: a release that is open is asked itself.
  const asked = directory.endOf(input.releaseId, true)
  const end = await (input.patience === null ? asked.catch(() => OPEN) : asked)
  if (end.kind !== 'open') return end
  const waited = currentAttemptScheduledTimestampMs - scheduledTimestampMs
  if (input.patience !== null && waited >= input.patience) return end
  const slowest = SLOWEST[input.isHeard ? 'hearing' : 'deaf']
  const delay = input.patience === null ? Math.min(slowest, 1_000 * 2 ** Math.min(attempt, 10)) : QUICK
  throw again('release.open', `${input.releaseId} is open`, delay)
}
