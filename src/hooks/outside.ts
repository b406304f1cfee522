import type { PoolRoles } from '../domain/exposure.ts'
import type { InstanceVersion } from '../domain/release/version-proof.ts'
import type { TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'

/** One call as it is handed to whoever carries it out. */
export interface CallRequest {
  readonly target: TargetId
  readonly releaseId: string
  readonly version: string
  readonly roles: PoolRoles
  /** The plan's step, from 1. */
  readonly step: number
  /** The name of the call in `sluice.yaml`. */
  readonly call: string
  /** The same for every try of one call. */
  readonly key: string
  readonly direction: 'do' | 'undo' | 'ask'
}

/** What came of a call. Every reason is a clause that can follow a colon. */
export type CallOutcome =
  | { readonly kind: 'done'; readonly text: string }
  /** It was taken, and says by a callback how it ended. */
  | { readonly kind: 'begun'; readonly within: Milliseconds }
  /** It was answered with a no: to ask the same again would change nothing. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nobody knows whether it took effect: the same key is to be sent again. */
  | { readonly kind: 'unanswered'; readonly reason: string }

/** What came of a question. */
export type AskOutcome =
  | { readonly kind: 'yes' | 'no' | 'wait'; readonly reason: string }
  /** No answer that can be read: not a no. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/**
 * The port to what an administrator has defined outside: calls, and versions that pools say. Never waits longer than the
 * call's own deadline.
 */
export interface Outside {
  /** @throws SluiceError `hook.misconfigured` when it cannot be carried out at all; the reason of `signal` */
  call(request: CallRequest, signal: AbortSignal): Promise<CallOutcome>
  /** @throws as `call` */
  ask(request: CallRequest, signal: AbortSignal): Promise<AskOutcome>
  /** Asks the dry form of a call whether it could be carried out; null where the call has none. @throws as `call` */
  dry(request: CallRequest, signal: AbortSignal): Promise<AskOutcome | null>
  /**
   * The version that is reached through the router, by one who has a try-it ticket of `testerOf` or by anybody; null where
   * nobody has said how to ask, or there are no tickets. @throws as `call`
   */
  reached(
    request: Pick<CallRequest, 'target' | 'version' | 'roles'> & { readonly testerOf: string | null },
    signal: AbortSignal,
  ): Promise<InstanceVersion | null>
  /** What each instance of a pool says. @throws as `call` */
  versionsOf(
    request: Pick<CallRequest, 'target' | 'version' | 'roles'>,
    pool: string,
    signal: AbortSignal,
  ): Promise<readonly InstanceVersion[]>
}
