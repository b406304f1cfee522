import { quantileOf } from '../analysis/histogram.ts'
import type { ArmCounts, MetricResult, Observation } from '../domain/observation.ts'
import type { ArmPoint, SeriesPoint } from '../domain/release/guard.ts'
import type { Instant } from '../domain/units.ts'

/** What pages and terminals draw of one look. */
export function pointOf({ canary, stable }: Observation, at: Instant): SeriesPoint {
  return { at, canary: armPoint(canary), stable: armPoint(stable) }
}

function armPoint(result: MetricResult<ArmCounts>): ArmPoint | null {
  if (result.kind !== 'value') return null
  const { requests, errors, latency, missing } = result.value
  return {
    requests,
    errors: missing?.errors === undefined ? errors : null,
    p95Seconds: secondsAt(latency, 0.95),
    p99Seconds: secondsAt(latency, 0.99),
  }
}

function secondsAt(latency: ArmCounts['latency'], quantile: number): number | null {
  return latency === null ? null : (quantileOf(latency, quantile)?.seconds ?? null)
}
