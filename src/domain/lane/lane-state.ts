import type { PoolRoles } from '../exposure.ts'
import type { Rehearsal } from '../readiness/rehearsal.ts'
import type { Abandonment } from '../release/release-events.ts'
import type { ReleaseEnd } from '../release/release-state.ts'
import { releaseName } from '../target.ts'
import type { Instant } from '../units.ts'
import { type FallBack, type Former, type FormerState, fallBackProblem } from './former.ts'
import { type LeaveState, type Pin, type Veto, vetoesAfter, vetoOf } from './leave-to-start.ts'

/** A release that waits for its turn; `Entry` is what the lane needs to start it. */
export interface Waiting<Entry> {
  readonly releaseId: string
  readonly number: number
  /** When it was asked for; absent in queues of an older version. */
  readonly queuedAt?: Instant
  /** True for a way back, such as a return to the version before: neither a freeze nor a pin holds it. */
  readonly isReturn?: true
  readonly entry: Entry
}

/** Why the lane itself brings the router back: a release that had it in hand is gone, or a person asked. */
export interface Recovery {
  readonly reason: string
  readonly by: string
  readonly since: Instant
  /** Tries that failed, and why the last one did. */
  readonly tries: number
  readonly lastError: string | null
  /** Feature flags that go off on the way; none when absent. */
  readonly flags?: readonly string[]
}

/** What the lane has seen and done at the router while no release ran. */
export interface Keeping {
  readonly repairs: number
  readonly last: { readonly text: string; readonly at: Instant } | null
  /** Why the router cannot be watched now, or null. */
  readonly fault: string | null
}

/** What a lane knows: the lock, the queue, the numbers and the routing of one target. Plain JSON. */
export interface LaneState<Entry> extends LeaveState, FormerState {
  readonly running: {
    readonly releaseId: string
    readonly number: number
    /** The turn it was started with; absent in lanes of an older version. */
    readonly turn?: number
    /** True until Temporal has its workflow. */
    readonly isStarting?: boolean
    /** True once somebody has said that it ended and Temporal is being asked. */
    readonly isEnding?: boolean
    /** Feature flags that its plan sets; absent for one that sets none. */
    readonly flags?: readonly string[]
    /** What a return goes back to, which is still there when it ends otherwise; absent for any other release. */
    readonly former?: Former
  } | null
  readonly queue: readonly Waiting<Entry>[]
  readonly freeze: { readonly reason: string; readonly by: string; readonly at: Instant } | null
  /** What was promoted last, and so is on stable; null when nobody knows. */
  readonly promotedVersion: string | null
  /** Feature flags that its release had set; absent where it had set none, and in lanes of an older version. */
  readonly promotedFlags?: readonly string[]
  /** Number of the release that was promoted last; 0 when none was. */
  readonly promotedNumber: number
  readonly nextNumber: number
  /** The newest turn that was given away; it only rises. */
  readonly turn: number
  /** Writes of the lane itself within its turn. */
  readonly epoch: number
  /**
   * The pools by role while no release runs: everybody is on `stable`. Null when nobody knows, because no release has
   * been started yet and the router has not been read.
   */
  readonly rest: PoolRoles | null
  /** Present where the target has no router: nothing is held between releases, because flags are the store's then. */
  readonly isUnrouted?: true
  readonly recovery: Recovery | null
  readonly keeping: Keeping
  /** What was rehearsed outside of it, oldest first; absent until something was. */
  readonly rehearsals?: readonly Rehearsal[]
  /** Answers by idempotency key, newest last: a key answers once and for ever with the same release. */
  readonly answered: readonly { readonly key: string; readonly releaseId: string; readonly fingerprint: string }[]
}

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

const NOTHING_KEPT: Keeping = { repairs: 0, last: null, fault: null }

export function emptyLane<Entry>(): LaneState<Entry> {
  return {
    ...{ running: null, queue: [], freeze: null, promotedVersion: null, promotedNumber: 0, nextNumber: 1 },
    ...{ turn: 0, epoch: 0, rest: null, recovery: null, keeping: NOTHING_KEPT, answered: [] },
  }
}

/**
 * A lane that begins: with what a lost one had known, if there was one, and with what Temporal lists. The release that is
 * open has the router, whatever the lost lane had known of it; one that is not listed as open may be over, which the lane
 * finds out by following it.
 */
export function restored<Entry>(
  fresh: LaneState<Entry>,
  lost: LaneState<Entry> | null,
  found: { readonly open: { readonly releaseId: string; readonly number: number } | null; readonly highest: number },
): LaneState<Entry> {
  const known = lost === null ? fresh : { ...emptyLane<Entry>(), ...lost }
  const { running } = known
  const isOther = found.open !== null && found.open.releaseId !== running?.releaseId
  return {
    ...known,
    running: isOther ? found.open : running && { ...running, isStarting: false, isEnding: false },
    nextNumber: Math.max(fresh.nextNumber, known.nextNumber, found.highest + 1),
  }
}

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

/** The release that may start now: the target is free, neither frozen nor pinned, and its router is where it belongs. */
export function nextToStart<Entry>(lane: LaneState<Entry>): Waiting<Entry> | null {
  const [next] = lane.queue
  if (next === undefined || lane.running !== null || lane.recovery !== null) return null
  return next.isReturn === true || isOpen(lane) ? next : null
}

/** True while nothing that people have said keeps releases from starting. */
export function isOpen({ freeze, pin = null }: Pick<LaneState<unknown>, 'freeze' | 'pin'>): boolean {
  return freeze === null && pin === null
}

/**
 * Takes the first waiting release as the running one and gives it a turn: the time of its start, or more where the clock
 * or a foreign hand had been ahead. Whatever the lane starts owns the router from then on.
 */
export function start<Entry>(lane: LaneState<Entry>, now: Instant, flags: readonly string[] = []): LaneState<Entry> {
  const [first, ...queue] = lane.queue
  if (first === undefined || lane.running !== null) return lane
  const turn = nextTurn(lane, now)
  const former = lane.former ?? null
  return {
    ...lane,
    turn,
    epoch: 0,
    running: {
      ...{ releaseId: first.releaseId, number: first.number, turn, isStarting: true },
      ...(flags.length > 0 && { flags }),
      ...(first.isReturn === true && former !== null && { former: unwatched(former) }),
    },
    queue,
    // Its pool is the canary's from now on.
    ...(former !== null && { former: null }),
  }
}

/** The release that runs has its workflow. */
export function markStarted<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  const { running } = lane
  return running?.releaseId === releaseId ? { ...lane, running: { ...running, isStarting: false } } : lane
}

function nextTurn(lane: Pick<LaneState<unknown>, 'turn'>, now: Instant): number {
  return Math.max(lane.turn + 1, Math.floor(now))
}

/**
 * The version that was promoted while this release waited, although it had been asked for later; null when none was. To
 * start it now would take users back from the newer version to an older one: somebody has to say so.
 */
export function overtakenBy(lane: LaneState<unknown>, waiting: Pick<Waiting<unknown>, 'number'>): string | null {
  return lane.promotedNumber > waiting.number ? lane.promotedVersion : null
}

/** How a release reports its end. */
export interface EndReport {
  readonly releaseId: string
  readonly outcome: ReleaseEnd
  readonly version: string
  /** The pools as the release had them; null when it never knew. Absent in reports of an older version. */
  readonly roles?: PoolRoles | null
  /** The turn it ended with. Absent in reports of an older version. */
  readonly turn?: number
  /** Why it was abandoned, in a sentence and by kind. Absent in reports of an older version, and for one that was promoted. */
  readonly reason?: string
  readonly cause?: Abandonment['cause']
  /** What it has left to go back to; absent or null for nothing. */
  readonly former?: Former | null
}

/**
 * Somebody says that the release that runs has ended. Anybody can say so: the lane is freed only when Temporal has
 * confirmed it, and the mark goes away again when it has not.
 */
export function markEnding<Entry>(lane: LaneState<Entry>, releaseId: string, isEnding: boolean): LaneState<Entry> {
  const { running } = lane
  return running?.releaseId === releaseId ? { ...lane, running: { ...running, isEnding } } : lane
}

/** Frees the lane when the release that runs has ended; anything else is a late or repeated report and changes nothing. */
export function ended<Entry>(lane: LaneState<Entry>, report: EndReport, now: Instant): LaneState<Entry> {
  const { running } = lane
  if (running?.releaseId !== report.releaseId) return lane
  const isPromoted = report.outcome === 'promoted'
  const { vetoes = [] } = lane
  const known = vetoesAfter(vetoes, report, now)
  const former = isPromoted ? report.former : formerAfter(running, report)
  return {
    ...lane,
    ...(known !== vetoes && { vetoes: known }),
    running: null,
    promotedVersion: isPromoted ? report.version : lane.promotedVersion,
    promotedNumber: isPromoted ? running.number : lane.promotedNumber,
    ...(former !== undefined && { former }),
    ...(isPromoted && (running.flags ?? lane.promotedFlags) !== undefined && { promotedFlags: running.flags ?? [] }),
    rest: restAfter(lane.rest, report),
    ...{ turn: nextTurn({ turn: Math.max(lane.turn, report.turn ?? 0) }, now), epoch: 0, keeping: NOTHING_KEPT },
  }
}

/** A return that nobody is on any more leaves its pool as it was. */
function formerAfter({ former }: { readonly former?: Former }, { outcome }: EndReport): Former | undefined {
  return outcome === 'rolled-back' || outcome === 'refused' ? former : undefined
}

function restAfter(rest: PoolRoles | null, { outcome, roles = null }: EndReport): PoolRoles | null {
  if (roles === null) return rest
  switch (outcome) {
    case 'promoted':
      return { stable: roles.canary, canary: roles.stable }
    case 'rolled-back':
      return roles
    case 'refused':
    case 'superseded':
      return rest
  }
}

/**
 * Frees the lane of a release that is over without a report, because somebody terminated it or Temporal did. Nobody holds
 * the router then, so the lane brings it back to where it was before that release, and starts nothing until it has.
 */
export function vanished<Entry>(lane: LaneState<Entry>, releaseId: string, now: Instant): LaneState<Entry> {
  if (lane.running?.releaseId !== releaseId) return lane
  const reason = `${releaseName(releaseId)} ended without reporting it, so nobody held the router`
  const freed = { ...stopped(lane), keeping: NOTHING_KEPT }
  // Whether it had been promoted by then nobody can say, so what is on stable is not known any more.
  if (lane.rest === null) return { ...freed, promotedVersion: null }
  const { flags } = lane.running
  return recover(freed, { reason, by: 'sluice', ...(flags !== undefined && { flags }) }, now)
}

/** The lane once nobody runs the release any more that had the router: what a return went back to is still there. */
export function stopped<Entry>(lane: LaneState<Entry>): LaneState<Entry> {
  const former = lane.running?.former
  return { ...lane, running: null, ...(former !== undefined && { former }) }
}

type RecoveryWish = Pick<Recovery, 'reason' | 'by' | 'flags'>

/** Begins to bring the router back to rest; nothing happens where nobody knows what rest is. */
function recover<Entry>(lane: LaneState<Entry>, wish: RecoveryWish, now: Instant): LaneState<Entry> {
  if (lane.rest === null) return lane
  const { reason, by } = wish
  const begun = lane.recovery ?? { reason, by, since: now, tries: 0, lastError: null }
  const flags = [...new Set([...(begun.flags ?? []), ...(wish.flags ?? [])])]
  const recovery = { ...begun, ...(flags.length > 0 && { flags }) }
  const { former = null } = lane
  // Nobody has left the version that is on stable, so the one before it is where it was.
  const kept = former !== null && { former: unwatched(former) }
  return { ...lane, ...kept, turn: nextTurn(lane, now), epoch: lane.epoch + 1, recovery }
}

/**
 * The same to the pools that a person has named; null for those that the lane knows. On the other one than its own is the
 * version before, as far as anybody knows: it carries none of the flags that were set for the version that is left.
 */
export function recoverTo<Entry>(
  lane: LaneState<Entry>,
  roles: PoolRoles | null,
  wish: RecoveryWish,
  now: Instant,
): LaneState<Entry> {
  if (lane.rest === null) return recover({ ...lane, rest: roles }, wish, now)
  if (roles === null || roles.stable === lane.rest.stable) return recover(lane, wish, now)
  const flags = [...(wish.flags ?? []), ...(lane.promotedFlags ?? [])]
  return recover(turnedRound(lane), { ...wish, flags }, now)
}

/** The lane with its pools in each other's place, and what is known of the version that has everybody then. */
function turnedRound<Entry>(lane: LaneState<Entry>): LaneState<Entry> {
  const { rest, former = null, promotedFlags: _flags, ...others } = lane
  return {
    ...others,
    rest: rest && { stable: rest.canary, canary: rest.stable },
    promotedVersion: former?.version ?? null,
    ...(former !== null && { former: null }),
  }
}

/** Nobody watches what is promoted any more: the release that did so has closed. */
export function watchClosed<Entry>(lane: LaneState<Entry>, releaseId: string): LaneState<Entry> {
  const { former = null } = lane
  return former?.releaseId === releaseId ? { ...lane, former: unwatched(former) } : lane
}

function unwatched(former: Former): Former {
  return { ...former, isWatched: false }
}

/**
 * The promoted version has failed while it was watched: everybody goes back to the version before, by a recovery that is
 * tried without end. The version is not started again until somebody allows it. The same lane when that cannot be.
 */
export function fallenBack<Entry>(lane: LaneState<Entry>, message: FallBack, now: Instant): LaneState<Entry> {
  const { rest, former = null, promotedVersion, promotedFlags, vetoes = [] } = lane
  if (rest === null || former === null || fallBackProblem(lane, message, now) !== null) return lane
  const { releaseId, cause, reason } = message
  const end = { releaseId, outcome: 'rolled-back', version: promotedVersion ?? '', reason, cause } as const
  const back = {
    ...turnedRound(lane),
    ...(promotedVersion !== null && { vetoes: vetoesAfter(vetoes, end, now) }),
  }
  return recover(
    back,
    {
      reason: `${promotedVersion ?? 'the promoted version'} failed, ${reason}`,
      by: 'guard',
      ...(promotedFlags !== undefined && { flags: promotedFlags }),
    },
    now,
  )
}

/** One try of the recovery failed. */
export function recoveryFailed<Entry>(lane: LaneState<Entry>, lastError: string): LaneState<Entry> {
  const { recovery } = lane
  if (recovery === null) return lane
  return { ...lane, recovery: { ...recovery, tries: recovery.tries + 1, lastError } }
}

/** The router is at rest again, as read back with this turn. */
export function recovered<Entry>(lane: LaneState<Entry>, turn: number): LaneState<Entry> {
  return { ...lane, recovery: null, turn: Math.max(lane.turn, turn) }
}

/** What the lane's keeper has seen: repairs that it made with this turn, or a fault that began or ended. */
export function kept<Entry>(
  lane: LaneState<Entry>,
  seen: {
    readonly repair: string | null
    readonly times: number
    readonly fault: string | null
    readonly turn: number
  },
  now: Instant,
): LaneState<Entry> {
  const { keeping } = lane
  const last = seen.repair === null ? keeping.last : { text: seen.repair, at: now }
  const repairs = keeping.repairs + seen.times
  return {
    ...lane,
    turn: Math.max(lane.turn, seen.turn),
    epoch: lane.epoch + 1,
    keeping: { repairs, last, fault: seen.fault },
  }
}

/**
 * A release that this lane does not know has the router: where everybody is at rest is not known any more. Whoever names the
 * pool, or the next release, begins from what the router shows.
 */
export function overtakenUnseen<Entry>(lane: LaneState<Entry>, fault: string): LaneState<Entry> {
  const forgotten = { rest: null, promotedVersion: null, ...(lane.former !== undefined && { former: null }) }
  return { ...lane, ...forgotten, keeping: { ...lane.keeping, fault } }
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

/** What the lane is to do now. Exactly one thing at a time, and one of them always holds the router. */
export type Duty<Entry> =
  | { readonly kind: 'recover' }
  | { readonly kind: 'follow'; readonly releaseId: string; readonly isEnding: boolean }
  | { readonly kind: 'start'; readonly next: Waiting<Entry> }
  | { readonly kind: 'hold'; readonly rest: PoolRoles }
  | { readonly kind: 'wait' }

/** The duty that follows from what the lane knows. */
export function dutyOf<Entry>(lane: LaneState<Entry>): Duty<Entry> {
  if (lane.recovery !== null) return { kind: 'recover' }
  if (lane.running !== null) {
    const { releaseId, isEnding = false } = lane.running
    return { kind: 'follow', releaseId, isEnding }
  }
  const next = nextToStart(lane)
  if (next !== null) return { kind: 'start', next }
  return lane.rest === null || lane.isUnrouted === true ? { kind: 'wait' } : { kind: 'hold', rest: lane.rest }
}
