import { judgeSampleRatio, startSampleRatio } from '../../src/analysis/judges/sample-ratio.ts'
import { normalQuantile } from '../../src/analysis/statistics/normal.ts'
import { judgePromisedSplit, startPromisedSplit } from '../../src/analysis/traffic/promised-split.ts'
import { FULL_WEIGHT } from '../../src/domain/units.ts'
import { LOOK_SECONDS, type TrafficLook } from './error-traffic.ts'
import { USER_WEIGHT } from './user-traffic.ts'

type SplitDetector = (look: TrafficLook['counts']) => boolean

const WEIGHT = USER_WEIGHT * FULL_WEIGHT

const RULES = {
  /** What Sluice asks of a router that holds users to their version. */
  'split-promised': promised,
  /** What it asks of one that sends each request by the weight. */
  'split-ratio': () => ratio(0.001, 0.5),
  'split-ratio-strict': () => ratio(0.05, 0.1),
  /** The usual test for a sample-ratio mismatch, on requests, looked at all the time. */
  'split-chi-square': () => chiSquare(0.001),
} as const satisfies Record<string, () => SplitDetector>

export type SplitRule = keyof typeof RULES

export function isSplitRule(name: string): name is SplitRule {
  return Object.hasOwn(RULES, name)
}

/** Minutes until each rule says that the split is wrong; Infinity for never. */
export function judgeSplits(looks: Iterable<TrafficLook>, rules: readonly SplitRule[]): readonly number[] {
  const detectors = rules.map((rule): SplitDetector | null => RULES[rule]())
  const alarms = rules.map(() => Number.POSITIVE_INFINITY)
  let time = 0
  for (const { counts } of looks) {
    time += LOOK_SECONDS / 60
    for (const [position, detector] of detectors.entries()) {
      if (!detector?.(counts)) continue
      alarms[position] = time
      detectors[position] = null
    }
  }
  return alarms
}

function promised(): SplitDetector {
  let state = startPromisedSplit()
  return ({ canaryTrials, stableTrials }) => {
    const names = { canary: 'canary', stable: 'stable' }
    const counts = { canary: canaryTrials, stable: stableTrials, duration: LOOK_SECONDS * 1_000 }
    const step = judgePromisedSplit(state, { weight: WEIGHT, ...counts, names })
    state = step.state
    return step.fault !== null
  }
}

function ratio(alpha: number, tolerance: number): SplitDetector {
  let state = startSampleRatio()
  const arm = (requests: number) =>
    ({ kind: 'value', value: { requests, errors: 0, latency: null, events: {} } }) as const
  return ({ canaryTrials, stableTrials }) => {
    const arms = { canary: arm(canaryTrials), stable: arm(stableTrials) }
    const rule = { alpha, tolerance, minRequests: 200 }
    const step = judgeSampleRatio(rule, state, { weight: WEIGHT, hasCohorts: false, ...arms })
    state = step.state
    return step.verdict.outcome === 'fail'
  }
}

function chiSquare(alpha: number): SplitDetector {
  let [canary, all] = [0, 0]
  return ({ canaryTrials, stableTrials }) => {
    canary += canaryTrials
    all += canaryTrials + stableTrials
    const z = (canary - USER_WEIGHT * all) / Math.sqrt(all * USER_WEIGHT * (1 - USER_WEIGHT))
    return Math.abs(z) > normalQuantile(1 - alpha / 2)
  }
}
