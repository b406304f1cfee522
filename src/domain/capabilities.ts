import type { BasisPoints } from './units.ts'

/**
 * What a router can do, as data. A plan that needs more is refused before it starts; shared code never asks for a
 * router's kind.
 */
export interface RouterCapabilities {
  /** The smallest step of weight it can set, in basis points; weights are refused when not a multiple of it. */
  readonly weightStep: BasisPoints
  /** True when cohorts can be sent to the canary whatever the weight. */
  readonly cohorts: boolean
  /** True when it can let in who has a try-it ticket; absent: false. */
  readonly tickets?: boolean
  /** True when it can send the canary copies of what stable is asked; absent: false. */
  readonly mirror?: boolean
  /** How a user keeps their version while the weight rises. */
  readonly sticky: 'none' | 'hash' | 'cookie'
  /** `config`: the live settings can be read; `traffic`: requests per pool are reported too. */
  readonly readBack: 'config' | 'traffic'
  /** True when weight and cohorts change in one step that no request can see half-done. */
  readonly atomic: boolean
  /** True when the settings outlive a restart of the router. */
  readonly survivesRestart: boolean
  /** True when it can say how many servers of a pool are ready; it cannot when absent. */
  readonly health?: boolean
}

/** What a metric source can answer, as data; a plan that needs more is refused before it starts. */
export interface MetricSourceCapabilities {
  /** True when it can count requests and errors per pool. */
  readonly counts: boolean
  /** True when counts come with a latency histogram. */
  readonly latency: boolean
  /** Further events it counts, by name; absent when it counts whatever is recorded. */
  readonly events?: readonly string[]
  /** The query language it takes, or null when it takes no free queries. */
  readonly queries: 'promql' | null
  /** True when it can count the requests of one cohort alone; absent: false. */
  readonly cohorts?: boolean
  /** True when it can say what a pool did in the past: see `MetricSource.record`. */
  readonly records: boolean
}

/** What a flag store can do, as data; a plan that needs more is refused before it starts. */
export interface FlagStoreCapabilities {
  /** The smallest step of a share it can set, in basis points; shares are refused when not a multiple of it. */
  readonly weightStep: BasisPoints
  /** True when cohorts can have a flag whatever its share. */
  readonly cohorts: boolean
  /** `evaluation`: flags are evaluated when they are read; `config`: only their settings can be read. */
  readonly readBack: 'evaluation' | 'config'
}
