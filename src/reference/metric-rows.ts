import type { Registry } from 'prom-client'

/** One metric of a process, as a row of the documentation. */
export interface MetricRow {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly meaning: string
}

/** What a registry really holds, the figures of the process itself left out: those have names of their own everywhere. */
export function metricRows(registry: Registry): readonly MetricRow[] {
  return registry.getMetricsAsArray().map((metric) => ({
    name: metric.name,
    type: String(metric.type),
    labels: labelsOf(metric),
    meaning: metric.help,
  }))
}

/** prom-client keeps them on each metric, but not in its types. */
function labelsOf(metric: object): readonly string[] {
  return 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : []
}
