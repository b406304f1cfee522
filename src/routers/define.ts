import type { z } from 'zod'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { TargetId } from '../domain/target.ts'
import type { Router } from './router.ts'

/** What an adapter gets beside its own options. */
export interface RouterContext {
  /** The two pools of the target, in the order of the configuration. */
  readonly pools: readonly [string, string]
  /** The target that the router serves; absent where somebody only tries it out. */
  readonly target?: TargetId
  /** The fetch to call with, e.g. one that guards outbound addresses; the global one by default. */
  readonly fetch?: typeof fetch
}

/** The options an adapter takes in `sluice.yaml`: a strict object with the adapter's kind as its literal `kind`. */
export type RouterOptionsSchema<Kind extends string = string> = z.ZodObject<{ kind: z.ZodLiteral<Kind> }>

/** One router adapter, complete: what it is called, takes, can do and how it is made. */
export interface RouterDefinition<Kind extends string, Schema extends RouterOptionsSchema<Kind>> {
  readonly kind: Kind
  readonly options: Schema
  /** What it can do with the options that it needs. */
  readonly capabilities: RouterCapabilities
  /** What it can do with these options, where they may add something; the same as `capabilities` when absent. */
  capabilitiesOf?(options: z.output<Schema>): RouterCapabilities
  /** One sentence for the table of routers in the docs. */
  readonly summary: string
  /** What an adapter with these options writes, by name: no two targets may share any of it. */
  statesOf?(options: z.output<Schema>): readonly string[]
  /** Makes an adapter for one target. Opens no connection; throws `router.misconfigured` when the options cannot work. */
  create(options: z.output<Schema>, context: RouterContext): Router
}

/** A definition that also takes options nobody has parsed yet. */
export interface DefinedRouter<Kind extends string, Schema extends RouterOptionsSchema<Kind>>
  extends Omit<RouterDefinition<Kind, Schema>, 'capabilitiesOf' | 'statesOf'> {
  /** What it can do with these options; throws `config.invalid` when they are not this adapter's. */
  capabilitiesWith(options: unknown): RouterCapabilities
  /** What an adapter with these options writes; nothing when they are not this adapter's options. */
  statesWith(options: unknown): readonly string[]
  /** Parses the options and creates the adapter; throws `config.invalid` when they are not this adapter's options. */
  open(options: unknown, context: RouterContext): Router
}

/** Declares a router adapter for the list in `index.ts`. */
export function defineRouter<const Kind extends string, Schema extends RouterOptionsSchema<Kind>>(
  definition: RouterDefinition<Kind, Schema>,
): DefinedRouter<Kind, Schema> {
  function parse(options: unknown): z.output<Schema> {
    const parsed = definition.options.safeParse(options)
    if (parsed.success) return parsed.data
    throw new SluiceError('config.invalid', {
      message: `these are not options of the router \`${definition.kind}\``,
      expected: `the options of docs/routers/${definition.kind}.md`,
      received: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`).join('; '),
      fix: `set the router of the target in sluice.yaml as docs/routers/${definition.kind}.md says`,
    })
  }
  return {
    ...definition,
    open: (options, context) => definition.create(parse(options), context),
    capabilitiesWith: (options) => definition.capabilitiesOf?.(parse(options)) ?? definition.capabilities,
    statesWith(options) {
      const parsed = definition.options.safeParse(options)
      return parsed.success ? (definition.statesOf?.(parsed.data) ?? []) : []
    },
  }
}
