import { activityInfo } from '@temporalio/activity'
import type { Milliseconds } from '../domain/units.ts'
import type { ReleaseDirectory } from './dependencies.ts'
import { type Clocks, createPermit, type WritePermit } from './write-permit.ts'

/** Longer than any healthy write takes, shorter than any worker is missed: its work is given to another one after 2 s. */
const LIFETIME: Milliseconds = 1_500

/** The way back waits for nobody: while Temporal is away, a rollback that has just been asked for is wanted. */
const GRACE = { forward: 0, back: 5_000 } as const

/**
 * The permit of the activity that is running: it may write while Temporal wants this very attempt of it. What another run has
 * asked for is not wanted: the workflow was reset since, and what Temporal still has of it is as old as the cut.
 */
export function permitFor(directory: ReleaseDirectory, direction: 'forward' | 'back', askedBy?: string): WritePermit {
  const { workflowExecution, activityId, attempt } = activityInfo()
  if (workflowExecution === undefined) throw new Error('only activities of a workflow may write')
  const { workflowId, runId } = workflowExecution
  return createPermit({
    confirm: async () =>
      askedBy !== undefined && askedBy !== runId
        ? 'no'
        : directory.isCurrent({ workflowId, runId, activityId, attempt }),
    grace: GRACE[direction],
    lifetime: LIFETIME,
    now: readClocks,
  })
}

function readClocks(): Clocks {
  return { steady: performance.now(), wall: Date.now() }
}
