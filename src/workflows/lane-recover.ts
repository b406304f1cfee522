import { condition } from '@temporalio/workflow'
import { type PoolRoles, rolesWith } from '../domain/exposure.ts'
import { isRecord } from '../domain/json.ts'
import { recoverTo } from '../domain/lane/lane-recovery.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import type { LaneView } from '../domain/lane/lane-view.ts'
import { stopped } from '../domain/lane/running-release.ts'
import { isText, type Read, wrong } from '../domain/release/read-command.ts'
import type { Milliseconds } from '../domain/units.ts'
import { stopRelease } from './activity-calls.ts'
import { endWatchOf } from './lane-back.ts'
import { readWord, valueOf } from './lane-messages.ts'
import type { LaneRun } from './lane-run.ts'
import { supersede } from './lane-submit.ts'
import type { Submission } from './messages.ts'

/** How long a release may take to make way before the lane ends it: an honest one takes less than a second. */
const PATIENCE: Milliseconds = 5_000

/** Whoever has the router makes way first; a release that does not answer is ended. Then the lane brings it back. */
export async function recoverRouter(message: unknown, run: LaneRun): Promise<LaneView> {
  await run.untilKnown()
  const { by, reason, roles } = valueOf(readRecovery(message, run.state()))
  const { running } = run.state()
  const sentence = `recover by ${by}: ${reason}`
  const wasStopped = running !== null && !(await hasMadeWay(running.releaseId, by, sentence, run))
  const now = run.state()
  endWatchOf(now, sentence)
  // What a release that was stopped has set nobody takes back but the lane.
  const flags = wasStopped ? running.flags : undefined
  const wish = { reason: sentence, by, ...(flags !== undefined && { flags }) }
  run.set(recoverTo(now, roles, wish, Date.now()))
  return run.view()
}

/** False when the release had to be stopped: then it has not taken back what it had set. */
async function hasMadeWay(releaseId: string, by: string, reason: string, run: LaneRun): Promise<boolean> {
  const isGone = () => run.state().running?.releaseId !== releaseId
  await supersede(releaseId, { person: by, entrance: 'temporal' }, reason)
  if (await condition(isGone, PATIENCE, { summary: `until ${releaseId} has made way` })) return true
  await stopRelease({ releaseId, reason })
  if (!isGone()) run.set(stopped(run.state()))
  return false
}

interface RecoveryRequest {
  readonly by: string
  readonly reason: string
  /** The pools as they are to be; null for what the lane knows. */
  readonly roles: PoolRoles | null
}

/** A lane that has lost everything knows no pool: those of `sluice.yaml` come with the request. */
export function readRecovery(message: unknown, { rest, isUnrouted }: LaneState<Submission>): Read<RecoveryRequest> {
  const word = readWord(message)
  if ('problem' in word) return word
  const { stable = null, pools = [] } = isRecord(message) ? message : {}
  if (stable === null && rest !== null) return { value: { ...word.value, roles: null } }
  if (isUnrouted === true) return { problem: 'this target has no pools that everybody could be sent to' }
  const known = rest === null ? textsIn(pools) : [rest.stable, rest.canary]
  if (stable === null || known.length === 0) return { problem: UNKNOWN_STABLE }
  const roles = typeof stable === 'string' ? rolesWith(stable, known) : null
  return roles === null ? wrong('stable', known.join(' or '), stable) : { value: { ...word.value, roles } }
}

const UNKNOWN_STABLE =
  'nothing has been released on this target, so nobody knows which pool is stable: name it with sluice recover --stable'

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => isText(text, 1, 256)) : []
}
