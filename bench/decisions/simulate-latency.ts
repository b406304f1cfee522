import type { Random } from '../../src/analysis/statistics/random.ts'
import { type LatencyDetector, type LatencyLook, type LatencyRule, startLatencyRule } from './latency-rules.ts'
import { drawLatencies, FINE_BINS, LATENCY_LOOK_SECONDS, LATENCY_MINUTES, type Slowness } from './latency-traffic.ts'
import type { LatencyWarmUp } from './warm-up-traffic.ts'

const LOOKS_PER_MINUTE = 60 / LATENCY_LOOK_SECONDS
const AS_FAST: Slowness = { share: 0, factor: 1 }

/** Minutes to the rollback by each rule over the same release; Infinity for none. */
export function simulateLatency(
  traffic: Slowness | LatencyWarmUp,
  rules: readonly LatencyRule[],
  random: Random,
): readonly number[] {
  const changing = 'slownessAt' in traffic ? traffic : { slownessAt: () => traffic }
  const { slownessAt, canaryPerSecond, stablePerSecond }: Pick<LatencyWarmUp, 'slownessAt'> & Partial<LatencyWarmUp> =
    changing
  return judgeLatencies(
    (second) => ({
      canary: drawLatencies(slownessAt(second), random, canaryPerSecond),
      stable: drawLatencies(AS_FAST, random, stablePerSecond),
    }),
    rules,
  )
}

/** The same over any looks of half a minute; each is drawn for the seconds that it begins at. */
export function judgeLatencies(
  draw: (second: number) => Pick<LatencyLook, 'canary' | 'stable'>,
  rules: readonly LatencyRule[],
): readonly number[] {
  const detectors = rules.map((rule): LatencyDetector | null => startLatencyRule(rule))
  const alarms = rules.map(() => Number.POSITIVE_INFINITY)
  const [canaryTotals, stableTotals] = [new Uint32Array(FINE_BINS), new Uint32Array(FINE_BINS)]
  let minute = { canary: new Uint32Array(FINE_BINS), stable: new Uint32Array(FINE_BINS) }
  for (let look = 1; look <= LATENCY_MINUTES * LOOKS_PER_MINUTE; look += 1) {
    const { canary, stable } = draw((look - 1) * LATENCY_LOOK_SECONDS)
    addInto(canaryTotals, canary)
    addInto(stableTotals, stable)
    addInto(minute.canary, canary)
    addInto(minute.stable, stable)
    const isMinute = look % LOOKS_PER_MINUTE === 0
    for (const [position, detector] of detectors.entries()) {
      if (!detector?.({ canary, stable, canaryTotals, stableTotals, minute: isMinute ? minute : null })) continue
      alarms[position] = look / LOOKS_PER_MINUTE
      detectors[position] = null
    }
    if (detectors.every((detector) => detector === null)) break
    if (isMinute) minute = { canary: new Uint32Array(FINE_BINS), stable: new Uint32Array(FINE_BINS) }
  }
  return alarms
}

function addInto(totals: Uint32Array, added: Uint32Array): void {
  for (let bin = 0; bin < totals.length; bin += 1) totals[bin] = (totals[bin] ?? 0) + (added[bin] ?? 0)
}
