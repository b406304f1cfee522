import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { type TargetId, targetOfLane } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { LOST_ENDS } from '../releases/directory.ts'
import { laneStartOf } from '../releases/lanes.ts'
import type { lane } from '../workflows/lane.ts'

interface LostLanesParts {
  readonly client: Client
  readonly taskQueue: string
  /** False for a target that has left the installation: whoever retires one may end its lane. */
  readonly isTarget: (target: TargetId) => boolean
  readonly now: () => Instant
}

/** Time between two questions which lanes have been lost, in milliseconds. */
const EVERY: Milliseconds = 5_000
/** So far back a worker that starts looks: nobody was there to begin a lane again while no worker ran. */
const FIRST_LOOK_BACK: Milliseconds = 7 * 24 * 3_600_000
/** Visibility learns of an end late, and its clock is the server's. */
const LOOK_BACK: Milliseconds = 120_000
const DEADLINE: Milliseconds = 10_000

/**
 * Begins every lane again that was terminated, cancelled, timed out or failed: without one nobody holds the router between
 * releases, and nothing that waits is started.
 */
export async function watchLostLanes(
  parts: LostLanesParts & { readonly onError: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  const settled = new Set<string>()
  let since = parts.now() - FIRST_LOOK_BACK
  while (!signal.aborted) {
    const before = parts.now()
    try {
      await parts.client.withDeadline(Date.now() + DEADLINE, () => beginLostLanes(parts, since, settled))
      since = before - LOOK_BACK
    } catch (error) {
      parts.onError(error)
    }
    // It rejects only when the signal ends the watch.
    await sleep(EVERY, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * Begins again the lanes that were lost since then. Answers with the ids of those that it has begun; `settled` remembers
 * the runs that have been seen to.
 */
export async function beginLostLanes(
  { client, taskQueue, isTarget }: LostLanesParts,
  since: Instant,
  settled: Set<string> = new Set(),
): Promise<readonly string[]> {
  const ends = Object.values(LOST_ENDS).map((end) => `'${end}'`)
  const query = `WorkflowType = 'lane' AND ExecutionStatus IN (${ends.join(', ')}) AND CloseTime > '${new Date(since).toISOString()}'`
  const begun: string[] = []
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const target = targetOfLane(workflowId)
    if (settled.has(runId) || target === null || !isTarget(target)) continue
    const { status } = await client.workflow.getHandle(workflowId).describe()
    if (status.name !== 'RUNNING') {
      await client.workflow.start<typeof lane>('lane', laneStartOf(target, taskQueue))
      begun.push(workflowId)
    }
    settled.add(runId)
  }
  return begun
}
