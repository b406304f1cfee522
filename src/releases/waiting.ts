import type { LaneView } from '../domain/lane/lane-view.ts'
import { releaseName } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { ShownCard, WaitingPlace } from './releases.ts'

/** Where a release stands in the queue of its lane, or null when it does not wait there. */
export function placeIn({ queue, running, freeze }: LaneView, releaseId: string): WaitingPlace | null {
  const index = queue.findIndex((waiting) => waiting.releaseId === releaseId)
  const own = queue[index]
  if (own === undefined) return null
  const behind = queue[index - 1]?.releaseId ?? running
  return {
    behind,
    ahead: index + (running === null ? 0 : 1),
    since: own.queuedAt ?? null,
    isFrozen: freeze !== null,
  }
}

/** A release that waits as a card: the same as any other, with nothing done yet. */
export function waitingCard(lane: LaneView, releaseId: string, place: WaitingPlace, now: Instant): ShownCard {
  const own = lane.queue.find((waiting) => waiting.releaseId === releaseId)
  const { service, environment } = lane.target
  return {
    ...{ releaseId, service, environment, version: own?.version ?? '', author: own?.author ?? '' },
    ...{
      phase: 'queued',
      isEnded: false,
      weight: 0,
      cohorts: [],
      step: 0,
      steps: [],
      reason: waitingText(lane, place),
    },
    ...{ outcome: 'none', verdicts: [], approval: null, bakeRemaining: null, bakeDuration: null, verbs: ['abort'] },
    ...{ startedAt: place.since ?? now, endedAt: null, latest: null, repairs: 0, trail: [], waiting: place },
  }
}

/** `waits for its turn behind checkout/production/7, 2 before it`. */
export function waitingText({ freeze }: LaneView, { behind, ahead }: WaitingPlace): string {
  const turn =
    behind === null ? 'waits for its turn' : `waits for its turn behind ${releaseName(behind)}, ${ahead} before it`
  return freeze === null ? turn : `${turn}; the target is frozen by ${freeze.by}: ${freeze.reason}`
}
