import type { LaneView } from '../../workflows/messages.ts'
import { laneAddress, type Session } from '../session.ts'
import { renderLane } from '../tables.ts'
import type { TargetId } from '../../domain/target.ts'

/** `sluice lane`: what runs on a target, what waits, and whether it is frozen. */
export async function showLane(target: TargetId, session: Session): Promise<void> {
  say(await session.api.get<LaneView>(laneAddress(target)), session)
}

/** `sluice freeze`: no release starts on the target until it is thawed. */
export async function freezeLane(target: TargetId, reason: string, session: Session): Promise<void> {
  say(await session.api.post<LaneView>(`${laneAddress(target)}/freeze`, { reason }), session)
}

/** `sluice unfreeze`. */
export async function unfreezeLane(target: TargetId, session: Session): Promise<void> {
  say(await session.api.delete<LaneView>(`${laneAddress(target)}/freeze`), session)
}

function say(lane: LaneView, session: Session): void {
  session.say(renderLane(lane, session.look()), lane)
}
