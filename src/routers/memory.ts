import { z } from 'zod'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import { FULL_WEIGHT } from '../domain/units.ts'
import { defineRouter } from './define.ts'
import { mirrorOf, type ObservedRouting, pinsOf, type Router, splitOf, ticketsOf } from './router.ts'
import { checkFence, checkWish } from './wish.ts'

const CAPABILITIES: RouterCapabilities = {
  weightStep: 1,
  cohorts: true,
  tickets: true,
  mirror: true,
  sticky: 'hash',
  readBack: 'config',
  atomic: true,
  survivesRestart: false,
}

/** The routing that several adapters of one process share. */
interface MemoryRouterWorld {
  readonly pools: readonly [string, string]
  routing: Pick<ObservedRouting, 'split' | 'cohorts' | 'fence' | 'tickets' | 'mirror'>
}

/** Makes a world of two pools, all users on the first. */
export function createMemoryRouterWorld(pools: readonly [string, string]): MemoryRouterWorld {
  return { pools, routing: { split: { [pools[0]]: FULL_WEIGHT, [pools[1]]: 0 }, cohorts: {}, fence: null } }
}

/** An adapter over a world; as many as wanted may share one. */
export function createMemoryRouter(world: MemoryRouterWorld): Router {
  return {
    capabilities: CAPABILITIES,
    async read(signal) {
      signal.throwIfAborted()
      return { ...structuredClone(world.routing), flaw: null, incarnation: 'memory-0', served: null }
    },
    async apply(wish, signal, permit) {
      signal.throwIfAborted()
      checkWish(wish, world.pools, CAPABILITIES)
      checkFence(wish.fence, world.routing.fence)
      permit?.()
      world.routing = {
        ...{ split: splitOf(wish), cohorts: pinsOf(wish), fence: wish.fence },
        ...{ tickets: ticketsOf(wish), mirror: mirrorOf(wish) },
      }
      return { warning: null }
    },
    async close() {},
  }
}

/** Splits no traffic: a dry run, and a double for tests. The state lives in this process. */
export const memoryRouter = defineRouter({
  kind: 'memory',
  options: z.strictObject({
    kind: z.literal('memory').describe('the kind'),
    world: z.string().min(1).describe('the name of the state in this process; targets with the same name share it'),
  }),
  capabilities: CAPABILITIES,
  summary: 'Keeps the split in the memory of one process and moves no traffic: for dry runs and tests.',
  create: (options, context) => createMemoryRouter(worldOf(options.world, context.pools)),
})

const worlds = new Map<string, MemoryRouterWorld>()

/** The world of that name in this process, made at the first call. Throws `router.misconfigured` when its pools differ. */
function worldOf(name: string, pools: readonly [string, string]): MemoryRouterWorld {
  const world = worlds.get(name) ?? createMemoryRouterWorld(pools)
  worlds.set(name, world)
  if (world.pools.join() === pools.join()) return world
  throw new SluiceError('router.misconfigured', {
    message: `two targets share the memory router \`${name}\``,
    expected: `the pools ${world.pools.join(' and ')}`,
    received: `the pools ${pools.join(' and ')}`,
    fix: 'give each target a memory router with a name of its own',
  })
}
