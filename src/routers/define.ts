import type { z } from 'zod'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import type { CohortRules } from '../domain/cohorts/cohort-rule.ts'
import type { TargetId } from '../domain/target.ts'
import { type AdapterContext, type AdapterDefinition, type AdapterOptions, defineAdapter } from '../outbound/adapter.ts'
import type { Router } from './router.ts'

export interface RouterContext extends AdapterContext {
  /** The target that the router serves; absent where somebody only tries it out. */
  readonly target?: TargetId
  /** Who is of which cohort; none when absent. */
  readonly cohorts?: CohortRules
  /** What try-it tickets are made with; absent or null where the installation gives none. */
  readonly ticketSecret?: (() => string) | null
}

interface RouterDefinition<Kind extends string, Options extends AdapterOptions<Kind>>
  extends AdapterDefinition<Kind, Options, RouterCapabilities, RouterContext, Router> {
  /** What an adapter with these options writes, by name: no two targets may share any of it. */
  statesOf?(options: z.output<Options>): readonly string[]
  /** What has to stand in the router's own configuration for this target; null where it needs nothing. */
  configOf?(options: z.output<Options>, context: RouterContext): string | null
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
    /** What has to stand in the router's own configuration; null where it needs nothing. */
    configWith(options: unknown, context: RouterContext): string | null {
      const parsed = definition.options.safeParse(options)
      return parsed.success ? (definition.configOf?.(parsed.data, context) ?? null) : null
    },
  }
}
