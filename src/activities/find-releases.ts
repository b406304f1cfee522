import { activityInfo } from '@temporalio/activity'
import { withdraw } from '../domain/lane/lane-queue.ts'
import type { TargetId } from '../domain/target.ts'
import type { FollowOutcome, FoundReleases, OpenRelease } from './activities.ts'
import type { ReleaseDirectory } from './dependencies.ts'

/**
 * What there is of a target for a lane that begins. Temporal lists starts and ends a moment late, and a lost lane may have
 * seen less than that, so each release that either of them takes for the one that runs is asked itself.
 */
export async function findReleases(directory: ReleaseDirectory, target: TargetId): Promise<FoundReleases> {
  const { runId } = activityInfo().workflowExecution ?? {}
  const [{ open, highest }, lost] = await Promise.all([
    directory.findReleases(target),
    runId === undefined ? null : directory.lostLane(target, runId),
  ])
  const known = lost?.running ?? null
  const others = open.filter(({ releaseId }) => releaseId !== known?.releaseId)
  const newestFirst = [...(known === null ? [] : [known]), ...others].sort((one, other) => other.number - one.number)
  const asked = await Promise.all(newestFirst.map((one) => ask(directory, one)))
  // One that is open has the router. When none is, how the newest has ended is news to the lane.
  const found = asked.find(({ end }) => end.kind === 'open') ?? asked[0]
  if (found === undefined) return { open: null, highest, lost }
  return { ...found, highest, lost: lost && withdraw(lost, found.open.releaseId) }
}

async function ask(directory: ReleaseDirectory, { releaseId, number }: OpenRelease) {
  const end: FollowOutcome = await directory.endOf(releaseId, false)
  // One that does not answer has not said that it has ended.
  const own = end.kind === 'open' ? await directory.endOf(releaseId, true).catch(() => end) : end
  return { open: { releaseId, number }, end: own }
}
