import type { Check } from '../../domain/plan/checks.ts'

/**
 * Canary against stable at the same time, judged by an anytime-valid test: it may look at every interval for days and
 * still raises a false alarm with probability at most `alpha`.
 */
export interface SequentialRule {
  readonly judge: 'sequential'
  /** The ratio canary / stable that is still accepted (θ₀), ≥ 1: of shares for rates, of seconds for latency. */
  readonly notWorseThan: number
  /** This check's part of the release's error budget, in (0, 1). */
  readonly alpha: number
  /** Requests each arm must have shown, summed over the exposure, before the check can pass. */
  readonly minRequests: number
}

/** A fixed limit with hysteresis: `failures` breaches among the last `of` looks that had data. */
export interface ThresholdRule {
  readonly judge: 'threshold'
  /** The largest accepted value of the canary: a share in [0, 1] for rates, seconds for latency. */
  readonly max: number
  readonly failures: number
  readonly of: number
  /** Requests the canary must have shown within one look for the look to count. */
  readonly minRequests: number
}

/** A bare ratio to stable at the same time, with hysteresis: `failures` breaches among the last `of` looks that had data. */
export interface RelativeRule {
  readonly judge: 'relative'
  /** The largest accepted ratio canary / stable: of shares for rates, of seconds for latency. */
  readonly maxRatio: number
  readonly failures: number
  readonly of: number
  /** Requests each arm must have shown within one look for the look to count. */
  readonly minRequests: number
}

/** Share of requests that failed. */
export interface ErrorRateCheck extends Check {
  readonly kind: 'errorRate'
  readonly rule: SequentialRule | ThresholdRule | RelativeRule
}

/** Request latency at some quantiles. */
export interface LatencyCheck extends Check {
  readonly kind: 'latency'
  /** Quantiles in (0, 1), e.g. 0.95. */
  readonly quantiles: readonly number[]
  readonly rule: SequentialRule | ThresholdRule | RelativeRule
}

/** A named event per request, such as orders: a business metric that may fall or rise. */
export interface RateCheck extends Check {
  readonly kind: 'rate'
  /** The event's name in the metric source's set-up. */
  readonly of: string
  /** Smallest accepted ratio canary / stable of events per request, in (0, 1], or null for no lower side. */
  readonly notBelow: number | null
  /** Largest accepted ratio, ≥ 1, or null for no upper side. */
  readonly notAbove: number | null
  readonly alpha: number
  readonly minRequests: number
}
