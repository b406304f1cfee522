import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import type { ErrorRateCheck, LatencyCheck, RateCheck } from '../../../src/analysis/checks/shapes.ts'
import { startCheck, stepCheck } from '../../../src/analysis/judges/check-judge.ts'
import type { ArmCounts, LatencyHistogram, MetricResult } from '../../../src/domain/observation.ts'
import type { CheckInput } from '../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

export const SECOND = 1_000

/** Counts of one arm; what is left out is nothing. */
export function arm(
  requests: number,
  errors = 0,
  more: { readonly latency?: LatencyHistogram; readonly events?: Readonly<Record<string, number>> } = {},
): MetricResult<ArmCounts> {
  return { kind: 'value', value: { requests, errors, latency: more.latency ?? null, events: more.events ?? {} } }
}

/** The look number `index` (from 0) of a series with the same distance. */
export function look(
  index: number,
  canary: MetricResult<ArmCounts>,
  stable: MetricResult<ArmCounts>,
  every = 10 * SECOND,
): CheckInput {
  const window = { start: index * every, end: (index + 1) * every }
  return { at: window.end, window, canary, stable, readings: {} }
}

export function errorCheck(rule: Partial<Extract<ErrorRateCheck['rule'], { judge: 'sequential' }>> = {}) {
  return {
    kind: 'errorRate',
    name: 'errors',
    source: 'store',
    rule: { judge: 'sequential', notWorseThan: 1, alpha: 0.05, minRequests: 100, ...rule },
  } as const satisfies ErrorRateCheck
}

export function latencyCheck(rule: Partial<Extract<LatencyCheck['rule'], { judge: 'sequential' }>> = {}) {
  return {
    kind: 'latency',
    name: 'latency',
    source: 'store',
    quantiles: [0.95, 0.99],
    rule: { judge: 'sequential', notWorseThan: 1, alpha: 0.05, minRequests: 50, ...rule },
  } as const satisfies LatencyCheck
}

export function ordersCheck(more: Partial<RateCheck> = {}): RateCheck {
  return {
    kind: 'rate',
    name: 'orders',
    source: 'store',
    of: 'orders',
    notBelow: 0.9,
    notAbove: null,
    alpha: 0.05,
    minRequests: 100,
    ...more,
  }
}

/** 70 buckets, each a tenth wider than the last, from 10 ms to 7.2 s. */
export const FINE_BOUNDS: readonly number[] = Array.from({ length: 70 }, (_, index) => 0.01 * 1.1 ** index)
/** The default buckets of Prometheus' client libraries. */
export const COARSE_BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A histogram of `requests` latencies in seconds. */
export function histogram(bounds: readonly number[], requests: number, draw: () => number): LatencyHistogram {
  const counts = [...bounds.map(() => 0), 0]
  for (let request = 0; request < requests; request += 1) {
    const seconds = draw()
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (seconds <= (bounds[middle] ?? 0)) high = middle
      else low = middle + 1
    }
    counts[low] = (counts[low] ?? 0) + 1
  }
  return { upperBoundsSeconds: bounds, counts }
}

/** The verdicts of a check over these looks. */
export function verdictsOver(check: Check, inputs: readonly CheckInput[]): readonly Verdict[] {
  let state = startCheck(check)
  return inputs.map((input) => {
    const step = stepCheck(check, state, input)
    state = step.state
    return step.verdict
  })
}

/** `pass`, `fail`, or why a verdict is inconclusive. */
export function inShort(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.map((verdict) => (verdict.outcome === 'inconclusive' ? verdict.cause : verdict.outcome))
}
