import type { Milliseconds } from './units.ts'

/** A release that waits for its turn; `Entry` is what the lane needs to start it. */
export interface Waiting<Entry> {
  readonly releaseId: string
  readonly number: number
  readonly entry: Entry
}

/** What a lane knows: the lock, the queue and the numbers of one target. Plain JSON. */
export interface LaneState<Entry> {
  readonly running: { readonly releaseId: string; readonly number: number } | null
  readonly queue: readonly Waiting<Entry>[]
  readonly freeze: { readonly reason: string; readonly by: string; readonly at: Milliseconds } | null
  /** What was promoted last, and so is on stable; null when nobody knows. */
  readonly promotedVersion: string | null
  readonly nextNumber: number
  /** Answers by idempotency key, newest last: a key answers once and for ever with the same release. */
  readonly answered: readonly { readonly key: string; readonly releaseId: string; readonly fingerprint: string }[]
}

export type WhenBusy = 'reject' | 'queue' | 'replace'

/** What a lane does with a wish for a release. */
export type Placement =
  | { readonly kind: 'repeat'; readonly releaseId: string }
  | { readonly kind: 'key-reused'; readonly releaseId: string }
  | { readonly kind: 'frozen'; readonly reason: string; readonly by: string }
  | { readonly kind: 'busy'; readonly releaseId: string }
  | { readonly kind: 'start' }
  | { readonly kind: 'queue'; readonly ahead: number }
  | { readonly kind: 'replace'; readonly releaseId: string }

/** Longest queue of a lane; more waiting releases than this are a mistake. */
export const LONGEST_QUEUE = 20
const MOST_ANSWERS = 100

export function emptyLane<Entry>(): LaneState<Entry> {
  return { running: null, queue: [], freeze: null, promotedVersion: null, nextNumber: 1, answered: [] }
}

/** Where a wish for a release goes. `fingerprint` tells two different wishes with the same key apart. */
export function place(
  lane: LaneState<unknown>,
  wish: { readonly key: string; readonly fingerprint: string; readonly whenBusy: WhenBusy },
): Placement {
  const answered = lane.answered.find(({ key }) => key === wish.key)
  if (answered !== undefined) {
    const kind = answered.fingerprint === wish.fingerprint ? 'repeat' : 'key-reused'
    return { kind, releaseId: answered.releaseId }
  }
  if (lane.freeze !== null) return { kind: 'frozen', reason: lane.freeze.reason, by: lane.freeze.by }
  const { running, queue } = lane
  if (running === null && queue.length === 0) return { kind: 'start' }
  const busy: Placement = { kind: 'busy', releaseId: running?.releaseId ?? queue[0]?.releaseId ?? '' }
  switch (wish.whenBusy) {
    case 'reject':
      return busy
    case 'queue':
      return queue.length >= LONGEST_QUEUE ? busy : { kind: 'queue', ahead: queue.length + (running === null ? 0 : 1) }
    case 'replace':
      return running === null ? busy : { kind: 'replace', releaseId: running.releaseId }
  }
}

/** Gives the next number away and remembers the answer to the key. A replacing wish goes before those that wait. */
export function enqueue<Entry>(
  lane: LaneState<Entry>,
  waiting: Waiting<Entry>,
  wish: { readonly key: string; readonly fingerprint: string },
  isFirst: boolean,
): LaneState<Entry> {
  const answer = { key: wish.key, fingerprint: wish.fingerprint, releaseId: waiting.releaseId }
  return {
    ...lane,
    queue: isFirst ? [waiting, ...lane.queue] : [...lane.queue, waiting],
    nextNumber: Math.max(lane.nextNumber, waiting.number + 1),
    answered: [...lane.answered, answer].slice(-MOST_ANSWERS),
  }
}

/** The release that may start now, if the target is free and not frozen. */
export function nextToStart<Entry>(lane: LaneState<Entry>): Waiting<Entry> | null {
  return lane.running === null && lane.freeze === null ? (lane.queue[0] ?? null) : null
}

/** Takes the first waiting release as the running one. */
export function start<Entry>(lane: LaneState<Entry>): LaneState<Entry> {
  const [first, ...queue] = lane.queue
  if (first === undefined || lane.running !== null) return lane
  return { ...lane, running: { releaseId: first.releaseId, number: first.number }, queue }
}

/** Frees the lane when the release that runs has ended; anything else is a late or repeated report and changes nothing. */
export function ended<Entry>(
  lane: LaneState<Entry>,
  releaseId: string,
  promotedVersion: string | null,
): LaneState<Entry> {
  if (lane.running?.releaseId !== releaseId) return lane
  return { ...lane, running: null, promotedVersion: promotedVersion ?? lane.promotedVersion }
}

/**
 * Frees the lane of a release that is over without a report, because somebody terminated it. Whether it had been promoted
 * by then nobody can say, so what is on stable is not known any more.
 */
export function vanished<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  return lane.running?.releaseId === releaseId ? { ...lane, running: null, promotedVersion: null } : lane
}
