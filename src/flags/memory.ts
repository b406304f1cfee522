import { z } from 'zod'
import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Fence } from '../domain/exposure.ts'
import { FLAG_OFF, type FlagReach } from '../domain/flag-reach.ts'
import { defineFlagStore } from './define.ts'
import { newestFence } from './fence-text.ts'
import type { FlagStore } from './flag-store.ts'
import { flagName } from './options.ts'
import { checkFence, checkReaches } from './wish.ts'

const CAPABILITIES: FlagStoreCapabilities = { weightStep: 1, cohorts: true, readBack: 'config' }

/** The flags that several adapters of one process share. */
type MemoryFlags = Map<string, { readonly reach: FlagReach; readonly fence: Fence | null }>

/** Sets no flag of any application: a dry run, and a double for tests. The state lives in this process. */
export const memoryStore = defineFlagStore({
  kind: 'memory',
  options: z.strictObject({
    kind: z.literal('memory').describe('the kind'),
    world: z.string().min(1).describe('the name of the state in this process; targets with the same name share it'),
    flags: z.array(flagName).min(1).max(200).describe('names of the flags, which are off until a plan sets them'),
  }),
  capabilities: CAPABILITIES,
  summary: 'Keeps the flags in the memory of one process, where no application asks for them: for dry runs and tests.',
  create: ({ world, flags }) => createMemoryStore(worldOf(world, flags)),
})

const worlds = new Map<string, MemoryFlags>()

function worldOf(name: string, flags: readonly string[]): MemoryFlags {
  const world = worlds.get(name) ?? new Map<string, { reach: FlagReach; fence: null }>()
  worlds.set(name, world)
  for (const flag of flags) if (!world.has(flag)) world.set(flag, { reach: FLAG_OFF, fence: null })
  return world
}

function createMemoryStore(world: MemoryFlags): FlagStore {
  const fenceOf = (names: readonly string[]) => newestFence(names.map((name) => world.get(name)?.fence ?? null))
  return {
    capabilities: CAPABILITIES,
    async read(names, signal) {
      signal.throwIfAborted()
      const flags = names.map((name): [string, FlagReach | null] => [name, world.get(name)?.reach ?? null])
      return { flags: Object.fromEntries(flags), fence: fenceOf(names) }
    },
    async apply(wish, signal, permit) {
      signal.throwIfAborted()
      checkReaches(wish, CAPABILITIES)
      const names = Object.keys(wish.flags)
      const unknown = names.find((name) => !world.has(name))
      if (unknown !== undefined) {
        throw new SluiceError('flag.unknown', {
          message: `there is no flag ${unknown}`,
          expected: `one of ${[...world.keys()].join(', ')}`,
          fix: 'add it to the `flags` of the flag store in sluice.yaml, or correct its name in the plan',
        })
      }
      checkFence(wish.fence, fenceOf(names))
      permit?.()
      for (const [name, reach] of Object.entries(wish.flags)) world.set(name, { reach, fence: wish.fence })
    },
    async close() {},
  }
}
