import { createRandom } from '../../src/analysis/statistics/random.ts'
import { recordedStableOf } from '../../src/analysis/traffic/record-noise.ts'
import type { RecordedWindow } from '../../src/domain/observation.ts'
import type { RecordedStable } from '../../src/domain/recorded-noise.ts'
import { drawLooks, type ErrorTraffic, LOOKS_PER_MINUTE } from './error-traffic.ts'

const DAY_MINUTES = 24 * 60
const MINUTE = 60_000
/** No release of the benchmark sees these numbers. */
const SEED = 991

const known = new WeakMap<ErrorTraffic, RecordedStable | null>()

/** What the day of stable before a release has shown of its noise, minute by minute, as a guard reads it of a metric source. */
export function recordOf(traffic: ErrorTraffic): RecordedStable | null {
  const found = known.get(traffic) ?? recordedStableOf(dayOf(traffic))
  known.set(traffic, found)
  return found
}

function dayOf(traffic: ErrorTraffic): readonly RecordedWindow[] {
  const { ratioAt: _, ...even } = traffic
  const day = { ...even, minutes: DAY_MINUTES, canaryShare: () => 0, ratio: 1 }
  const windows: RecordedWindow[] = []
  let [requests, errors, looks] = [0, 0, 0]
  for (const { counts } of drawLooks(day, createRandom(SEED))) {
    requests += counts.stableTrials
    errors += counts.stableEvents
    looks += 1
    if (looks % LOOKS_PER_MINUTE !== 0) continue
    const end = (looks / LOOKS_PER_MINUTE) * MINUTE
    windows.push({ start: end - MINUTE, end, counts: { requests, errors, latency: null, events: {} } })
    requests = 0
    errors = 0
  }
  return windows
}
