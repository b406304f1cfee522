import type { Client } from '@temporalio/client'
import { SluiceError } from '../domain/errors.ts'
import { type TargetId, targetOfLane } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { LaneView } from '../workflows/messages.ts'
import { plain } from './list.ts'
import type { ListFilter, PageRequest, ReleaseRow } from './releases.ts'

/** A service has a lane for each environment; more of them than this are not asked for what waits in them. */
const MOST_LANES = 10

/**
 * Whether a page also shows releases that wait. They have no workflow, so visibility does not know them and every lane has
 * to be asked: only those of a service that is named.
 * @throws SluiceError `request.invalid` for the phase `queued` of all services
 */
export function showsQueued({ service, phase }: ListFilter, { next }: PageRequest): boolean {
  if (phase === 'queued' && service === undefined) {
    throw new SluiceError('request.invalid', {
      message: 'releases that wait are listed by service',
      received: 'the phase queued without a service',
      fix: 'name the service as well',
    })
  }
  const isAsked = phase === undefined || phase === 'open' || phase === 'queued'
  return isAsked && next === null && service !== undefined
}

/** The targets of a service that have an open lane, by Temporal's visibility; at most ten. */
export async function lanesOf(client: Client, service: string): Promise<readonly TargetId[]> {
  const query = `WorkflowType = 'lane' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH 'lane/${plain(service)}/'`
  const targets: TargetId[] = []
  for await (const { workflowId } of client.workflow.list({ query, pageSize: MOST_LANES })) {
    const target = targetOfLane(workflowId)
    if (target !== null) targets.push(target)
    if (targets.length === MOST_LANES) break
  }
  return targets
}

/** What waits in a lane as rows of a list, the last of the queue first as everywhere in a list. */
export function queuedRows({ target, queue }: LaneView, now: Instant): readonly ReleaseRow[] {
  return queue
    .map(({ releaseId, version, queuedAt }) => ({
      ...{ releaseId, ...target, version, phase: 'queued', weight: 0, verdict: 'none' },
      ...{ startedAt: queuedAt ?? now, endedAt: null },
    }))
    .toReversed()
}
