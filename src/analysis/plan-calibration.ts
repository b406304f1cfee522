import type { Action } from '../domain/actions.ts'
import type { Check } from '../domain/checks.ts'
import type { ArmCounts, LatencyHistogram, MetricResult, RecordedWindow } from '../domain/observation.ts'
import type { Plan } from '../domain/plan.ts'
import { type BasisPoints, FULL_WEIGHT, type Milliseconds } from '../domain/units.ts'
import { type CalibrationReport, type CalibrationRequest, calibrate } from './calibrate.ts'
import { proposedLine } from './proposed-line.ts'
import { createRandom } from './random.ts'
import type { CalibratedCheck } from './replays.ts'

/** Stable's past by metric source, or why it could not be had: what the checks are replayed on. */
export type Recordings = Readonly<Record<string, MetricResult<readonly RecordedWindow[]>>>

/** How much work a calibration may be. */
export interface Effort {
  /** Looks that may be judged over all checks; a look of a rate is one, of a latency {@link LATENCY_COST}. */
  readonly looks: number
  /** Most replays of each check, whatever the looks allow. */
  readonly replays: number
}

/** One check's calibration, or why there is none. Plain JSON. */
export type CheckCalibration = {
  readonly name: string
  readonly kind: Check['kind']
} & (
  | { readonly skipped: string }
  | {
      readonly report: CalibrationReport
      /** What was used: windows of the recording, looks per replay and the length of each. */
      readonly used: {
        readonly windows: number
        readonly looks: number
        readonly lookLength: Milliseconds
        readonly replays: number
      }
      /** The check with what is proposed, as it stands in a plan; null when nothing is to be changed. */
      readonly line: string | null
    }
)

/** A look at a latency histogram takes about so many times as long as one at a rate (measured). */
export const LATENCY_COST = 5
/** A check is judged so often over the replays, for its own ratio, the tried ones and the effects; twice that at worst. */
const JUDGED_TIMES = 20
/** So many times worse a canary may be for its delay to be reported. */
const EFFECTS = [1.5, 2, 4]
/** Fewer replays than this say nothing; this many are worth more than finer looks. */
const FEWEST_REPLAYS = 20
const ENOUGH_REPLAYS = 100
const FEWEST_LOOKS = 10
/** Fewer pieces of the past than this repeat themselves. */
const FEWEST_WINDOWS = 40
const FEWEST_INTERVALS = 20
/** Longest schedule of one replay, in looks. */
const LONGEST_SCHEDULE = 400

/**
 * Calibrates every check of a plan that compares with stable, one after the other; each `next` does the work of one, so
 * that the caller can breathe between them. The same seed gives the same figures.
 */
export function* calibratePlan(
  plan: Plan,
  /** The plan as it was written, for the lines to paste. */
  written: unknown,
  recordings: Recordings,
  effort: Effort,
  seed: number,
): Generator<CheckCalibration, void> {
  const checks = watchedChecks(plan)
  const cost = checks.reduce((sum, { check }) => sum + (isCalibrated(check) ? costOf(check) : 0), 0)
  const looks = effort.looks / JUDGED_TIMES / Math.max(1, cost)
  for (const [index, { check, actions }] of checks.entries()) {
    const { name, kind } = check
    if (!isCalibrated(check)) {
      yield { name, kind, skipped: 'it controls no error rate, so there is nothing to calibrate' }
      continue
    }
    const recording = recordings[check.source]
    if (recording?.kind !== 'value') {
      yield { name, kind, skipped: recording?.reason ?? `there is no recording of ${check.source}` }
      continue
    }
    const windows = recording.value
    const step = windows[0] === undefined ? 0 : windows[0].end - windows[0].start
    const weights = scheduleOf(plan, actions, step)
    const fault = whyNot(check, windows, weights)
    if (fault !== null) {
      yield { name, kind, skipped: fault }
      continue
    }
    const { schedule, record, replays } = affordable(weights, windows, looks, effort.replays)
    if (record.length < FEWEST_INTERVALS) {
      yield { name, kind, skipped: 'the recording is too short for so long a plan' }
      continue
    }
    const random = createRandom(seed + index)
    const request: CalibrationRequest = {
      check,
      record,
      weights: schedule,
      effects: effectsOf(check),
      replays,
      random: random.uniform,
    }
    const report = calibrate(request)
    const lookLength = record[0]?.duration ?? 0
    const used = { windows: windows.length, looks: schedule.length, lookLength, replays }
    yield { name, kind, report, used, line: proposedLine(check, written, report) }
  }
}

/**
 * The past of stable from the past of both pools, whichever was stable when: in each window the pool with more requests.
 */
export function stableOf(
  first: readonly RecordedWindow[],
  second: readonly RecordedWindow[],
): readonly RecordedWindow[] {
  const byEnd = new Map<Milliseconds, RecordedWindow>()
  for (const window of [...first, ...second]) {
    const known = byEnd.get(window.end)
    if (known === undefined || window.counts.requests > known.counts.requests) byEnd.set(window.end, window)
  }
  return [...byEnd.values()].toSorted((left, right) => left.end - right.end)
}

/** The metric sources that {@link calibratePlan} needs recordings of. */
export function sourcesToRecord(plan: Plan): readonly string[] {
  return [...new Set(watchedChecks(plan).flatMap(({ check }) => (isCalibrated(check) ? [check.source] : [])))]
}

function isCalibrated(check: Check): check is CalibratedCheck {
  if (check.kind === 'rate') return true
  return (check.kind === 'errorRate' || check.kind === 'latency') && check.rule.judge === 'sequential'
}

/** A count that may only not fall gets worse by falling. */
function effectsOf(check: CalibratedCheck): readonly number[] {
  const isFalling = check.kind === 'rate' && check.notAbove === null
  return isFalling ? EFFECTS.map((times) => 1 / times) : EFFECTS
}

function costOf({ kind }: Check): number {
  return kind === 'latency' ? LATENCY_COST : 1
}

/** Every check with the stretches of the plan that it watches. */
function watchedChecks({ actions, checks }: Plan): readonly { check: Check; actions: readonly Action[] }[] {
  const own = actions.flatMap((action, index) =>
    action.kind === 'judge'
      ? action.checks.map((check) => ({ check, actions: actions.slice(0, index + 1), only: action }))
      : [],
  )
  return [
    ...checks.map((check) => ({ check, actions })),
    ...own.map(({ check, actions: before, only }) => ({
      check,
      actions: before.filter((action) => action.kind === 'expose' || action === only),
    })),
  ]
}

/** The canary's weight at each look, for the stretches in which both arms have traffic. */
function scheduleOf({ interval }: Plan, actions: readonly Action[], step: Milliseconds): readonly BasisPoints[] {
  const length = Math.max(step, interval)
  let weight = 0
  return actions.flatMap((action) => {
    if (action.kind === 'expose') weight = action.exposure.weight
    if (action.kind !== 'bake' && action.kind !== 'judge') return []
    if (weight === 0 || weight === FULL_WEIGHT) return []
    return Array.from({ length: Math.max(1, Math.round(action.duration / length)) }, () => weight)
  })
}

function whyNot(
  check: CalibratedCheck,
  windows: readonly RecordedWindow[],
  weights: readonly BasisPoints[],
): string | null {
  if (weights.length === 0) return 'the plan has no stretch in which both versions have traffic'
  if (windows.length < FEWEST_WINDOWS) return `the recording has ${windows.length} usable windows: too few to replay`
  if (check.kind === 'latency' && windows.every(({ counts }) => counts.latency === null))
    return 'the recording holds no latencies'
  if (check.kind === 'rate' && windows.every(({ counts }) => !((counts.events[check.of] ?? 0) > 0)))
    return `the recording holds no ${check.of}`
  return null
}

/** A schedule, a record and a number of replays that keep within so many looks. */
interface Affordable {
  readonly schedule: readonly BasisPoints[]
  readonly record: CalibrationRequest['record']
  readonly replays: number
}

/** Looks too many to pay for become fewer and longer ones: the time watched and the requests in it stay as planned. */
function affordable(
  weights: readonly BasisPoints[],
  windows: readonly RecordedWindow[],
  looks: number,
  mostReplays: number,
): Affordable {
  const longest = Math.max(FEWEST_LOOKS, Math.min(LONGEST_SCHEDULE, Math.floor(looks / ENOUGH_REPLAYS)))
  const together = Math.ceil(weights.length / longest)
  const schedule = weights.filter((_, index) => index % together === 0)
  const record = Array.from({ length: Math.floor(windows.length / together) }, (_, index) =>
    intervalOf(windows.slice(index * together, (index + 1) * together)),
  )
  const replays = Math.max(FEWEST_REPLAYS, Math.min(mostReplays, Math.floor(looks / schedule.length)))
  return { schedule, record, replays }
}

function intervalOf(windows: readonly RecordedWindow[]): CalibrationRequest['record'][number] {
  const duration = windows.reduce((sum, { start, end }) => sum + end - start, 0)
  return { duration, shards: [windows.map(({ counts }) => counts).reduce(addArms)] }
}

function addArms(left: ArmCounts, right: ArmCounts): ArmCounts {
  const names = [...new Set([...Object.keys(left.events), ...Object.keys(right.events)])]
  return {
    requests: left.requests + right.requests,
    errors: left.errors + right.errors,
    latency: addLatencies(left.latency, right.latency),
    events: Object.fromEntries(names.map((name) => [name, (left.events[name] ?? 0) + (right.events[name] ?? 0)])),
  }
}

function addLatencies(left: LatencyHistogram | null, right: LatencyHistogram | null): LatencyHistogram | null {
  if (left === null || right === null) return left ?? right
  // Buckets that changed in between cannot be added; the newer ones are what a release will see.
  if (left.upperBoundsSeconds.join() !== right.upperBoundsSeconds.join()) return right
  return { ...right, counts: right.counts.map((count, index) => count + (left.counts[index] ?? 0)) }
}
