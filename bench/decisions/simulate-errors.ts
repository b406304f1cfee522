import type { SplitCounts } from '../../src/analysis/judges/split-test.ts'
import type { Random } from '../../src/analysis/statistics/random.ts'
import type { RecordedStable } from '../../src/domain/recorded-noise.ts'
import { type ErrorDetector, type ErrorRule, startErrorRule, usesRecord } from './error-rules.ts'
import { drawLooks, type ErrorTraffic, LOOK_SECONDS, LOOKS_PER_MINUTE, type TrafficLook } from './error-traffic.ts'
import { recordOf } from './record.ts'

const NOTHING: SplitCounts = { canaryEvents: 0, canaryTrials: 0, stableEvents: 0, stableTrials: 0 }

/** Minutes to the rollback by each rule over the same release; Infinity for none. */
export function simulateErrors(traffic: ErrorTraffic, rules: readonly ErrorRule[], random: Random): readonly number[] {
  const record = rules.some(usesRecord) ? recordOf(traffic) : null
  return judgeErrors(drawLooks(traffic, random), rules, record)
}

/** The same over any looks of ten seconds. */
export function judgeErrors(
  looks: Iterable<TrafficLook>,
  rules: readonly ErrorRule[],
  record: RecordedStable | null = null,
): readonly number[] {
  const detectors = rules.map((rule): ErrorDetector | null => startErrorRule(rule, record))
  const alarms = rules.map(() => Number.POSITIVE_INFINITY)
  let [index, totals, minute, lastShare, open] = [0, NOTHING, NOTHING, Number.NaN, rules.length]
  for (const { share, counts } of looks) {
    totals = add(totals, counts)
    minute = add(minute, counts)
    const isMinute = (index + 1) % LOOKS_PER_MINUTE === 0
    const isNewExposure = share !== lastShare && index > 0
    for (const [position, detector] of detectors.entries()) {
      if (detector === null) continue
      if (!detector({ index, counts, totals, minute: isMinute ? minute : null, isNewExposure })) continue
      alarms[position] = ((index + 1) * LOOK_SECONDS) / 60
      detectors[position] = null
      open -= 1
    }
    if (open === 0) break
    if (isMinute) minute = NOTHING
    lastShare = share
    index += 1
  }
  return alarms
}

function add(left: SplitCounts, right: SplitCounts): SplitCounts {
  return {
    canaryEvents: left.canaryEvents + right.canaryEvents,
    canaryTrials: left.canaryTrials + right.canaryTrials,
    stableEvents: left.stableEvents + right.stableEvents,
    stableTrials: left.stableTrials + right.stableTrials,
  }
}
