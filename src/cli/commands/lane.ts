import { randomUUID } from 'node:crypto'
import type { AnswerTo } from '../../api/operations.ts'
import type { TargetId } from '../../domain/target.ts'
import { EXIT, type ExitCode } from '../failure.ts'
import { shortId } from '../render.ts'
import { laneAddress, type Session, targetAddress } from '../session.ts'
import { renderLane } from '../tables.ts'
import { watchRelease } from '../watch.ts'

/** `sluice lane`: what runs on a target, what waits, and who holds its router. */
export async function showLane(target: TargetId, session: Session): Promise<void> {
  say(await session.api.get<AnswerTo<'showLane'>>(laneAddress(target)), session)
}

/** `sluice freeze`: no release starts on the target until it is thawed. */
export async function freezeLane(target: TargetId, reason: string, session: Session): Promise<void> {
  const sending = { key: randomUUID() }
  say(await session.api.post<AnswerTo<'freezeLane'>>(`${laneAddress(target)}/freeze`, { reason }, sending), session)
}

/** `sluice unfreeze`. */
export async function unfreezeLane(target: TargetId, session: Session): Promise<void> {
  say(
    await session.api.delete<AnswerTo<'unfreezeLane'>>(`${laneAddress(target)}/freeze`, { key: randomUUID() }),
    session,
  )
}

export interface RecoverOptions {
  readonly reason: string
  readonly stable?: string
}

/** `sluice recover`: says what it is about to do, does it, and shows the lane. */
export async function recoverLane(target: TargetId, options: RecoverOptions, session: Session): Promise<void> {
  const address = targetAddress(target)
  session.hint(planOf(await session.api.get<AnswerTo<'showLane'>>(laneAddress(target)), options))
  const sending = { key: randomUUID(), isUrgent: true }
  say(await session.api.post<AnswerTo<'recoverTarget'>>(`${address}/recover`, options, sending), session)
}

function planOf({ running, stable, isUnrouted }: AnswerTo<'showLane'>, options: RecoverOptions): string {
  const known = stable === null ? 'stable, which the lane does not know' : stable.pool
  const end = running === null ? '' : `; the running release ${shortId(running)} is ended`
  if (isUnrouted === true) return `recover: the flags of the running release go off${end}`
  return `recover: everybody goes to ${options.stable ?? known}${end}`
}

function say(lane: AnswerTo<'showLane'>, session: Session): void {
  session.say(renderLane(lane, session.look()), lane)
}

/** `sluice back`: returns to the version before, and follows it where that is asked. */
export async function goBack(
  target: TargetId,
  { reason, watch }: { readonly reason: string; readonly watch?: true },
  session: Session,
): Promise<ExitCode> {
  const sending = { key: randomUUID(), isUrgent: true }
  const answer = await session.api.post<AnswerTo<'goBack'>>(`${laneAddress(target)}/back`, { reason }, sending)
  const id = shortId(answer.releaseId)
  if (watch !== true || !session.isJson) session.say([`${id} ${answer.placed}`], answer)
  if (watch === true) return watchRelease(id, session)
  session.hint(`watch it with: sluice status ${id} --watch`)
  return EXIT.ok
}

/** `sluice allow`: a version that was rolled back may start again. */
export async function allowVersion(
  target: TargetId,
  version: string,
  { reason }: { readonly reason: string },
  session: Session,
): Promise<void> {
  const sending = { key: randomUUID() }
  const body = { version, reason }
  say(await session.api.post<AnswerTo<'allowVersion'>>(`${laneAddress(target)}/allow`, body, sending), session)
}

/** `sluice pin`: the target stays on what it has. */
export async function pinLane(
  target: TargetId,
  version: string | undefined,
  { reason }: { readonly reason: string },
  session: Session,
): Promise<void> {
  const sending = { key: randomUUID() }
  const body = { reason, ...(version !== undefined && { version }) }
  say(await session.api.post<AnswerTo<'pinLane'>>(`${laneAddress(target)}/pin`, body, sending), session)
}

/** `sluice unpin`. */
export async function unpinLane(target: TargetId, session: Session): Promise<void> {
  say(await session.api.delete<AnswerTo<'unpinLane'>>(`${laneAddress(target)}/pin`, { key: randomUUID() }), session)
}
