import type { Check, CheckInput, ErrorRateCheck, LatencyCheck, RateCheck, SequentialRule } from '../domain/checks.ts'
import type { ArmCounts, LatencyHistogram } from '../domain/observation.ts'
import { type BasisPoints, FULL_WEIGHT, formatDuration, type Milliseconds } from '../domain/units.ts'
import { startCheck, stepCheck } from './check-judge.ts'
import { formatRatio } from './explain.ts'
import { survivalOf, totalOf } from './histogram.ts'
import { drawBinomial } from './random.ts'

/** One interval of recorded traffic of stable, per shard (pod, host) when the store can tell them apart. */
export interface RecordedInterval {
  readonly duration: Milliseconds
  /** At least one; a shard keeps its place in all intervals. */
  readonly shards: readonly ArmCounts[]
}

/** How the traffic of a planned release is split: the canary's share in each of its intervals, in order. */
export type WeightSchedule = readonly BasisPoints[]

/** Checks that compare both arms, with a ratio that can be calibrated. */
export type CalibratedCheck = (ErrorRateCheck | LatencyCheck) & { readonly rule: SequentialRule }

/** An effect that a release must detect: errors (or slowness) times this on the canary. */
export interface EffectReport {
  readonly times: number
  /** Share of replays in which it was detected. */
  readonly detected: number
  /** Median time to detection over all replays, or null when fewer than half detected it. */
  readonly medianDelay: Milliseconds | null
}

/** What a check would have done to a canary that is the same as stable, and to one that is not. */
export interface RatioReport {
  readonly notWorseThan: number
  readonly alpha: number
  /** Share of A/A replays that failed. */
  readonly falseAlarms: number
}

export interface CalibrationReport {
  readonly replays: number
  readonly current: RatioReport
  readonly effects: readonly EffectReport[]
  /** The smallest ratio (and, when none is enough, the largest α) that keeps false alarms at most α; null when none. */
  readonly proposed: RatioReport | null
  readonly proposedEffects: readonly EffectReport[]
  /** Requests each arm should show: enough for one expected event per arm with 95 %; null when stable has none. */
  readonly minRequests: number | null
  /** The report as one sentence. */
  readonly summary: string
}

export interface CalibrationRequest {
  readonly check: CalibratedCheck | RateCheck
  readonly record: readonly RecordedInterval[]
  readonly weights: WeightSchedule
  /** Effects to measure the delay for, e.g. [1.5, 2, 4]. */
  readonly effects: readonly number[]
  readonly replays: number
  /** Uniform numbers in (0, 1). */
  readonly random: () => number
}

/** Ratios that are tried, besides the check's own. */
const RATIOS = [1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5]
/** When no ratio is enough, these parts of α are tried with the largest ratio. */
const ALPHA_PARTS = [0.5, 0.2, 0.1, 0.01]
/** Changes slower than this are taken for the time of day, faster ones for noise that another arm need not share. */
const TREND: Milliseconds = 6 * 3_600_000

/**
 * Replays releases of nothing: stable's own record plays both arms, with the plan's weights, drift and bursts as they
 * were, and each replay is judged exactly as a release is.
 *
 * With several shards, a replay gives some shards to the canary and the rest to stable, at the same time, so that what
 * differs between hosts is seen. With one shard the canary's side comes from another time of the record, with the slow
 * trend (6 h) taken out and that of stable's time put in. Each arm is thinned request by request to its weight, which
 * keeps Poisson noise Poisson and bursts as bursty as they are.
 *
 * Effects are added to the canary's side: events times the effect, or latencies times the effect.
 */
export function calibrate(request: CalibrationRequest): CalibrationReport {
  const { check } = request
  const replays = Math.max(1, Math.floor(request.replays))
  const tapes = Array.from({ length: replays }, () => drawTape(request))
  const own = ratioOf(check)
  const current = reportOf(check, own, check.kind === 'rate' ? check.alpha : check.rule.alpha, tapes)
  const proposed = propose(request, current, tapes)
  const effects = request.effects.map((times) => effectOf(check, current, times, tapes, request))
  const proposedEffects =
    proposed === null ? [] : request.effects.map((times) => effectOf(check, proposed, times, tapes, request))
  const partial = {
    replays,
    current,
    effects,
    proposed,
    proposedEffects,
    minRequests: minRequestsOf(request),
  }
  return { ...partial, summary: summarise(check, partial) }
}

/** The looks of one replay: both arms, without an effect. */
type Tape = readonly { readonly canary: ArmCounts; readonly stable: ArmCounts; readonly duration: Milliseconds }[]

function propose(request: CalibrationRequest, current: RatioReport, tapes: readonly Tape[]): RatioReport | null {
  const alpha = current.alpha
  const ratios = RATIOS.filter((ratio) => ratio !== current.notWorseThan)
  for (const ratio of [...ratios, current.notWorseThan].toSorted((a, b) => a - b)) {
    const report = ratio === current.notWorseThan ? current : reportOf(request.check, ratio, alpha, tapes)
    if (isWithin(report, alpha, tapes.length)) return report
  }
  const largest = Math.max(...RATIOS, current.notWorseThan)
  for (const part of ALPHA_PARTS) {
    const report = reportOf(request.check, largest, alpha * part, tapes)
    if (isWithin(report, alpha, tapes.length)) return report
  }
  return null
}

/** One standard error below the budget, so that luck in the replays does not flatter the proposal. */
function isWithin(report: RatioReport, alpha: number, replays: number): boolean {
  return report.falseAlarms <= Math.max(0, alpha - Math.sqrt((alpha * (1 - alpha)) / replays))
}

function reportOf(
  check: CalibrationRequest['check'],
  ratio: number,
  alpha: number,
  tapes: readonly Tape[],
): RatioReport {
  const judged = withRatio(check, ratio, alpha)
  const alarms = tapes.filter((tape) => delayOf(judged, tape) !== null).length
  return { notWorseThan: ratio, alpha, falseAlarms: alarms / tapes.length }
}

function effectOf(
  check: CalibrationRequest['check'],
  at: RatioReport,
  times: number,
  tapes: readonly Tape[],
  request: CalibrationRequest,
): EffectReport {
  const judged = withRatio(check, at.notWorseThan, at.alpha)
  const delays = tapes.flatMap((tape) => {
    const worse = tape.map((look) => ({ ...look, canary: worsen(judged, look.canary, times, request.random) }))
    return delayOf(judged, worse) ?? []
  })
  const sorted = delays.toSorted((a, b) => a - b)
  const middle = Math.ceil(tapes.length / 2) - 1
  return { times, detected: delays.length / tapes.length, medianDelay: sorted[middle] ?? null }
}

/** Watched time until the check failed, or null when it never did. */
function delayOf(check: Check, tape: Tape): Milliseconds | null {
  let state = startCheck(check)
  let at = 0
  for (const look of tape) {
    const window = { start: at, end: at + look.duration }
    at = window.end
    const input: CheckInput = {
      at,
      window,
      canary: { kind: 'value', value: look.canary },
      stable: { kind: 'value', value: look.stable },
      readings: {},
    }
    const step = stepCheck(check, state, input)
    if (step.verdict.outcome === 'fail') return at
    state = step.state
  }
  return null
}

function drawTape(request: CalibrationRequest): Tape {
  const { record, weights, random } = request
  const length = record.length
  if (length === 0) return []
  const start = Math.floor(random() * length)
  const shardCount = record[0]?.shards.length ?? 1
  const order = shuffle(shardCount, random)
  // At least a tenth of the record apart, so that bursts of one time do not meet themselves.
  const apart = Math.floor(length * (0.1 + 0.8 * random()))
  return weights.map((weight, index) => {
    const share = Math.min(1, Math.max(0, weight / FULL_WEIGHT))
    const now = record[(start + index) % length]
    const other = record[(start + index + apart) % length]
    if (now === undefined || other === undefined) return { canary: NOTHING, stable: NOTHING, duration: 0 }
    const arms =
      shardCount > 1
        ? splitShards(now, order, share, random)
        : splitTimes(
            now,
            other,
            trendBetween(request, (start + index) % length, (start + index + apart) % length),
            share,
            random,
          )
    return { ...arms, duration: now.duration }
  })
}

const NOTHING: ArmCounts = { requests: 0, errors: 0, latency: null, events: {} }

/** The canary gets whole shards until they hold its share (thinned to it), stable the others. */
function splitShards(
  { shards }: RecordedInterval,
  order: readonly number[],
  share: number,
  random: () => number,
): { readonly canary: ArmCounts; readonly stable: ArmCounts } {
  const size = Math.min(shards.length - 1, Math.max(1, Math.ceil(share * shards.length)))
  const pick = (places: readonly number[]): ArmCounts => sumArms(places.flatMap((place) => shards[place] ?? []))
  const [ours, theirs] = [pick(order.slice(0, size)), pick(order.slice(size))]
  const total = ours.requests + theirs.requests
  if (!(total > 0)) return { canary: NOTHING, stable: NOTHING }
  return {
    canary: thin(ours, Math.min(1, (share * total) / ours.requests), 1, random),
    stable: thin(theirs, Math.min(1, ((1 - share) * total) / theirs.requests), 1, random),
  }
}

function splitTimes(
  now: RecordedInterval,
  other: RecordedInterval,
  trend: number,
  share: number,
  random: () => number,
): { readonly canary: ArmCounts; readonly stable: ArmCounts } {
  const [here, there] = [sumArms(now.shards), sumArms(other.shards)]
  const level = there.requests > 0 ? here.requests / there.requests : 0
  return {
    canary: thin(there, Math.min(1, share * level), trend, random),
    stable: thin(here, 1 - share, 1, random),
  }
}

/** How much higher stable's events per request run around `to` than around `from`, by 6 h means; 1 in short records. */
function trendBetween({ record, check }: CalibrationRequest, to: number, from: number): number {
  const whole = record.reduce((sum, interval) => sum + interval.duration, 0)
  if (whole < 2 * TREND) return 1
  const reach = Math.max(1, Math.floor(TREND / 2 / (whole / record.length)))
  const around = (centre: number): number => {
    let [events, requests] = [0, 0]
    for (let offset = -reach; offset <= reach; offset += 1) {
      const interval = record[(centre + offset + record.length) % record.length]
      for (const shard of interval?.shards ?? []) {
        events += eventsOf(check, shard)
        requests += shard.requests
      }
    }
    return (events + 1) / (requests + 1)
  }
  return around(to) / around(from)
}

function eventsOf(check: CalibrationRequest['check'], arm: ArmCounts): number {
  if (check.kind === 'rate') return arm.events[check.of] ?? 0
  return check.kind === 'errorRate' ? arm.errors : 0
}

/** Keeps each request with probability `part`; of the events `factor` times as many, as far as there are requests. */
function thin(arm: ArmCounts, part: number, factor: number, random: () => number): ArmCounts {
  const requests = drawBinomial(arm.requests, part, random)
  const draw = (count: number): number => multiplyCount(count, part * factor, random)
  return {
    requests,
    errors: Math.min(requests, draw(arm.errors)),
    latency:
      arm.latency === null
        ? null
        : { ...arm.latency, counts: arm.latency.counts.map((count) => drawBinomial(count, part, random)) },
    events: Object.fromEntries(Object.entries(arm.events).map(([name, count]) => [name, draw(count)])),
  }
}

/** A count times a factor: thinned below 1, whole copies and a thinned rest above. */
function multiplyCount(count: number, factor: number, random: () => number): number {
  const whole = Math.floor(factor)
  return count * whole + drawBinomial(count, factor - whole, random)
}

function worsen(check: Check, arm: ArmCounts, times: number, random: () => number): ArmCounts {
  switch (check.kind) {
    case 'errorRate':
      return { ...arm, errors: Math.min(arm.requests, multiplyCount(arm.errors, times, random)) }
    case 'rate': {
      const count = arm.events[check.of] ?? 0
      return { ...arm, events: { ...arm.events, [check.of]: multiplyCount(count, times, random) } }
    }
    case 'latency':
      return { ...arm, latency: arm.latency === null ? null : slowDown(arm.latency, times) }
    case 'query':
    case 'kayenta':
    case 'argo':
      return arm
  }
}

/** All requests `times` as slow: each bucket gets what lay between its bounds divided by `times`. */
function slowDown(histogram: LatencyHistogram, times: number): LatencyHistogram {
  const above = survivalOf(histogram)
  const total = totalOf(histogram)
  let before = total
  const counts = histogram.upperBoundsSeconds.map((bound) => {
    const slower = total * above(bound / times)
    const inside = Math.max(0, before - slower)
    before = slower
    return inside
  })
  return { ...histogram, counts: [...counts, Math.max(0, before)] }
}

function sumArms(arms: readonly ArmCounts[]): ArmCounts {
  return arms.reduce(
    (sum, arm) => ({
      requests: sum.requests + arm.requests,
      errors: sum.errors + arm.errors,
      latency: sumHistograms(sum.latency, arm.latency),
      events: Object.fromEntries(
        [...new Set([...Object.keys(sum.events), ...Object.keys(arm.events)])].map((name) => [
          name,
          (sum.events[name] ?? 0) + (arm.events[name] ?? 0),
        ]),
      ),
    }),
    NOTHING,
  )
}

function sumHistograms(left: LatencyHistogram | null, right: LatencyHistogram | null): LatencyHistogram | null {
  if (left === null || right === null) return left ?? right
  if (left.counts.length !== right.counts.length) return left
  return { ...left, counts: left.counts.map((count, index) => count + (right.counts[index] ?? 0)) }
}

function ratioOf(check: CalibrationRequest['check']): number {
  if (check.kind !== 'rate') return check.rule.notWorseThan
  return check.notAbove ?? (check.notBelow === null ? 1 : 1 / check.notBelow)
}

/** The check with another tolerance; a rate's sides move together: `notBelow` becomes 1/ratio. */
function withRatio(check: CalibrationRequest['check'], ratio: number, alpha: number): CalibrationRequest['check'] {
  if (check.kind === 'rate')
    return {
      ...check,
      alpha,
      notAbove: check.notAbove === null ? null : ratio,
      notBelow: check.notBelow === null ? null : 1 / ratio,
    }
  return { ...check, rule: { ...check.rule, notWorseThan: ratio, alpha } }
}

function minRequestsOf({ check, record }: CalibrationRequest): number | null {
  if (check.kind === 'latency') return Math.ceil(10 / (1 - Math.max(0.5, ...check.quantiles)))
  let [events, requests] = [0, 0]
  for (const shard of record.flatMap((interval) => interval.shards)) {
    events += eventsOf(check, shard)
    requests += shard.requests
  }
  // Rule of three: among 3/p requests there is an event with 95 %.
  return events > 0 ? Math.ceil((3 * requests) / events) : null
}

function summarise(check: Check, report: Omit<CalibrationReport, 'summary'>): string {
  const { current, proposed, replays } = report
  const said = `${check.name}: with ${formatRatio(current.notWorseThan)}, ${formatPercent(current.falseAlarms)} of ${replays} replays of stable against itself failed (budget ${formatPercent(current.alpha)})`
  if (proposed === null) return `${said}; no tried tolerance keeps the budget: this metric is too uneven to be compared`
  if (proposed.notWorseThan === current.notWorseThan && proposed.alpha === current.alpha)
    return `${said}; the check is well set`
  const delay = report.proposedEffects.find((effect) => effect.medianDelay !== null)
  const price =
    delay?.medianDelay === undefined || delay.medianDelay === null
      ? ''
      : `, and ${formatRatio(delay.times)} is still seen after ${formatDuration(delay.medianDelay)}`
  const budget = proposed.alpha === current.alpha ? '' : ` with a budget of ${formatPercent(proposed.alpha)}`
  return `${said}; ${formatRatio(proposed.notWorseThan)}${budget} would give ${formatPercent(proposed.falseAlarms)}${price}`
}

function formatPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

function shuffle(size: number, random: () => number): readonly number[] {
  const order = Array.from({ length: size }, (_, index) => index)
  for (let index = size - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    const [a, b] = [order[index] ?? 0, order[other] ?? 0]
    order[index] = b
    order[other] = a
  }
  return order
}
