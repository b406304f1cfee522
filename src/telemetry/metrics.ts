import { collectDefaultMetrics, Registry } from 'prom-client'
import { type HttpMetrics, httpMetrics } from './http-metrics.ts'
import { type ReleaseMetrics, releaseMetrics } from './release-metrics.ts'
import { type SlackMetrics, slackMetrics } from './slack-metrics.ts'

export interface Metrics {
  readonly registry: Registry
  readonly http: HttpMetrics
  readonly releases: ReleaseMetrics
  readonly slack: SlackMetrics
}

/** A registry of its own with every group in it, and the process's figures unless `isBare`. */
export function createMetrics({ isBare = false }: { readonly isBare?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (!isBare) collectDefaultMetrics({ register: registry })
  return { registry, http: httpMetrics(registry), releases: releaseMetrics(registry), slack: slackMetrics(registry) }
}
