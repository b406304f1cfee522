import { SluiceError } from '../domain/errors.ts'
import type { Milliseconds } from '../domain/units.ts'
import { type AddressPolicy, ForbiddenAddress, type PinnedAddress } from '../outbound/address-policy.ts'
import { fetchText } from '../outbound/fetch-text.ts'
import { pinnedFetch } from '../outbound/pinned-fetch.ts'
import { LATE, lateText, within } from '../outbound/within.ts'

/** Longest answer that is read: a version, a yes, a reason. */
const MAX_BYTES = 65_536

interface GuardedRequest extends Pick<RequestInit, 'method' | 'headers' | 'body'> {
  /** Time for everything: the look-up of the name, the connection, the whole answer. */
  readonly deadline: Milliseconds
}

/** What came of a call; `unclear` when it may have arrived. Every reason is a clause. */
export type GuardedAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  /** Somebody has answered what is not followed or not read whole. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'unclear'; readonly reason: string }

/**
 * Calls an address within the policy: every address of the name is checked, the first is connected to.
 * @throws SluiceError `hook.misconfigured` for a place that may not be reached; the reason of `signal`
 */
export async function callGuarded(
  policy: AddressPolicy,
  address: string,
  request: GuardedRequest,
  signal: AbortSignal,
): Promise<GuardedAnswer> {
  const began = performance.now()
  const pinned = await pinnedOf(policy, address, request.deadline, signal)
  if ('reason' in pinned) return { kind: 'unclear', reason: pinned.reason }
  const [first] = pinned.addresses
  if (first === undefined) return { kind: 'unclear', reason: 'its name has no address' }
  return callPinned(first, address, { ...request, deadline: request.deadline - (performance.now() - began) }, signal)
}

/**
 * The addresses of a URL, each of them allowed, or why none is known.
 * @throws SluiceError `hook.misconfigured`; the reason of `signal`
 */
export async function pinnedOf(
  policy: AddressPolicy,
  address: string,
  deadline: Milliseconds,
  signal: AbortSignal,
): Promise<{ readonly addresses: readonly PinnedAddress[] } | { readonly reason: string }> {
  try {
    const addresses = await within({ deadline, signal }, () => policy.pin(new URL(address)))
    return addresses === LATE ? { reason: lateText(deadline) } : { addresses }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ForbiddenAddress) throw forbidden(error.message)
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Calls one address that was checked. @throws the reason of `signal` */
export async function callPinned(
  pinned: PinnedAddress,
  address: string,
  { deadline, ...request }: GuardedRequest,
  signal: AbortSignal,
): Promise<GuardedAnswer> {
  const bounds = { deadline: Math.max(1, deadline), signal, maxBytes: MAX_BYTES }
  const fetched = await fetchText(pinnedFetch(pinned), address, request, bounds)
  switch (fetched.kind) {
    case 'answer':
      return { kind: 'answer', status: fetched.status, text: fetched.text }
    case 'too-long':
      return { kind: 'unusable', reason: fetched.reason }
    case 'late':
      return { kind: 'unclear', reason: fetched.reason }
    case 'unreachable':
      return { kind: fetched.hasAnswered === true ? 'unusable' : 'unclear', reason: fetched.reason }
  }
}

function forbidden(reason: string): SluiceError {
  return new SluiceError('hook.misconfigured', {
    message: reason,
    fix: 'use another address, or ask an administrator to allow this one',
  })
}
