import { type MeasuredTraffic, measureTraffic } from '../analysis/expected-traffic.ts'
import { needsCounts } from '../domain/checks.ts'
import { describeError } from '../domain/errors.ts'
import type { MetricResult, RecordedWindow } from '../domain/observation.ts'
import type { Plan } from '../domain/plan.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { RecordPast } from './recorder.ts'

/** What was measured of a target, and a sentence for each metric source that could not say it. */
export interface TargetTraffic {
  readonly measured: MeasuredTraffic | null
  readonly missing: readonly string[]
}

/** Most windows of a recording; a window with a gap is left out, so short ones lose less. */
const MOST_WINDOWS = 2_000
const SHORTEST_STEP: Milliseconds = 60_000
const STEP_GRAIN: Milliseconds = 10_000
/** How long the metric sources may take all together. */
const RECORD_DEADLINE: Milliseconds = 15_000

/**
 * The traffic of the plan's target over the time before `now`, by the metric sources of its checks: requests and errors by
 * the first that has them, latency by the first that measures it, events by whichever counts them. Never throws.
 */
export async function trafficOf(
  plan: Plan,
  { since, now, record }: { readonly since: Milliseconds; readonly now: Milliseconds; readonly record?: RecordPast },
): Promise<TargetTraffic> {
  if (record === undefined) return { measured: null, missing: ['this server cannot ask metric sources for the past'] }
  const step = Math.ceil(Math.max(SHORTEST_STEP, since / MOST_WINDOWS) / STEP_GRAIN) * STEP_GRAIN
  const span = { start: now - since, end: now, step }
  const sources = sourcesOf(plan)
  if (sources.length === 0) return { measured: null, missing: ['no check of this plan counts requests'] }
  const signal = AbortSignal.timeout(RECORD_DEADLINE)
  let measured: MeasuredTraffic | null = null
  const missing: string[] = []
  for (const source of sources) {
    const past = await pastOf(() => record(plan, source, span, signal), source, signal)
    const traffic = past.kind === 'value' ? measureTraffic([past.value]) : null
    if (traffic === null) missing.push(past.kind === 'value' ? `${source} has seen no request` : past.reason)
    else measured = measured === null ? traffic : withMore(measured, traffic)
  }
  return { measured, missing }
}

function sourcesOf({ checks, actions }: Plan): readonly string[] {
  const own = actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))
  return [...new Set([...checks, ...own].flatMap((check) => (needsCounts(check) ? [check.source] : [])))]
}

async function pastOf(
  ask: () => Promise<MetricResult<readonly RecordedWindow[]>>,
  source: string,
  signal: AbortSignal,
): Promise<MetricResult<readonly RecordedWindow[]>> {
  try {
    return await ask()
  } catch (error) {
    const isLate = signal.aborted && error === signal.reason
    const reason = isLate ? `${source} took too long: ask for less time` : describeError(error)
    return { kind: 'error', fault: isLate ? 'timeout' : 'unavailable', reason }
  }
}

function withMore(first: MeasuredTraffic, more: MeasuredTraffic): MeasuredTraffic {
  return { ...first, latency: first.latency ?? more.latency, events: { ...more.events, ...first.events } }
}
