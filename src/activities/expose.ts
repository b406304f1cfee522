import { setTimeout as sleep } from 'node:timers/promises'
import type { ErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { compareFences } from '../domain/exposure.ts'
import { exposureText, holderText } from '../domain/exposure-words.ts'
import { fencedError, withMessage } from '../domain/fenced-error.ts'
import type { Milliseconds } from '../domain/units.ts'
import { type DesiredRouting, isRoutedAs, type ObservedRouting, type Router, routingText } from '../routers/router.ts'
import type { ExposeInput, ExposeResult } from './activities.ts'
import { applyPermitted, type WritePermit } from './write-permit.ts'

/** How long a write may take to show in what is read, in milliseconds; then the attempt has failed. */
const SETTLE_LIMIT: Milliseconds = 3_000

/**
 * Makes an exposure live. Absolute and fenced, so that a repeat does no harm; done only when it was read back. Nothing is
 * read before the write: the way back must not depend on a router that can be read. A write that got no answer is not a
 * failed write: the router is read before anything is said. Every failure says what has become of the write.
 * @throws SluiceError `router.fenced` when a newer release or step owns the router, `router.stale-write` when the write
 *   is no longer wanted, else the router's own errors.
 */
export async function applyAndReadBack(
  router: Router,
  input: ExposeInput,
  signal: AbortSignal,
  permit: WritePermit,
): Promise<Pick<ExposeResult, 'exposure' | 'at' | 'warning'>> {
  const { roles, exposure, fence, releaseId } = input
  const wish: DesiredRouting = { roles, exposure, fence, releaseId }
  const write = await applyOnce(router, wish, signal, permit)
  const observed = await readUntilRouted(router, wish, signal).catch((error: unknown) => {
    throw noting(error, write.said)
  })
  if (isRoutedAs(observed, wish)) return { exposure: input.exposure, at: Date.now(), warning: write.warning }
  if (write.fault === null) throw notApplied(wish, observed)
  throw noting(write.fault, `${write.said}; the router shows ${routingText(observed, wish.roles)}`)
}

/** What has become of a write. */
interface Write {
  /** For a person, and for every failure that follows. */
  readonly said: string
  readonly warning: string | null
  /** The answer that did not come, to be judged by what is read afterwards; null when it came. */
  readonly fault: SluiceError | null
}

/** No answer is not a no: the write may have landed, or still land. */
const UNANSWERED: readonly ErrorCode[] = ['router.unreachable', 'flag.unreachable']

async function applyOnce(
  router: Router,
  wish: DesiredRouting,
  signal: AbortSignal,
  permit: WritePermit,
): Promise<Write> {
  try {
    const { warning } = await applyPermitted(router, wish, permit, signal)
    return { said: 'the router had acknowledged the write', warning, fault: null }
  } catch (error) {
    if (!(error instanceof SluiceError && UNANSWERED.includes(error.code)))
      throw noting(error, 'the write was not acknowledged')
    return { said: 'the write was not acknowledged and may still take effect', warning: null, fault: error }
  }
}

async function readUntilRouted(router: Router, wish: DesiredRouting, signal: AbortSignal): Promise<ObservedRouting> {
  const deadline = performance.now() + SETTLE_LIMIT
  for (let pause = 10; ; pause = Math.min(250, pause * 2)) {
    const observed = await router.read(signal, Object.keys(wish.exposure.flags ?? {}))
    refuseNewerFence(observed, wish)
    if (isRoutedAs(observed, wish) || performance.now() > deadline) return observed
    await sleep(pause, undefined, { signal })
  }
}

function refuseNewerFence(observed: ObservedRouting, wish: DesiredRouting): void {
  if (observed.fence === null || compareFences(observed.fence, wish.fence) <= 0) return
  throw fencedError(wish.fence, observed.fence)
}

function notApplied(wish: DesiredRouting, observed: ObservedRouting): SluiceError {
  return new SluiceError('router.not-applied', {
    message: `${holderText(wish.exposure)} acknowledged the change but does not show it`,
    expected: exposureText(wish.exposure),
    received: routingText(observed, wish.roles),
    fix: `find out what else writes to ${holderText(wish.exposure)}, and stop it`,
  })
}

function noting(error: unknown, note: string): unknown {
  return error instanceof SluiceError ? withMessage(error, `${error.message}; ${note}`) : error
}
