import { createHash } from 'node:crypto'
import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import { WithStartWorkflowOperation } from '@temporalio/client'
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers.js'
import { SluiceError } from '../domain/errors.ts'
import { emptyLane } from '../domain/lane-state.ts'
import { laneView } from '../domain/lane-view.ts'
import type { Plan } from '../domain/plan.ts'
import { releaseCard } from '../domain/release-card.ts'
import { laneIdOf, parseReleaseId, type TargetId } from '../domain/target.ts'
import type { lane as laneWorkflow } from '../workflows/lane.ts'
import {
  commandUpdates,
  freezeUpdate,
  type LaneView,
  laneQuery,
  recoverUpdate,
  type Submission,
  submitUpdate,
  unfreezeUpdate,
  viewQuery,
  withdrawUpdate,
  WORKFLOW_TASK_TIMEOUT,
} from '../workflows/messages.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts'
import { createDirectory } from './directory.ts'
import { pastReleases } from './past-releases.ts'
import type { CommandRequest, ListFilter, ReleasePage, ReleaseRow, Releases, StartRequest } from './releases.ts'
import { unknownRelease, withTemporal } from './temporal-errors.ts'

/** Total time for one call to Temporal, in milliseconds. */
const DEADLINE = 15_000

export interface TemporalReleasesOptions {
  readonly client: Client
  readonly taskQueue: string
  readonly now?: () => number
}

/** The façade over a Temporal client. Holds no state: any number may run side by side. */
export function createReleases({ client, taskQueue, now = Date.now }: TemporalReleasesOptions): Releases {
  const directory = createDirectory(client)
  const call = <T>(what: string, body: () => Promise<T>) =>
    withTemporal(what, () => client.withDeadline(Date.now() + DEADLINE, body))

  function laneStart(target: TargetId) {
    return new WithStartWorkflowOperation<typeof laneWorkflow>('lane', {
      workflowId: laneIdOf(target),
      workflowIdConflictPolicy: 'USE_EXISTING',
      taskQueue,
      args: [{ target, keeps: true }],
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      staticSummary: `lane of ${target.service} in ${target.environment}`,
    })
  }

  async function ownLane(target: TargetId): Promise<LaneView> {
    try {
      return await call(laneIdOf(target), () => client.workflow.getHandle(laneIdOf(target)).query(laneQuery))
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'release.unknown') return laneView(target, emptyLane())
      throw error
    }
  }

  return {
    start(request) {
      const target = { service: request.plan.service, environment: request.plan.environment }
      const submission = submissionOf(request, target)
      return call(laneIdOf(target), () =>
        client.workflow.executeUpdateWithStart(submitUpdate, {
          startWorkflowOperation: laneStart(target),
          args: [submission],
          // A key that comes again with another plan must reach the lane, which refuses it.
          updateId: `${request.key}/${submission.planHash}/${request.version}`,
        }),
      )
    },
    async command(request) {
      const releaseId = canonicalId(request.releaseId)
      const handle = client.workflow.getHandle(releaseId)
      try {
        return await call(releaseId, () =>
          handle.executeUpdate(commandUpdates[request.verb], {
            args: [commandOf(request, releaseId)],
            updateId: request.key,
          }),
        )
      } catch (error) {
        if (error instanceof SluiceError && error.code === 'release.unknown')
          throw await endedOrUnknown(client, releaseId, error)
        throw error
      }
    },
    show(id) {
      const releaseId = canonicalId(id)
      return call(releaseId, async () => {
        const [view, guard] = await Promise.all([
          client.workflow.getHandle(releaseId).query(viewQuery),
          directory.guardStateOf(releaseId),
        ])
        return releaseCard(view.input, view.state, guard, now())
      })
    },
    list: (filter, page) => call('the list', () => listPage(client, filter, page)),
    past: (target, since, most) => call('past releases', () => pastReleases(client, target, since, most)),
    lane: ownLane,
    freeze: (target, by, reason) =>
      call(laneIdOf(target), () =>
        client.workflow.executeUpdateWithStart(freezeUpdate, {
          startWorkflowOperation: laneStart(target),
          args: [{ by, reason }],
        }),
      ),
    unfreeze: (target, by) =>
      call(laneIdOf(target), () =>
        client.workflow.executeUpdateWithStart(unfreezeUpdate, {
          startWorkflowOperation: laneStart(target),
          args: [{ by }],
        }),
      ),
    withdraw: (target, wish) =>
      call(laneIdOf(target), () =>
        client.workflow.getHandle(laneIdOf(target)).executeUpdate(withdrawUpdate, { args: [wish] }),
      ),
    recover: (target, wish) =>
      call(laneIdOf(target), () =>
        client.workflow.getHandle(laneIdOf(target)).executeUpdate(recoverUpdate, { args: [wish] }),
      ),
    async ping() {
      await call('temporal', () => client.connection.workflowService.getSystemInfo({}))
    },
  }
}

/** SHA-256 of the plan as JSON, hexadecimal. The plan is made by one function, so the order of its keys is fixed. */
export function hashPlan(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}

function submissionOf(request: StartRequest, target: TargetId): Submission {
  const { plan, version, author, reason, key, whenBusy, longestHistory } = request
  const further = longestHistory === undefined ? {} : { longestHistory }
  return { target, version, author, reason, key, whenBusy, plan, planHash: hashPlan(plan), ...further }
}

function commandOf({ verb, step, key, actor, reason, by }: CommandRequest, releaseId: string) {
  return { verb, releaseId, step, key, actor, reason, ...(by !== undefined && { by }) }
}

function canonicalId(id: string): string {
  const parsed = parseReleaseId(id)
  if (parsed === null) throw unknownRelease(id)
  return parsed.releaseId
}

/** A closed workflow and one that never was look alike to an update; people want to know which. */
async function endedOrUnknown(client: Client, releaseId: string, unknown: SluiceError): Promise<SluiceError> {
  try {
    const { status } = await client.workflow.getHandle(releaseId).describe()
    const message = `${releaseId} has ended (${status.name.toLowerCase()})`
    return new SluiceError('release.ended', { message, fix: 'start a new release' })
  } catch {
    return unknown
  }
}

async function listPage(
  client: Client,
  filter: ListFilter,
  page: { readonly size: number; readonly next: string | null },
): Promise<ReleasePage> {
  const response = await client.connection.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    pageSize: page.size,
    query: queryOf(filter),
    nextPageToken: page.next === null ? new Uint8Array() : Buffer.from(page.next, 'base64url'),
  })
  const { loadedDataConverter } = client.options
  const rows = await Promise.all(
    response.executions.map(async (raw) =>
      rowOf(await executionInfoFromRaw(raw, loadedDataConverter, raw, client.options.namespace)),
    ),
  )
  const token = Buffer.from(response.nextPageToken).toString('base64url')
  return { releases: rows, next: token === '' ? null : token }
}

/** Only names that passed their pattern reach the query, so nothing can be smuggled into it. */
function queryOf({ service, environment, phase }: ListFilter): string {
  const parts = [`WorkflowType = 'release'`]
  if (service !== undefined) parts.push(`SluiceService = '${plain(service)}'`)
  if (environment !== undefined) parts.push(`SluiceEnvironment = '${plain(environment)}'`)
  if (phase === 'open') parts.push(`ExecutionStatus = 'Running'`)
  else if (phase === 'closed') parts.push(`ExecutionStatus != 'Running'`)
  else if (phase !== undefined) parts.push(`SluicePhase = '${plain(phase)}'`)
  return parts.join(' AND ')
}

function plain(word: string): string {
  if (/^[a-z0-9-]{1,63}$/.test(word)) return word
  throw new SluiceError('request.invalid', {
    message: 'this cannot be a name',
    received: word,
    expected: 'lower-case letters, digits and dashes',
    fix: 'correct the filter',
  })
}

function rowOf(info: WorkflowExecutionInfo): ReleaseRow {
  const { typedSearchAttributes: attributes } = info
  return {
    releaseId: info.workflowId,
    service: attributes.get(SEARCH_ATTRIBUTES.service) ?? '',
    environment: attributes.get(SEARCH_ATTRIBUTES.environment) ?? '',
    version: attributes.get(SEARCH_ATTRIBUTES.version) ?? '',
    phase: attributes.get(SEARCH_ATTRIBUTES.phase) ?? 'starting',
    weight: attributes.get(SEARCH_ATTRIBUTES.weight) ?? 0,
    verdict: attributes.get(SEARCH_ATTRIBUTES.verdict) ?? 'none',
    startedAt: info.startTime.getTime(),
    endedAt: info.closeTime?.getTime() ?? null,
  }
}
