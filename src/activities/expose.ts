import { setTimeout as sleep } from 'node:timers/promises'
import { SluiceError } from '../domain/errors.ts'
import { compareFences } from '../domain/exposure.ts'
import { exposureText } from '../domain/release-story.ts'
import { type DesiredRouting, isRoutedAs, type ObservedRouting, type Router } from '../routers/router.ts'
import { fencedError } from '../domain/fenced-error.ts'
import type { ExposeInput, ExposeResult } from './activities.ts'
import { applyPermitted, type WritePermit } from './write-permit.ts'

/** How long a write may take to show in what is read, in milliseconds; then the attempt has failed. */
const SETTLE_LIMIT = 3_000

/**
 * Makes an exposure live. Absolute and fenced, so that a repeat does no harm; done only when it was read back. A write
 * that got no answer is not a failed write: the router is read before anything is said.
 * @throws SluiceError `router.fenced` when a newer release or step owns the router, else the router's own errors.
 */
export async function applyAndReadBack(
  router: Router,
  input: ExposeInput,
  signal: AbortSignal,
  permit: WritePermit,
): Promise<Pick<ExposeResult, 'exposure' | 'at'>> {
  const wish: DesiredRouting = { roles: input.roles, exposure: input.exposure, fence: input.fence }
  const fault = await applyOnce(router, wish, signal, permit)
  const observed = await readUntilRouted(router, wish, signal)
  if (isRoutedAs(observed, wish)) return { exposure: input.exposure, at: Date.now() }
  throw fault ?? notApplied(wish, observed)
}

/** Applies; an answer that did not come is handed back, to be judged by what is read afterwards. */
async function applyOnce(
  router: Router,
  wish: DesiredRouting,
  signal: AbortSignal,
  permit: WritePermit,
): Promise<SluiceError | null> {
  try {
    await applyPermitted(router, wish, permit, signal)
    return null
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'router.unreachable') return error
    throw error
  }
}

async function readUntilRouted(router: Router, wish: DesiredRouting, signal: AbortSignal): Promise<ObservedRouting> {
  const deadline = performance.now() + SETTLE_LIMIT
  for (let pause = 10; ; pause = Math.min(250, pause * 2)) {
    const observed = await router.read(signal)
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
    message: 'the router took the change but does not show it',
    expected: exposureText(wish.exposure),
    received: `${(observed.split[wish.roles.canary] ?? 0) / 100}% on ${wish.roles.canary}`,
    fix: 'see whether something else writes to this router',
  })
}
