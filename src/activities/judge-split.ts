import {
  judgeSampleRatio,
  type SampleRatioRule,
  type SampleRatioState,
  startSampleRatio,
} from '../analysis/judges/sample-ratio.ts'
import { namesOf } from '../analysis/read-look.ts'
import { tellUneven } from '../analysis/traffic/promised-split.ts'
import type { TrafficLook } from '../analysis/traffic/watch-traffic.ts'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import type { ArmCounts, MetricResult } from '../domain/observation.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'

/** One in a thousand releases may be paused by chance; half as much or more off is a router that does something else. */
const SHARE_RULE: SampleRatioRule = { alpha: 0.001, tolerance: 0.5, minRequests: 200 }

/** Whether the requests go where the weight says. */
export interface SplitLook {
  readonly state: SampleRatioState
  /** What the router does not do that it promises, as a sentence; null when nothing is known of that. */
  readonly fault: string | null
  /** Why the share of requests is another one than the weight without any fault; null when it is not. */
  readonly notice: string | null
}

/**
 * Compares the share of requests with the commanded weight, as far as the router promises one: where it holds users to
 * their version the weight is a share of users. A split that a person has accepted is no fault at this exposure.
 */
export function judgeSplit(
  before: GuardState,
  input: GuardInput,
  traffic: TrafficLook,
  sticky: RouterCapabilities['sticky'],
  isRouted: boolean,
): SplitLook {
  const known = (before.share as SampleRatioState | null) ?? startSampleRatio()
  const { weight, cohorts, tickets = false } = input.exposure
  const names = namesOf(input)
  const { sent } = traffic
  const arms =
    sent === null || !isRouted
      ? { stable: UNSEEN, canary: UNSEEN }
      : { stable: sentTo(sent.stable), canary: sentTo(sent.canary) }
  const { state, verdict } = judgeSampleRatio(SHARE_RULE, known, {
    weight,
    hasCohorts: cohorts.length > 0 || tickets,
    ...arms,
    names,
  })
  const isOff = verdict.outcome === 'fail'
  const fault = traffic.splitFault ?? (isOff && sticky === 'none' ? verdict.reason : null)
  const isSettled = input.splitSettled === true
  const notice = isSettled ? fault : null
  if (fault !== null) return { state, fault: isSettled ? null : fault, notice }
  return { state, fault, notice: isOff ? tellUneven(state.canary, state.stable, weight, names) : null }
}

const UNSEEN: MetricResult<ArmCounts> = { kind: 'noData', reason: 'nothing was counted' }

function sentTo(requests: number): MetricResult<ArmCounts> {
  return { kind: 'value', value: { requests, errors: 0, latency: null, events: {} } }
}
