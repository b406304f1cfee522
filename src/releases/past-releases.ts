import type { Client } from '@temporalio/client'
import { blindnessOf, onlyWarns } from '../domain/plan/consequences.ts'
import { type PastRelease, pastReleaseOf } from '../domain/release/past-release.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import { viewQuery } from '../workflows/messages.ts'
import { askWorkflow } from './ask-workflow.ts'

/** Releases of a target that have ended, as far as Temporal still has them. */
export interface PastReleases {
  /** Newest first. */
  readonly releases: readonly PastRelease[]
  /** So many more are known but could not be read, or were not read because there are too many. */
  readonly unread: number
}

/** Listing is dear, and nobody looks at more. */
const MOST_LISTED = 1_000
/** So many histories are read at the same time: each is replayed by a worker that has other work too. */
const AT_ONCE = 4

/** The newest `most` releases of a target that have ended since then and in which somebody had the new version. */
export async function pastReleases(
  client: Client,
  { service, environment }: TargetId,
  since: Instant,
  most: number,
): Promise<PastReleases> {
  const closed = `(ExecutionStatus = 'Completed' AND CloseTime >= '${new Date(since).toISOString()}')`
  // One that was promoted and still watches has ended as a release.
  const isEnded = `(${closed} OR (ExecutionStatus = 'Running' AND SluicePhase = 'watching'))`
  const query = `WorkflowType = 'release' AND SluiceService = '${service}' AND SluiceEnvironment = '${environment}' AND ${isEnded}`
  const ended: { readonly releaseId: string; readonly closedAt: Instant }[] = []
  for await (const { workflowId, closeTime } of client.workflow.list({ query })) {
    ended.push({ releaseId: workflowId, closedAt: closeTime?.getTime() ?? Number.MAX_SAFE_INTEGER })
    if (ended.length >= MOST_LISTED) break
  }
  const newest = ended.toSorted((left, right) => right.closedAt - left.closedAt).slice(0, most)
  const read: (PastRelease | 'unread' | null)[] = []
  for (let from = 0; from < newest.length; from += AT_ONCE) {
    const batch = newest.slice(from, from + AT_ONCE)
    read.push(...(await Promise.all(batch.map(({ releaseId }) => readOne(client, releaseId)))))
  }
  const unread = ended.length - newest.length + read.filter((one) => one === 'unread').length
  return { releases: read.flatMap((one) => (one === null || one === 'unread' ? [] : [one])), unread }
}

/** Its history may be past its retention, or not replay any more: one release less to look at. */
async function readOne(client: Client, releaseId: string): Promise<PastRelease | 'unread' | null> {
  try {
    const { input, state } = await askWorkflow(client, releaseId, viewQuery)
    const { version, replaces = null, plan } = input
    const warns = plan.checks.filter(onlyWarns).map(({ name }) => name)
    const blind = plan.checks.filter((check) => blindnessOf(check) === 'warn').map(({ name }) => name)
    return pastReleaseOf({ version, replaces, warns, blind }, state)
  } catch {
    return 'unread'
  }
}
