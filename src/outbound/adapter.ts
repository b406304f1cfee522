import type { z } from 'zod'
import { SluiceError } from '../domain/errors.ts'
import { issueTexts } from '../domain/plan/plan-issues.ts'

/** What an adapter gets beside its own options. */
export interface AdapterContext {
  /** The two pools of the target, in the order of the configuration. */
  readonly pools: readonly [string, string]
  /** The fetch to call with, e.g. one that guards outbound addresses; the global one by default. */
  readonly fetch?: typeof fetch
}

/** The options an adapter takes in `sluice.yaml`: a strict object with the adapter's kind as its literal `kind`. */
export type AdapterOptions<Kind extends string = string> = z.ZodObject<{ kind: z.ZodLiteral<Kind> }>

/** One adapter, complete: what it is called, takes, can do and how it is made. */
export interface AdapterDefinition<Kind extends string, Options extends AdapterOptions<Kind>, Can, Context, Adapter> {
  readonly kind: Kind
  readonly options: Options
  /** The most it can do, with the options that it needs. */
  readonly capabilities: Can
  /** What it can do with these options, where they add something or leave it out; the same as `capabilities` when absent. */
  capabilitiesOf?(options: z.output<Options>): Can
  /** One sentence for the table of its port in the docs. */
  readonly summary: string
  /** Makes an adapter for one target. Opens no connection; throws the port's `….misconfigured` when it cannot work. */
  create(options: z.output<Options>, context: Context): Adapter
}

/** A definition that also takes options nobody has parsed yet. */
interface DefinedAdapter<Kind extends string, Options extends AdapterOptions<Kind>, Can, Context, Adapter>
  extends Omit<AdapterDefinition<Kind, Options, Can, Context, Adapter>, 'capabilitiesOf'> {
  /** What it can do with these options; throws `config.invalid` when they are not this adapter's. */
  capabilitiesWith(options: unknown): Can
  /** Parses the options and creates the adapter; throws `config.invalid` when they are not this adapter's options. */
  open(options: unknown, context: Context): Adapter
}

/** Declares an adapter of one port, which has a name and a folder in the docs. */
export function defineAdapter<Kind extends string, Options extends AdapterOptions<Kind>, Can, Context, Adapter>(
  port: { readonly name: string; readonly page: string },
  definition: AdapterDefinition<Kind, Options, Can, Context, Adapter>,
): DefinedAdapter<Kind, Options, Can, Context, Adapter> {
  const { kind, options: schema, capabilities, summary } = definition
  function parse(options: unknown): z.output<Options> {
    const parsed = schema.safeParse(options)
    if (parsed.success) return parsed.data
    const page = `docs/${port.page}/${kind}.md`
    throw new SluiceError('config.invalid', {
      message: `these are not options of the ${port.name} \`${kind}\``,
      expected: `the options of ${page}`,
      received: issueTexts(parsed.error.issues, options, 'the options', { isSecret: true }).join('; '),
      fix: `set the ${port.name} of the target in sluice.yaml as ${page} says`,
    })
  }
  return {
    ...{ kind, options: schema, capabilities, summary },
    create: (options, context) => definition.create(options, context),
    open: (options, context) => definition.create(parse(options), context),
    capabilitiesWith: (options) => definition.capabilitiesOf?.(parse(options)) ?? capabilities,
  }
}
