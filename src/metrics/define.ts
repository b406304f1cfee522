import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import { type AdapterContext, type AdapterDefinition, type AdapterOptions, defineAdapter } from '../outbound/adapter.ts'
import type { MetricSource } from './metric-source.ts'

/** Declares a metric source adapter for the list in `index.ts`. */
export function defineMetricSource<const Kind extends string, Options extends AdapterOptions<Kind>>(
  definition: AdapterDefinition<Kind, Options, MetricSourceCapabilities, AdapterContext, MetricSource>,
) {
  return defineAdapter({ name: 'metric source', page: 'metrics' }, definition)
}
