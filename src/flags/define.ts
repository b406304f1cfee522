import type { z } from 'zod'
import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import type { TargetId } from '../domain/target.ts'
import { type AdapterContext, type AdapterDefinition, type AdapterOptions, defineAdapter } from '../outbound/adapter.ts'
import type { FlagStore } from './flag-store.ts'
import type { ServedFlags } from './served-flags.ts'

interface FlagStoreContext extends AdapterContext {
  /** The target that the store serves; absent where somebody only tries it out. */
  readonly target?: TargetId
}

interface FlagStoreDefinition<Kind extends string, Options extends AdapterOptions<Kind>>
  extends AdapterDefinition<Kind, Options, FlagStoreCapabilities, FlagStoreContext, FlagStore> {
  /** What an adapter with these options has to itself, by name: no two targets may share any of it. */
  statesOf?(options: z.output<Options>): readonly string[]
  /** The flags as applications ask for them, for a store whose flags Sluice serves itself. */
  serve?(options: z.output<Options>): ServedFlags
}

/** Declares a flag store adapter for the list in `index.ts`. */
export function defineFlagStore<const Kind extends string, Options extends AdapterOptions<Kind>>(
  definition: FlagStoreDefinition<Kind, Options>,
) {
  return {
    ...defineAdapter({ name: 'flag store', page: 'flags' }, definition),
    /** What an adapter with these options has to itself; nothing when they are not this adapter's options. */
    statesWith(options: unknown): readonly string[] {
      const parsed = definition.options.safeParse(options)
      return parsed.success ? (definition.statesOf?.(parsed.data) ?? []) : []
    },
    /** The flags as applications ask for them; null when the store is asked by itself, or these are not its options. */
    serveWith(options: unknown): ServedFlags | null {
      const parsed = definition.options.safeParse(options)
      return parsed.success ? (definition.serve?.(parsed.data) ?? null) : null
    },
  }
}
