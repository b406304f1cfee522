import type { ArmNames } from '../arm-names.ts'
import type { ArmCounts, MetricResult } from '../observation.ts'
import type { Milliseconds } from '../units.ts'

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
export interface ErrorRateCheck {
  readonly kind: 'errorRate'
  readonly name: string
  readonly source: string
  readonly rule: SequentialRule | ThresholdRule | RelativeRule
}

/** Request latency at some quantiles. */
export interface LatencyCheck {
  readonly kind: 'latency'
  readonly name: string
  readonly source: string
  /** Quantiles in (0, 1), e.g. 0.95. */
  readonly quantiles: readonly number[]
  readonly rule: SequentialRule | ThresholdRule | RelativeRule
}

/** A named event per request, such as orders: a business metric that may fall or rise. */
export interface RateCheck {
  readonly kind: 'rate'
  readonly name: string
  readonly source: string
  /** The event's name in the metric source's set-up. */
  readonly of: string
  /** Smallest accepted ratio canary / stable of events per request, in (0, 1], or null for no lower side. */
  readonly notBelow: number | null
  /** Largest accepted ratio, ≥ 1, or null for no upper side. */
  readonly notAbove: number | null
  readonly alpha: number
  readonly minRequests: number
}

/** A free query judged by expressions (CEL) over `result` (canary, or the only answer) and `stable`. */
export interface QueryCheck {
  readonly kind: 'query'
  readonly name: string
  readonly source: string
  /** May hold `$pool`: then it is asked once per arm. */
  readonly query: string
  readonly pass: string | null
  readonly fail: string | null
  readonly failures: number
  readonly of: number
}

/** Kayenta's judge over named queries, one point per arm and `step`. `config` is a Kayenta canary config, checked at the door. */
export interface KayentaCheck {
  readonly kind: 'kayenta'
  readonly name: string
  readonly source: string
  readonly config: unknown
  readonly queries: Readonly<Record<string, string>>
  readonly step: Milliseconds
  readonly lifetime: Milliseconds
  readonly interval: Milliseconds
  readonly warmUp: Milliseconds
  readonly pass: number
  readonly marginal: number
}

/** Argo Rollouts' measurement and verdict state machine over one query; numbers as in an AnalysisTemplate metric. */
export interface ArgoCheck {
  readonly kind: 'argo'
  readonly name: string
  readonly source: string
  readonly query: string
  readonly successCondition: string | null
  readonly failureCondition: string | null
  readonly interval: Milliseconds | null
  readonly initialDelay: Milliseconds
  readonly count: number | null
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  readonly consecutiveSuccessLimit: number
}

/** One question to a metric source, complete: every default of the plan is filled in. Plain JSON. */
export type Check = ErrorRateCheck | LatencyCheck | RateCheck | QueryCheck | KayentaCheck | ArgoCheck

/** The answers to one query: for the canary (or the only one), and for stable when the query holds `$pool`. */
export interface ArmReadings {
  readonly canary: MetricResult<readonly number[]>
  readonly stable: MetricResult<readonly number[]> | null
}

/** What one look shows a check: the counts of both arms since the last look and the answers to the check's queries. */
export interface CheckInput {
  readonly at: Milliseconds
  readonly window: { readonly start: Milliseconds; readonly end: Milliseconds }
  readonly stable: MetricResult<ArmCounts>
  readonly canary: MetricResult<ArmCounts>
  /** By the key that `queriesOf` gives; empty for checks that need only counts. */
  readonly readings: Readonly<Record<string, ArmReadings>>
  /** What sentences call both sides; absent: canary and stable. */
  readonly names?: ArmNames
}

/** The queries a check needs asked at each look, by key. */
export function queriesOf(check: Check): Readonly<Record<string, string>> {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
    case 'rate':
      return {}
    case 'query':
    case 'argo':
      return { [check.name]: check.query }
    case 'kayenta':
      return check.queries
  }
}

/** A check that is judged from the counts of both arms. */
export type CountedCheck = ErrorRateCheck | LatencyCheck | RateCheck

/** True when the check is judged from the counts of both arms. */
export function needsCounts(check: Check): check is CountedCheck {
  return check.kind === 'errorRate' || check.kind === 'latency' || check.kind === 'rate'
}

/**
 * What a look shows this check: an arm without the part of the counts that the check needs is no data to it, with the
 * reason that the source gave. So one broken part blinds only the checks that need it.
 */
export function knownTo(check: Check, input: CheckInput): CheckInput {
  if (!needsCounts(check)) return input
  return { ...input, stable: knownArm(check, input.stable), canary: knownArm(check, input.canary) }
}

function knownArm(check: CountedCheck, arm: MetricResult<ArmCounts>): MetricResult<ArmCounts> {
  if (arm.kind !== 'value') return arm
  const reason = missingFor(check, arm.value)
  return reason === undefined ? arm : { kind: 'noData', reason }
}

/** Why the part of the counts that this check needs is not known; undefined when it is. */
export function missingFor(check: CountedCheck, { missing = {} }: ArmCounts): string | undefined {
  const { errors, latency, events = {} } = missing
  switch (check.kind) {
    case 'errorRate':
      return errors
    case 'latency':
      return latency
    case 'rate':
      return Object.hasOwn(events, check.of) ? events[check.of] : undefined
  }
}

/** Requests slower than this quantile of stable are always told apart, even when the plan names only higher ones. */
const HIGHEST_FLOOR = 0.5

/** The quantile of stable below which a latency check against stable does not tell requests apart. */
export function floorOf(check: LatencyCheck): number {
  return Math.min(HIGHEST_FLOOR, ...check.quantiles.filter((quantile) => quantile > 0 && quantile < 1))
}

/** True when the check compares the canary with stable at the same time, so that it needs traffic on both. */
export function comparesWithStable(check: Check): boolean {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
      return check.rule.judge !== 'threshold'
    case 'rate':
    case 'kayenta':
      return true
    case 'query':
      return check.query.includes('$pool')
    case 'argo':
      return false
  }
}
