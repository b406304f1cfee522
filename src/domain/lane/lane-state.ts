import type { PoolRoles } from '../exposure.ts'
import type { Rehearsal } from '../readiness/rehearsal.ts'
import type { Instant } from '../units.ts'
import type { Former, FormerState } from './former.ts'
import type { LeaveState } from './leave-to-start.ts'

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

/** The keeper’s record when the lane takes the router over. */
export const NOTHING_KEPT: Keeping = { repairs: 0, last: null, fault: null }

/** A lane that nothing has happened on yet. */
export function emptyLane<Entry>(): LaneState<Entry> {
  return {
    ...{ running: null, queue: [], freeze: null, promotedVersion: null, promotedNumber: 0, nextNumber: 1 },
    ...{ turn: 0, epoch: 0, rest: null, recovery: null, keeping: NOTHING_KEPT, answered: [] },
  }
}

/** A lane that does not know what it has done since: only its numbers and turns hold, which never fall. */
export function forgotten<Entry>({ nextNumber, turn }: LaneState<Entry>): LaneState<Entry> {
  return { ...emptyLane(), nextNumber, turn }
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

/** Rises even where the clock does not. */
export function nextTurn(lane: Pick<LaneState<unknown>, 'turn'>, now: Instant): number {
  return Math.max(lane.turn + 1, Math.floor(now))
}
