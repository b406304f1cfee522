import type { z } from 'zod'
import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { MetricSource } from './metric-source.ts'

/** What an adapter gets beside its own options. */
export interface MetricSourceContext {
  /** The two pools of the target, in the order of the configuration. */
  readonly pools: readonly [string, string]
  /** The fetch to call with, e.g. one that guards outbound addresses; the global one by default. */
  readonly fetch?: typeof fetch
}

/** The options an adapter takes in `sluice.yaml`: a strict object with the adapter's kind as its literal `kind`. */
export type MetricSourceOptionsSchema<Kind extends string = string> = z.ZodObject<{ kind: z.ZodLiteral<Kind> }>

/** One metric source adapter, complete: what it is called, takes, can do and how it is made. */
export interface MetricSourceDefinition<Kind extends string, Schema extends MetricSourceOptionsSchema<Kind>> {
  readonly kind: Kind
  readonly options: Schema
  /** The most it can do. */
  readonly capabilities: MetricSourceCapabilities
  /** What it can do with these options, where they may leave something out; the same as `capabilities` when absent. */
  capabilitiesOf?(options: z.output<Schema>): MetricSourceCapabilities
  /** One sentence for the table of metric sources in the docs. */
  readonly summary: string
  /** Makes an adapter for one target. Opens no connection; throws `metrics.misconfigured` when the options cannot work. */
  create(options: z.output<Schema>, context: MetricSourceContext): MetricSource
}

/** A definition that also takes options nobody has parsed yet. */
export interface DefinedMetricSource<Kind extends string, Schema extends MetricSourceOptionsSchema<Kind>>
  extends Omit<MetricSourceDefinition<Kind, Schema>, 'capabilitiesOf'> {
  /** What it can do with these options; throws `config.invalid` when they are not this adapter's. */
  capabilitiesWith(options: unknown): MetricSourceCapabilities
  /** Parses the options and creates the adapter; throws `config.invalid` when they are not this adapter's options. */
  open(options: unknown, context: MetricSourceContext): MetricSource
}

/** Declares a metric source adapter for the list in `index.ts`. */
export function defineMetricSource<const Kind extends string, Schema extends MetricSourceOptionsSchema<Kind>>(
  definition: MetricSourceDefinition<Kind, Schema>,
): DefinedMetricSource<Kind, Schema> {
  function parse(options: unknown): z.output<Schema> {
    const parsed = definition.options.safeParse(options)
    if (parsed.success) return parsed.data
    throw new SluiceError('config.invalid', {
      message: `these are not options of the metric source \`${definition.kind}\``,
      expected: `the options of docs/metrics/${definition.kind}.md`,
      received: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`).join('; '),
      fix: `set the metric source of the target in sluice.yaml as docs/metrics/${definition.kind}.md says`,
    })
  }
  return {
    ...definition,
    open: (options, context) => definition.create(parse(options), context),
    capabilitiesWith: (options) => definition.capabilitiesOf?.(parse(options)) ?? definition.capabilities,
  }
}
