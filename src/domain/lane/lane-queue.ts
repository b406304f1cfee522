import type { LaneState, Waiting } from './lane-state.ts'
import { type Pin, type Veto, vetoOf } from './leave-to-start.ts'

export type WhenBusy = 'reject' | 'queue' | 'replace'

/** What a lane does with a request for a release. */
export type Placement =
  | { readonly kind: 'repeat'; readonly releaseId: string }
  | { readonly kind: 'key-reused'; readonly releaseId: string }
  | { readonly kind: 'frozen'; readonly reason: string; readonly by: string }
  | { readonly kind: 'pinned'; readonly pin: Pin }
  | { readonly kind: 'vetoed'; readonly veto: Veto }
  | { readonly kind: 'busy'; readonly releaseId: string }
  | { readonly kind: 'full'; readonly waiting: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'queue'; readonly ahead: number }
  | { readonly kind: 'replace'; readonly releaseId: string }

/** Longest queue of a lane; more waiting releases than this are a mistake. */
export const LONGEST_QUEUE = 20
const MOST_ANSWERS = 100

/** Where a request for a release goes. `fingerprint` tells two different requests with the same key apart. */
export function place(
  lane: Pick<LaneState<unknown>, 'answered' | 'freeze' | 'running' | 'queue' | 'recovery' | 'vetoes' | 'pin'>,
  request: {
    readonly key: string
    readonly fingerprint: string
    readonly whenBusy: WhenBusy
    readonly version?: string
    /** True for what is a way back by its plan. */
    readonly isWayBack?: boolean
  },
): Placement {
  const answered = lane.answered.find(({ key }) => key === request.key)
  if (answered !== undefined) {
    const kind = answered.fingerprint === request.fingerprint ? 'repeat' : 'key-reused'
    return { kind, releaseId: answered.releaseId }
  }
  const { isWayBack = false } = request
  const { queue, freeze, pin = null } = lane
  if (freeze !== null && !isWayBack) return { kind: 'frozen', reason: freeze.reason, by: freeze.by }
  if (pin !== null && !isWayBack) return { kind: 'pinned', pin }
  const veto = request.version === undefined ? null : vetoOf(lane, request.version)
  if (veto !== null) return { kind: 'vetoed', veto }
  // One that ends in this moment is not worth a refusal: the request waits the moment that it takes.
  const running = lane.running?.isEnding === true ? null : lane.running
  if (running === null && (queue.length === 0 || isWayBack)) return { kind: 'start' }
  const busy: Placement = { kind: 'busy', releaseId: running?.releaseId ?? queue[0]?.releaseId ?? '' }
  if (request.whenBusy === 'reject') return busy
  if (queue.length >= LONGEST_QUEUE) return { kind: 'full', waiting: queue.length }
  if (request.whenBusy === 'queue')
    return { kind: 'queue', ahead: (isWayBack ? 0 : queue.length) + (running === null ? 0 : 1) }
  return running === null ? busy : { kind: 'replace', releaseId: running.releaseId }
}

/** Gives the next number away and remembers the answer to the key. What replaces, and a way back, go before those that wait. */
export function enqueue<Entry>(
  lane: LaneState<Entry>,
  waiting: Waiting<Entry>,
  request: { readonly key: string; readonly fingerprint: string },
  isFirst: boolean,
): LaneState<Entry> {
  const answer = { key: request.key, fingerprint: request.fingerprint, releaseId: waiting.releaseId }
  return {
    ...lane,
    queue: isFirst ? [waiting, ...lane.queue] : [...lane.queue, waiting],
    nextNumber: Math.max(lane.nextNumber, waiting.number + 1),
    answered: [...lane.answered, answer].slice(-MOST_ANSWERS),
  }
}

/** True while nothing that people have said keeps releases from starting. */
export function isOpen({ freeze, pin = null }: Pick<LaneState<unknown>, 'freeze' | 'pin'>): boolean {
  return freeze === null && pin === null
}

/**
 * The version that was promoted while this release waited, although it had been asked for later; null when none was. To
 * start it now would take users back from the newer version to an older one: somebody has to say so.
 */
export function overtakenBy(lane: LaneState<unknown>, waiting: Pick<Waiting<unknown>, 'number'>): string | null {
  return lane.promotedNumber > waiting.number ? lane.promotedVersion : null
}

/** The lane without a release that waited; the answer to its key stays. */
export function withdraw<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  return { ...lane, queue: lane.queue.filter((waiting) => waiting.releaseId !== releaseId) }
}

/** The same without its answer: the request was refused after all, and its key may be used again. */
export function takeBack<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  const answered = lane.answered.filter((answer) => answer.releaseId !== releaseId)
  return { ...withdraw(lane, releaseId), answered }
}

/**
 * The release that has the turn which this one was to get at once, or null: a way back goes before it, and the end that
 * somebody had told of another was not true.
 */
export function overtakerOf(lane: LaneState<unknown>, releaseId: string): string | null {
  const { running, queue } = lane
  if (running === null || running.isEnding === true || running.releaseId === releaseId) return null
  return queue.some((waiting) => waiting.releaseId === releaseId) ? running.releaseId : null
}

/** True while nothing is to be waited for but the start itself. */
export function isAboutToStart(state: LaneState<unknown>, releaseId: string): boolean {
  const { running, queue, recovery } = state
  if (running?.releaseId === releaseId) return running.isStarting === true
  const waiting = queue.find((one) => one.releaseId === releaseId)
  return recovery === null && waiting !== undefined && (waiting.isReturn === true || isOpen(state))
}
