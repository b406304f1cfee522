import { type Milliseconds, writeDuration } from '../domain/units.ts'

/** How long a piece of work may go on, and who else may end it. */
export interface Bounds {
  /** Total time, from the call on. */
  readonly deadline: Milliseconds
  /** The caller's own cancellation; its reason is thrown. */
  readonly signal?: AbortSignal
}

/** What {@link within} answers with when the time is over. */
export const LATE = Symbol('late')

/** What is said of an answer that was not there in time. */
export function lateText(deadline: Milliseconds): string {
  return `no whole answer within ${writeDuration(Math.max(1, Math.ceil(deadline)))}`
}

/** A longer timer would overflow in Node.js and fire at once. */
const LONGEST_TIMER: Milliseconds = 2_147_483_647

/**
 * Runs `work` and waits no longer than allowed, whatever `work` does: the wait itself ends, and the signal that `work` got
 * aborts, so that it can let go of its socket. Throws the reason of `bounds.signal` and what `work` throws.
 *
 * The timer and the listener hold the controller. A signal made by `AbortSignal.timeout` or `AbortSignal.any` and handed to
 * `fetch` is held by nobody once the headers are there: the garbage collector takes it, and a body that drips is read for
 * ever.
 */
export async function within<T>(
  { deadline, signal }: Bounds,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | typeof LATE> {
  signal?.throwIfAborted()
  const own = new AbortController()
  let end = (): void => undefined
  const ended = new Promise<typeof LATE>((resolve, reject) => {
    end = () => (signal?.aborted === true ? reject(signal.reason) : resolve(LATE))
  })
  // The wait ends first: what the work makes of the abort is no answer any more.
  const leave = () => {
    end()
    own.abort()
  }
  const timer = setTimeout(leave, Math.min(Math.max(1, deadline), LONGEST_TIMER))
  signal?.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([ended, work(own.signal)])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', leave)
  }
}
