import { SluiceError } from '../domain/errors.ts'
import type { Fence } from '../domain/exposure.ts'
import { type FlagReaches, isOff, isWider } from '../domain/flag-reach.ts'
import type { Milliseconds } from '../domain/units.ts'
import { LATE, within } from '../outbound/within.ts'
import type { Router } from '../routers/router.ts'
import { newestFence } from './fence-text.ts'
import type { FlagStore } from './flag-store.ts'

/**
 * What goes narrower goes first, but the router waits no longer for it than this: a store that is away must not keep users on
 * the canary.
 */
const HEAD_START: Milliseconds = 500

const NONE: FlagReaches = {}

/**
 * A router that sets feature flags as well: one wish, one fence, one way of reading back. What goes narrower is set before the
 * router, what goes wider after it and what could not be set before, so that nobody has a feature without the version that
 * carries it. A wish without flags knows nothing of the store.
 */
export function routerWithFlags(router: Router, store: FlagStore): Router {
  return {
    ...router,
    async read(signal, names = []) {
      if (names.length === 0) return router.read(signal)
      const [routing, seen] = await Promise.all([router.read(signal), readFlags(store, names, signal)])
      const { fence = null, ...flags } = seen
      return { ...routing, ...flags, fence: newestFence([routing.fence, fence]) }
    },
    async apply(wish, signal, permit) {
      const { flags = {} } = wish.exposure
      if (Object.keys(flags).length === 0) return router.apply(wish, signal, permit)
      const early = await within({ deadline: HEAD_START, signal }, async (soon) => {
        const narrower = await narrowerOf(flags, store, soon)
        if (Object.keys(narrower).length > 0) await store.apply({ flags: narrower, fence: wish.fence }, soon, permit)
        return narrower
      }).catch((error: unknown) => {
        signal.throwIfAborted()
        // A newer hand is news at once; everything else the last write below says again.
        if (isFencedOrStale(error)) throw error
        return NONE
      })
      const done = early === LATE ? NONE : early
      const applied = await router.apply(wish, signal, permit)
      const left = Object.fromEntries(Object.entries(flags).filter(([name]) => !Object.hasOwn(done, name)))
      if (Object.keys(left).length > 0) await store.apply({ flags: left, fence: wish.fence }, signal, permit)
      return applied
    },
    async close() {
      await Promise.all([router.close(), store.close()])
    },
  }
}

interface SeenFlags {
  readonly flags?: FlagReaches
  readonly flagFault?: SluiceError
  readonly fence?: Fence | null
}

/** The router is read whatever the store says. */
async function readFlags(store: FlagStore, names: readonly string[], signal: AbortSignal): Promise<SeenFlags> {
  try {
    const { flags, fence } = await store.read(names, signal)
    const known = Object.entries(flags).flatMap(([name, reach]) => (reach === null ? [] : [[name, reach] as const]))
    return { flags: Object.fromEntries(known), fence }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SluiceError)) throw error
    return { flagFault: error }
  }
}

/** Those of the flags that nobody new gets; where the store does not say what they are, those that go off. */
async function narrowerOf(flags: FlagReaches, store: FlagStore, signal: AbortSignal): Promise<FlagReaches> {
  const { flags: now = {} } = await readFlags(store, Object.keys(flags), signal)
  return Object.fromEntries(
    Object.entries(flags).filter(([name, reach]) => {
      const before = Object.hasOwn(now, name) ? now[name] : undefined
      return before === undefined ? isOff(reach) : !isWider(before, reach)
    }),
  )
}

function isFencedOrStale(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === 'flag.fenced' || error.code === 'router.stale-write')
}
