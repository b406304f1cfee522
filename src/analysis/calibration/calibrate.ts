import type { Check } from '../../domain/plan/checks.ts'
import { formatDuration, formatPercent, type Milliseconds } from '../../domain/units.ts'
import { addArms } from '../arms.ts'
import { kindOf } from '../checks/index.ts'
import { formatRatio } from '../explain.ts'
import { designEffectOver } from '../judges/sequential/design-effect.ts'
import { type EvidencePath, evidenceOver, failsAt, tailShare } from './evidence.ts'
import { drawTape, type ReplaySource, trendOf, worsenTape } from './replays.ts'
import { toleranceOf } from './tolerance.ts'

/** An effect that a release must detect: errors (or slowness) times this on the canary. */
export interface EffectReport {
  readonly times: number
  /** Share of replays in which it was detected. */
  readonly detected: number
  /** Median time to detection over all replays, or null when fewer than half detected it. */
  readonly medianDelay: Milliseconds | null
}

/** What a check would have done to a canary that is the same as stable. */
interface RatioReport {
  readonly notWorseThan: number
  readonly alpha: number
  /** Share of A/A replays that failed. */
  readonly falseAlarms: number
  /** The same by `tailShare`, never smaller: it says something where too few replays failed to be counted. */
  readonly likelyFalseAlarms: number
}

export interface CalibrationReport {
  /** True for a rate that may not fall: its ratios stand for falls, 2 for one to a half. */
  readonly isFall: boolean
  readonly replays: number
  readonly current: RatioReport
  readonly effects: readonly EffectReport[]
  /** What keeps false alarms within the budget, see {@link calibrate}; null when nothing that is tried does. */
  readonly proposed: RatioReport | null
  readonly proposedEffects: readonly EffectReport[]
  /** Requests each arm should show: enough for one expected event per arm with 95%; null when stable has none. */
  readonly minRequests: number | null
  /** How many times as much its counts vary as events that come one by one; null for what is no count of events. */
  readonly designEffect: number | null
  /** The report as one sentence. */
  readonly summary: string
}

interface CalibrationRequest extends ReplaySource {
  /** One that `isCalibrated`. */
  readonly check: Check
  /** Effects to measure the delay for, e.g. [1.5, 2, 4]; a proposal is chosen by how soon they are seen. */
  readonly effects: readonly number[]
  readonly replays: number
}

/** Ratios that are tried, besides the check's own. */
const RATIOS = [1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5]
/** Plans write a confidence with at most four decimals of a percent. */
const LOWEST_ALPHA = 1e-6
/** Where a ratio alone does not keep the budget, a check may spend only such a part of it. */
const ALPHA_PARTS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]

/**
 * Replays releases of nothing (see `replays.ts`), each judged exactly as a release is, with what its guard would know of
 * stable's record, and says how many failed and how
 * soon they would have, had the canary been worse.
 *
 * Where the check keeps its budget, the proposal is the smallest ratio that would still keep it. Where it does not: a
 * wider ratio forgives a lasting difference, a smaller α a short one. So every wider ratio is tried with the largest part
 * of α that keeps half of the budget, and the one that sees the effects soonest is proposed.
 */
export function calibrate(request: CalibrationRequest): CalibrationReport {
  const bench = setUp(request)
  const { ratio, alpha, isFall } = toleranceOf(request.check)
  const current = bench.reportAt(ratio, alpha)
  const proposed = propose(current, bench)
  const partial = {
    isFall,
    replays: bench.replays,
    current,
    effects: bench.effectsAt(current).map(({ report }) => report),
    proposed: proposed?.report ?? null,
    proposedEffects: proposed === null ? [] : proposed.effects.map(({ report }) => report),
    minRequests: minRequestsOf(request),
    designEffect: designEffectIn(request),
  }
  return { ...partial, summary: summarise(request.check, partial) }
}

/** The replays with what has been judged of them so far. */
interface Bench {
  readonly replays: number
  readonly reportAt: (ratio: number, alpha: number) => RatioReport
  readonly effectsAt: (at: RatioReport) => readonly Effect[]
}

interface Effect {
  readonly report: EffectReport
  /** Mean time until it failed; replays that did not count with their whole time. */
  readonly meanWait: Milliseconds
}

function setUp(request: CalibrationRequest): Bench {
  const { check, effects, recorded, random } = request
  const replays = Math.max(1, Math.floor(request.replays))
  const trend = trendOf(request)
  const tapes = Array.from({ length: replays }, () => drawTape(request, trend))
  const worse = effects.map((times) => ({ times, tapes: tapes.map((tape) => worsenTape(check, tape, times, random)) }))
  const judge = remembering((ratio, times) => {
    const judged = withRatio(check, ratio)
    const judgedTapes = worse.find((effect) => effect.times === times)?.tapes ?? tapes
    return judgedTapes.map((tape) => evidenceOver(judged, tape, recorded))
  })
  const length = tapes[0]?.reduce((sum, { duration }) => sum + duration, 0) ?? 0
  return {
    replays,
    reportAt(ratio, alpha) {
      const paths = judge(ratio, null)
      const falseAlarms = paths.filter((path) => failsAt(path, alpha) !== null).length / paths.length
      return { notWorseThan: ratio, alpha, falseAlarms, likelyFalseAlarms: tailShare(paths, alpha) }
    },
    effectsAt: ({ notWorseThan, alpha }) =>
      effects.map((times) => effectOf(judge(notWorseThan, times), times, alpha, length)),
  }
}

type Judge = (ratio: number, times: number | null) => readonly EvidencePath[]

function remembering(judge: Judge): Judge {
  const known = new Map<string, readonly EvidencePath[]>()
  return (ratio, times) => {
    const key = `${ratio}/${times}`
    const paths = known.get(key) ?? judge(ratio, times)
    known.set(key, paths)
    return paths
  }
}

function effectOf(paths: readonly EvidencePath[], times: number, alpha: number, length: Milliseconds): Effect {
  const delays = paths.flatMap((path) => failsAt(path, alpha) ?? [])
  const waited = delays.reduce((sum, delay) => sum + delay, 0) + (paths.length - delays.length) * length
  return { report: effectReport(times, delays, paths.length), meanWait: waited / paths.length }
}

/** How an effect was seen: the times to it, of the replays in which it was. */
export function effectReport(times: number, delays: readonly Milliseconds[], replays: number): EffectReport {
  const sorted = delays.toSorted((left, right) => left - right)
  return { times, detected: delays.length / replays, medianDelay: sorted[Math.ceil(replays / 2) - 1] ?? null }
}

interface Proposal {
  readonly report: RatioReport
  readonly effects: readonly Effect[]
}

function propose(current: RatioReport, bench: Bench): Proposal | null {
  const { notWorseThan: own, alpha } = current
  const isQuiet = (report: RatioReport) => keepsBudget(report, alpha, bench.replays)
  const withEffects = (report: RatioReport): Proposal => ({ report, effects: bench.effectsAt(report) })
  if (isQuiet(current)) {
    const tighter = RATIOS.filter((ratio) => ratio < own)
    return withEffects(firstOf(tighter, (ratio) => bench.reportAt(ratio, alpha), isQuiet) ?? current)
  }
  let best: Proposal | null = null
  for (const ratio of [own, ...RATIOS.filter((one) => one > own)]) {
    const report = firstOf(
      ALPHA_PARTS.filter((part) => alpha * part >= LOWEST_ALPHA),
      (part) => bench.reportAt(ratio, partOf(alpha, part)),
      (one) => keepsHalf(one, alpha),
    )
    if (report === null) continue
    const proposal = withEffects(report)
    // With the same wait, as when no effect is asked about, the smaller ratio.
    if (best === null || waitOf(proposal) < waitOf(best)) best = proposal
    // A still wider ratio with the same α could only be slower.
    if (report.alpha === alpha) break
  }
  return best
}

/** Without the digits that binary fractions leave behind. */
function partOf(alpha: number, part: number): number {
  return Number((alpha * part).toPrecision(6))
}

function waitOf({ effects }: Proposal): Milliseconds {
  return effects.reduce((sum, { meanWait }) => sum + meanWait, 0)
}

function firstOf<Value, Made>(
  values: readonly Value[],
  make: (value: Value) => Made,
  isGood: (made: Made) => boolean,
): Made | null {
  for (const value of values) {
    const made = make(value)
    if (isGood(made)) return made
  }
  return null
}

/** Of many settings the best is likelier than each of them to have had luck in the replays: it must do with half. */
function keepsHalf({ likelyFalseAlarms }: RatioReport, budget: number): boolean {
  return likelyFalseAlarms <= budget / 2
}

/** Counted, one standard error below the budget, so that luck in the replays does not flatter; and by the tail. */
function keepsBudget({ falseAlarms, likelyFalseAlarms }: RatioReport, budget: number, replays: number): boolean {
  const most = Math.max(0, budget - Math.sqrt((budget * (1 - budget)) / replays))
  return falseAlarms <= most && likelyFalseAlarms <= budget
}

/** The check with another tolerance. */
export function withRatio(check: Check, ratio: number): Check {
  const tolerance = toleranceOf(check)
  return ratio === tolerance.ratio ? check : tolerance.withRatio(ratio)
}

function designEffectIn({ check, record }: CalibrationRequest): number | null {
  const events = kindOf(check).calibrate(check)?.events ?? null
  if (events === null) return null
  return designEffectOver(
    record.map(({ shards }) => {
      const arm = shards.reduce(addArms)
      return { events: events(arm), trials: arm.requests }
    }),
  )
}

function minRequestsOf({ check, record }: CalibrationRequest): number | null {
  const { enough } = toleranceOf(check)
  if (enough !== null) return enough
  const eventsOf = kindOf(check).calibrate(check)?.events ?? (() => 0)
  let [events, requests] = [0, 0]
  for (const shard of record.flatMap((interval) => interval.shards)) {
    events += eventsOf(shard)
    requests += shard.requests
  }
  // Rule of three: among 3/p requests there is an event with 95%.
  return events > 0 ? Math.ceil((3 * requests) / events) : null
}

function summarise(check: Check, report: Omit<CalibrationReport, 'summary'>): string {
  const { current, proposed, replays } = report
  const tolerance = (ratio: number) => formatRatio(report.isFall ? 1 / ratio : ratio)
  const clumps = describeClumps(report.designEffect)
  const said = `${check.name}: with ${tolerance(current.notWorseThan)}, ${formatPercent(current.likelyFalseAlarms, 2)} of ${replays} replays of stable against itself failed (budget ${formatPercent(current.alpha, 2)})`
  if (proposed === null)
    return `${said}; no tried tolerance up to ${tolerance(Math.max(...RATIOS))} keeps the budget: this metric is too uneven to be compared${clumps}`
  if (proposed.notWorseThan <= current.notWorseThan && proposed.alpha === current.alpha)
    return `${said}; the check is well set${clumps}`
  const budget = proposed.alpha === current.alpha ? '' : ` with a budget of ${formatPercent(proposed.alpha, 2)}`
  return `${said}; ${tolerance(proposed.notWorseThan)}${budget} would give ${formatPercent(proposed.likelyFalseAlarms, 2)}${priceOf(report)}${clumps}`
}

/** From such a design effect on it is worth a word: chance alone seldom makes it look so large over a record. */
const CLUMPY = 1.5

function describeClumps(effect: number | null): string {
  if (effect === null || effect < CLUMPY) return ''
  return `; what it counts varies ${formatRatio(Number(effect.toPrecision(2)))} as much as events that come one by one, which the judge makes up for`
}

/** What the proposal costs: when it sees the first effect that it sees in time, or that it sees none. */
function priceOf({ proposedEffects, isFall: falls }: Pick<CalibrationReport, 'proposedEffects' | 'isFall'>): string {
  const effect = (times: number) => `${falls ? 'a fall to ' : ''}${formatRatio(times)}`
  for (const { times, medianDelay } of proposedEffects)
    if (medianDelay !== null) return `, and ${effect(times)} is still seen after ${formatDuration(medianDelay)}`
  const last = proposedEffects.at(-1)
  if (last === undefined) return ''
  return `, but even ${effect(last.times)} is then seen in only ${formatPercent(last.detected, 2)} of the replays: the metric is too uneven, or the recording holds a change of its own`
}
