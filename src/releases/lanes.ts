import { randomUUID } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { WithStartWorkflowOperation } from '@temporalio/client'
import { SluiceError } from '../domain/errors.ts'
import { emptyLane } from '../domain/lane/lane-state.ts'
import { laneView } from '../domain/lane/lane-view.ts'
import type { ReadinessAnswers } from '../domain/readiness/answers.ts'
import type { ReadinessRequest } from '../domain/readiness/read-readiness.ts'
import type { Rehearsal } from '../domain/readiness/rehearsal.ts'
import { laneIdOf, releaseName, type TargetId, targetName } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { lane as laneWorkflow } from '../workflows/lane.ts'
import {
  allowUpdate,
  backUpdate,
  freezeUpdate,
  type LaneView,
  laneQuery,
  laneStateQuery,
  pinUpdate,
  readyUpdate,
  recoverUpdate,
  rehearsedUpdate,
  type Submission,
  type SubmissionAnswer,
  submitUpdate,
  unfreezeUpdate,
  unpinUpdate,
  WORKFLOW_TASK_TIMEOUT,
  withdrawUpdate,
} from '../workflows/messages.ts'
import { askWorkflow } from './ask-workflow.ts'
import type { Calls } from './calls.ts'
import type { BackRequest, LaneRequest, RecoverRequest } from './releases.ts'

/** The lanes, by their messages. Each one throws as the façade does. */
export interface Lanes {
  readonly submit: (submission: Submission, until: Instant) => Promise<SubmissionAnswer>
  /** How a lane stands; one that nobody has used yet is an empty one. */
  readonly view: (target: TargetId, until: Instant) => Promise<LaneView>
  readonly freeze: (target: TargetId, request: LaneRequest) => Promise<LaneView>
  readonly unfreeze: (target: TargetId, request: Pick<LaneRequest, 'by' | 'key'>) => Promise<LaneView>
  readonly allow: (target: TargetId, request: LaneRequest & { readonly version: string }) => Promise<LaneView>
  readonly pin: (target: TargetId, request: LaneRequest & { readonly version?: string }) => Promise<LaneView>
  readonly unpin: (target: TargetId, request: Pick<LaneRequest, 'by' | 'key'>) => Promise<LaneView>
  /** @throws SluiceError `command.refused` when there is nothing to go back to */
  readonly back: (target: TargetId, request: BackRequest, until: Instant) => Promise<SubmissionAnswer>
  /** @throws SluiceError `request.invalid` when it does not wait there, `release.unknown` without a lane */
  readonly withdraw: (target: TargetId, request: LaneRequest & { readonly releaseId: string }) => Promise<LaneView>
  /** Whether a release of the plan could begin; the answer takes as long as the slowest of its questions. */
  readonly ready: (target: TargetId, request: ReadinessRequest, until: Instant) => Promise<ReadinessAnswers>
  readonly rehearsed: (target: TargetId, rehearsal: Rehearsal) => Promise<{ readonly kept: number }>
  /** What was rehearsed for a target, oldest first. */
  readonly rehearsals: (target: TargetId, until: Instant) => Promise<readonly Rehearsal[]>
  readonly recover: (target: TargetId, request: RecoverRequest) => Promise<LaneView>
}

/** How the lane of a target is started; one that runs already is left alone. */
export function laneStartOf(target: TargetId, taskQueue: string) {
  return {
    workflowId: laneIdOf(target),
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    taskQueue,
    args: [{ target, keeps: true }] satisfies Parameters<typeof laneWorkflow>,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    staticSummary: `lane of ${target.service} in ${target.environment}`,
  }
}

export function createLanes(client: Client, taskQueue: string, calls: Calls): Lanes {
  // Temporal knows an update by its id alone, whatever its name: requests of two verbs under one key are two.
  const idOf = ({ key = randomUUID() }: Pick<LaneRequest, 'key'>) => key

  const laneStart = (target: TargetId) =>
    new WithStartWorkflowOperation<typeof laneWorkflow>('lane', laneStartOf(target, taskQueue))

  function send<T>(target: TargetId, verb: string, body: () => Promise<T>, until = calls.deadline()): Promise<T> {
    return calls.send({ what: laneIdOf(target), named: `${verb} ${targetName(target)}`, until }, body)
  }

  /** Null for a lane that nobody has used yet. */
  async function lookAt<T>(target: TargetId, until: Instant, body: () => Promise<T>): Promise<T | null> {
    try {
      return await calls.look(laneIdOf(target), until, body)
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'release.unknown') return null
      throw error
    }
  }

  return {
    submit: (submission, until) =>
      send(
        submission.target,
        'the start of a release of',
        () =>
          client.workflow.executeUpdateWithStart(submitUpdate, {
            startWorkflowOperation: laneStart(submission.target),
            args: [submission],
            // A key that comes again with another plan must reach the lane, which refuses it.
            updateId: `${submission.key}/${submission.planHash}/${submission.version}`,
          }),
        until,
      ),
    async view(target, until) {
      const view = await lookAt(target, until, () => askWorkflow(client, laneIdOf(target), laneQuery))
      // A worker of an older version knows less of it.
      return { ...laneView(target, emptyLane()), ...view }
    },
    freeze(target, request) {
      const { by, reason } = request
      const update = { args: [{ by, reason }] satisfies [object], updateId: `freeze/${idOf(request)}` }
      return send(target, 'the freeze of', () =>
        client.workflow.executeUpdateWithStart(freezeUpdate, { startWorkflowOperation: laneStart(target), ...update }),
      )
    },
    unfreeze(target, request) {
      const update = { args: [{ by: request.by }] satisfies [object], updateId: `unfreeze/${idOf(request)}` }
      return send(target, 'the end of the freeze of', () =>
        client.workflow.executeUpdateWithStart(unfreezeUpdate, {
          startWorkflowOperation: laneStart(target),
          ...update,
        }),
      )
    },
    allow(target, request) {
      const { version, by, reason } = request
      const update = { args: [{ version, by, reason }] satisfies [object], updateId: `allow/${idOf(request)}` }
      return send(target, `the leave for ${version} on`, () =>
        client.workflow.executeUpdateWithStart(allowUpdate, { startWorkflowOperation: laneStart(target), ...update }),
      )
    },
    pin(target, request) {
      const { version, by, reason } = request
      const args = [{ by, reason, ...(version !== undefined && { version }) }] satisfies [object]
      const update = { args, updateId: `pin/${idOf(request)}` }
      return send(target, 'the pin of', () =>
        client.workflow.executeUpdateWithStart(pinUpdate, { startWorkflowOperation: laneStart(target), ...update }),
      )
    },
    unpin(target, request) {
      const update = { args: [{ by: request.by }] satisfies [object], updateId: `unpin/${idOf(request)}` }
      return send(target, 'the end of the pin of', () =>
        client.workflow.executeUpdateWithStart(unpinUpdate, { startWorkflowOperation: laneStart(target), ...update }),
      )
    },
    back(target, { actor, reason, key }, until) {
      const update = { args: [{ actor, reason, key }] satisfies [object], updateId: `back/${key}` }
      return send(
        target,
        'the way back of',
        () =>
          client.workflow.executeUpdateWithStart(backUpdate, { startWorkflowOperation: laneStart(target), ...update }),
        until,
      )
    },
    withdraw(target, request) {
      const { releaseId, by, reason } = request
      const update = { args: [{ releaseId, by, reason }] satisfies [object], updateId: `withdraw/${idOf(request)}` }
      return send(target, `the withdrawal of ${releaseName(releaseId)} from`, () =>
        client.workflow.getHandle(laneIdOf(target)).executeUpdate(withdrawUpdate, update),
      )
    },
    ready(target, request, until) {
      const update = { args: [request] satisfies [object], updateId: `ready/${randomUUID()}` }
      return send(
        target,
        'the question about the readiness of',
        () =>
          client.workflow.executeUpdateWithStart(readyUpdate, { startWorkflowOperation: laneStart(target), ...update }),
        until,
      )
    },
    async rehearsals(target, until) {
      const state = await lookAt(target, until, () => askWorkflow(client, laneIdOf(target), laneStateQuery))
      return state?.rehearsals ?? []
    },
    rehearsed(target, rehearsal) {
      const { planHash, configHash, at } = rehearsal
      const updateId = `rehearsed/${planHash}/${configHash}/${at}`
      return send(target, 'the rehearsal of', () =>
        client.workflow.executeUpdateWithStart(rehearsedUpdate, {
          startWorkflowOperation: laneStart(target),
          ...{ args: [rehearsal], updateId },
        }),
      )
    },
    recover(target, request) {
      const { key: _key, ...asked } = request
      const update = { args: [asked] satisfies [object], updateId: `recover/${idOf(request)}` }
      return send(target, 'the recovery of', () =>
        client.workflow.executeUpdateWithStart(recoverUpdate, { startWorkflowOperation: laneStart(target), ...update }),
      )
    },
  }
}
