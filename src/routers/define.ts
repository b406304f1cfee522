import type { z } from 'zod'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import type { TargetId } from '../domain/target.ts'
import { type AdapterContext, type AdapterDefinition, type AdapterOptions, defineAdapter } from '../outbound/adapter.ts'
import type { Router } from './router.ts'

export interface RouterContext extends AdapterContext {
  /** The target that the router serves; absent where somebody only tries it out. */
  readonly target?: TargetId
}

interface RouterDefinition<Kind extends string, Options extends AdapterOptions<Kind>>
  extends AdapterDefinition<Kind, Options, RouterCapabilities, RouterContext, Router> {
  /** What an adapter with these options writes, by name: no two targets may share any of it. */
  statesOf?(options: z.output<Options>): readonly string[]
}

/** Declares a router adapter for the list in `index.ts`. */
export function defineRouter<const Kind extends string, Options extends AdapterOptions<Kind>>(
  definition: RouterDefinition<Kind, Options>,
) {
  return {
    ...defineAdapter({ name: 'router', page: 'routers' }, definition),
    /** What an adapter with these options writes; nothing when they are not this adapter's options. */
    statesWith(options: unknown): readonly string[] {
      const parsed = definition.options.safeParse(options)
      return parsed.success ? (definition.statesOf?.(parsed.data) ?? []) : []
    },
  }
}
