import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import type { FollowOutcome, OpenRelease } from '../activities/activities.ts'
import type { ReleaseDirectory } from '../activities/dependencies.ts'
import { formerOf } from '../domain/lane/former.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import { parsePipelineId } from '../domain/pipeline/pipeline.ts'
import type { GuardState } from '../domain/release/guard.ts'
import { endOf, rolesToKeep } from '../domain/release/release-state.ts'
import { laneIdOf, parseReleaseId, releaseIdOf } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import {
  laneQuery,
  laneStateQuery,
  pipelineQuery,
  type ReleaseResult,
  type Submission,
  viewQuery,
} from '../workflows/messages.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts'
import { askWorkflow } from './ask-workflow.ts'
import { fateOf } from './temporal-errors.ts'

/** Questions that a write waits for have only a moment; the others are asked again by whoever asks. */
const PATIENCE: Milliseconds = 2_000

/** Temporal's number for an activity that a worker has in hand. */
const STARTED = 2

export function createDirectory(client: Client): ReleaseDirectory {
  const soon = <T>(body: () => Promise<T>) => client.withDeadline(Date.now() + PATIENCE, body)
  return {
    async guardStateOf(releaseId) {
      const { raw } = await client.workflow.getHandle(releaseId).describe()
      const guard = (raw.pendingActivities ?? []).find(({ activityType }) => activityType?.name === 'guard')
      const [payload] = guard?.heartbeatDetails?.payloads ?? []
      if (payload?.data === undefined || payload.data === null) return null
      // Only our own guard writes these details, in the same version or an older one of this very type.
      return client.options.loadedDataConverter.payloadConverter.fromPayload<GuardState | null>(payload)
    },
    async isOpen(id) {
      if ((await soon(() => statusOf(client, id))) !== 'RUNNING') return false
      return parsePipelineId(id) === null || (await soon(() => isPipelineOpen(client, id)))
    },
    async endOf(releaseId, asksItself) {
      const status = await soon(() => statusOf(client, releaseId))
      if (status === 'RUNNING' && asksItself) return soon(() => askItself(client, releaseId))
      if (status === 'RUNNING') return { kind: 'open' }
      if (status !== 'COMPLETED') return { kind: 'gone' }
      const report: ReleaseResult = await client.workflow.getHandle(releaseId).result()
      return { kind: 'ended', report }
    },
    async stop(releaseId, reason) {
      try {
        await client.workflow.getHandle(releaseId).terminate(reason)
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }
    },
    async rehearsalsOf(target) {
      const { rehearsals = [] } = await soon(() => askWorkflow(client, laneIdOf(target), laneStateQuery))
      return rehearsals
    },
    async isHolder(target, releaseId) {
      try {
        const { running } = await soon(() => askWorkflow(client, laneIdOf(target), laneQuery))
        return running === releaseId ? 'yes' : 'no'
      } catch {
        return 'unknown'
      }
    },
    async isCurrent({ workflowId, runId, activityId, attempt }) {
      try {
        const { raw } = await soon(() => client.workflow.getHandle(workflowId, runId).describe())
        const pending = (raw.pendingActivities ?? []).find((activity) => activity.activityId === activityId)
        return pending?.attempt === attempt && pending.state === STARTED ? 'yes' : 'no'
      } catch (error) {
        return error instanceof WorkflowNotFoundError ? 'no' : 'unknown'
      }
    },
    async findReleases(target) {
      const { service, environment } = target
      const query = `WorkflowType = 'release' AND SluiceService = '${service}' AND SluiceEnvironment = '${environment}'`
      const open: OpenRelease[] = []
      let highest = 0
      for await (const { workflowId, status, typedSearchAttributes } of client.workflow.list({ query })) {
        const number = parseReleaseId(workflowId)?.number ?? 0
        highest = Math.max(highest, number)
        // One that has ended and still watches what it promoted has no router to hold.
        if (typedSearchAttributes.get(SEARCH_ATTRIBUTES.phase) === 'watching') continue
        if (status.name === 'RUNNING') open.push({ releaseId: workflowId, number })
      }
      for (;;) {
        const next = { releaseId: releaseIdOf(target, highest + 1), number: highest + 1 }
        if ((await soon(() => statusOf(client, next.releaseId))) === 'NOT_FOUND') break
        open.push(next)
        highest = next.number
      }
      return { open, highest }
    },
    async lostLane(target, runId) {
      const laneId = laneIdOf(target)
      const before = await soon(() => runBefore(client, laneId, runId))
      // However it ended: the end of a run may be listed before the start of the run that went on from there.
      return before && soon(() => askLostLane(client, laneId, before.runId))
    },
  }
}

/** How a workflow closes that was not to close, as Temporal describes it, and as its visibility is asked for it. */
export const LOST_ENDS = {
  TERMINATED: 'Terminated',
  TIMED_OUT: 'TimedOut',
  FAILED: 'Failed',
  CANCELLED: 'Canceled',
} as const

/** The run of a lane before the one with this id, by Temporal's visibility; null for the first. */
async function runBefore(client: Client, laneId: string, runId: string) {
  for await (const run of client.workflow.list({ query: `WorkflowType = 'lane' AND WorkflowId = '${laneId}'` })) {
    if (run.runId === runId) continue
    // Visibility learns of an end a moment later.
    if (run.status.name === 'RUNNING') throw new Error(`Temporal does not list yet how ${run.runId} ended`)
    return run
  }
  return null
}

async function askLostLane(client: Client, laneId: string, runId: string): Promise<LaneState<Submission> | null> {
  try {
    return await askWorkflow(client, laneId, laneStateQuery, runId)
  } catch (error) {
    // A lane of an older version has no such query, and one that cannot be replayed answers none.
    if (fateOf(error).kind === 'settled') return null
    throw error
  }
}

/** A release that has ended still waits until its last messages are sent. */
async function askItself(client: Client, releaseId: string): Promise<FollowOutcome> {
  const { input, state } = await askWorkflow(client, releaseId, viewQuery)
  const outcome = endOf(state)
  if (outcome === null) return { kind: 'open' }
  const { version, turn = input.number } = input
  const { abandoned } = state
  const former = formerOf(input, state)
  const report = { releaseId, outcome, version, roles: rolesToKeep(state), turn: state.turn ?? turn }
  const why = abandoned === null ? {} : { reason: abandoned.reason, cause: abandoned.cause }
  return { kind: 'ended', report: { ...report, ...why, ...(former !== null && { former }) } }
}

/** A pipeline likewise, and its targets are free from its end on, however long its messages take. One that does not answer keeps them. */
async function isPipelineOpen(client: Client, pipelineId: string): Promise<boolean> {
  try {
    const { state } = await askWorkflow(client, pipelineId, pipelineQuery)
    return state.outcome === null
  } catch {
    return true
  }
}

async function statusOf(client: Client, releaseId: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(releaseId).describe()).status.name
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'NOT_FOUND'
    throw error
  }
}
