import { sourcesToRecord } from '../analysis/calibration/watched-checks.ts'
import { type MeasuredTraffic, measureTraffic } from '../analysis/power/expected-traffic.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { inTime, type RecordPast } from './recorder.ts'

/** What was measured of a target, and a sentence for each metric source that could not say it. */
interface TargetTraffic {
  readonly measured: MeasuredTraffic | null
  readonly missing: readonly string[]
}

/** Most windows of a recording; a window with a gap is left out, so short ones lose less. */
const MOST_WINDOWS = 2_000
const SHORTEST_STEP: Milliseconds = 60_000
const STEP_GRAIN: Milliseconds = 10_000

/** How long each window of a recording is: the longer the time, the longer each. */
export function windowOf(time: Milliseconds, most: number, shortest: Milliseconds = SHORTEST_STEP): Milliseconds {
  return Math.ceil(Math.max(SHORTEST_STEP, shortest, time / most) / STEP_GRAIN) * STEP_GRAIN
}

/**
 * The traffic of the plan's target over the time before `now`, by the metric sources of its checks: requests and errors by
 * the first that has them, latency by the first that measures it, events by whichever counts them. Never throws.
 */
export async function trafficOf(
  plan: Plan,
  { since, now, record }: { readonly since: Milliseconds; readonly now: Instant; readonly record: RecordPast },
): Promise<TargetTraffic> {
  const step = windowOf(since, MOST_WINDOWS)
  const span = { start: now - since, end: now, step }
  const sources = sourcesToRecord(plan)
  if (sources.length === 0) return { measured: null, missing: ['no check of this plan counts requests'] }
  const ask = inTime((source: string, signal) => record(plan, source, span, signal))
  let measured: MeasuredTraffic | null = null
  const missing: string[] = []
  for (const source of sources) {
    const past = await ask(source, source)
    const traffic = past.kind === 'value' ? measureTraffic([past.value]) : null
    if (traffic === null) missing.push(past.kind === 'value' ? `${source} has seen no requests` : past.reason)
    else measured = measured === null ? traffic : withMore(measured, traffic)
  }
  return { measured, missing }
}

function withMore(first: MeasuredTraffic, more: MeasuredTraffic): MeasuredTraffic {
  const noise = withMoreNoise(first, more)
  return {
    ...{ ...first, latency: first.latency ?? more.latency, events: { ...more.events, ...first.events } },
    ...(noise !== undefined && { noise }),
  }
}

/** Of latency and events whichever is measured there, as their figures are. */
function withMoreNoise({ noise, latency }: MeasuredTraffic, more: MeasuredTraffic): MeasuredTraffic['noise'] {
  if (noise === undefined || more.noise === undefined) return noise ?? more.noise
  return {
    errors: noise.errors,
    events: { ...more.noise.events, ...noise.events },
    slow: latency === null ? more.noise.slow : noise.slow,
  }
}
