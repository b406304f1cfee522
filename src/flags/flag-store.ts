import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import type { Fence } from '../domain/exposure.ts'
import type { FlagReach } from '../domain/flag-reach.ts'
import type { Permit } from '../routers/router.ts'

/** One whole wish: what each of these flags is to be, and the fence that orders writes. Other flags are left alone. */
export interface FlagWish {
  readonly flags: Readonly<Record<string, FlagReach>>
  readonly fence: Fence
}

/** What flags are now, as read from the live store. */
interface ObservedFlags {
  /** By name; null for a flag that the store does not have. */
  readonly flags: Readonly<Record<string, FlagReach | null>>
  /** The newest fence with which one of these flags was written, or null when none of them ever was. */
  readonly fence: Fence | null
}

/**
 * The port to whatever holds the feature flags of one target. One instance serves one target.
 *
 * Promises of every adapter, checked by `test/contracts/flag-store-contract.ts`:
 * 1. `apply` is absolute and idempotent: applying the same wish twice equals once.
 * 2. `apply` with a fence older than the newest one that any of its flags has taken throws `flag.fenced` and changes none.
 * 3. While `apply` goes on, and when it is cut off, nobody has a flag who has it neither before nor afterwards.
 * 4. `read` answers from the live store, never from memory: by evaluating where the store can, else by its settings. A flag
 *    whose users cannot be told throws `flag.misconfigured`.
 * 5. Both end when `signal` aborts, throwing the signal's reason; a write that was cut off may still land.
 * 6. Failures are `SluiceError`s: `flag.unreachable` (no answer in time), `flag.refused` (the store said no), `flag.unknown` (it
 *    has no such flag), `flag.misconfigured` (it does not let us in, or is not what the target names).
 * 7. `apply` calls `permit` right before each command of each attempt; when it throws, that is what `apply` throws, and
 *    nothing is sent any more.
 * 8. A flag goes off whatever state it is in, as long as the store knows it.
 */
export interface FlagStore {
  readonly capabilities: FlagStoreCapabilities
  /** Reads what these flags are. */
  read(names: readonly string[], signal: AbortSignal): Promise<ObservedFlags>
  /** Asks for the wish. Returning means that the store has acknowledged it: callers read back. */
  apply(wish: FlagWish, signal: AbortSignal, permit?: Permit): Promise<void>
  /** Frees what it holds. */
  close(): Promise<void>
}
