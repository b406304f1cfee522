import type { RecordedWindow } from '../../domain/observation.ts'
import type { Action } from '../../domain/plan/actions.ts'
import type { Check } from '../../domain/plan/checks.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import type { Recording } from '../../domain/release/recording.ts'
import type { BasisPoints, Milliseconds } from '../../domain/units.ts'
import { kindOf } from '../checks/index.ts'
import { missingFor, needsCounts } from '../checks/needs.ts'
import { createRandom } from '../statistics/random.ts'
import { recordedBefore } from '../traffic/record-noise.ts'
import { type CalibrationReport, calibrate } from './calibrate.ts'
import type { Counting } from './counting.ts'
import { type LimitReport, measureLimit } from './limit-calibration.ts'
import { type PastReplay, rememberRecorded, replaysOf } from './past-replays.ts'
import { proposedCheck, proposedLine } from './proposed-line.ts'
import { affordable, type Effort, reachedRequests, scheduleOf } from './schedule.ts'
import { planWarmUp } from './settling.ts'
import { isCalibrated, toleranceOf } from './tolerance.ts'
import { watchedChecks } from './watched-checks.ts'

/** What replays were made of: windows of the recording, looks per replay and the length of each. */
interface ReplaysUsed {
  readonly windows: number
  readonly looks: number
  readonly lookLength: Milliseconds
  readonly replays: number
}

/** One check's calibration, what a limit without a budget would have done, or why there is neither. Plain JSON. */
export type CheckCalibration = {
  readonly name: string
  readonly kind: string
  /** Newest first; empty for a check that asks queries, whose answers are not kept, and for one of an analysis. */
  readonly past: readonly PastReplay[]
} & (
  | { readonly skipped: string }
  | { readonly limit: LimitReport; readonly used: ReplaysUsed }
  | {
      readonly report: CalibrationReport
      readonly used: ReplaysUsed
      /** The minimum of requests that is proposed: more than the check has, and no more than each bake gives; or null. */
      readonly minRequests: number | null
      /** The check with what is proposed, as it stands in a plan; null when nothing is to be changed, or not yet known. */
      readonly line: string | null
    }
)

/** A check is judged so often over the replays, for its own ratio, the tried ones and the effects; twice that at worst. */
const JUDGED_TIMES = 20
/** So many times worse a canary may be for its delay to be reported. */
const EFFECTS = [1.5, 2, 4]
/** Fewer pieces of the past than this repeat themselves. */
const FEWEST_WINDOWS = 40
const FEWEST_INTERVALS = 20

/**
 * Calibrates every check of a plan that compares with stable, and asks every check that counts about the releases that
 * are over, one check after the other; each `next` does the work of one, so that the caller can breathe between them.
 * The same seed gives the same figures. The lines to paste come last, by {@link withLines}.
 */
export function* calibratePlan(
  plan: Plan,
  { stable, releases }: Recording,
  effort: Effort,
  seed: number,
): Generator<CheckCalibration, void> {
  const checks = watchedChecks(plan)
  const cost = checks.reduce((sum, { check }) => sum + (kindOf(check).calibrate(check)?.cost ?? 0), 0)
  const looks = effort.looks / JUDGED_TIMES / Math.max(1, cost)
  const warmUp = planWarmUp(plan)
  const recordedOf = rememberRecorded(stable)
  for (const [index, { check, actions }] of checks.entries()) {
    const { name, kind } = check
    // A check of an analysis watched only there, if it watched at all.
    const replayed = plan.checks.includes(check) ? releases : []
    const pastOf = (proposed: Check) => replaysOf({ check, proposed, warmUp, recordedOf }, replayed)
    const outcome = calibrateOne(check, plan, actions, stable, { ...effort, looks }, seed + index)
    if ('skipped' in outcome || 'limit' in outcome) {
      yield { name, kind, ...outcome, past: pastOf(check) }
      continue
    }
    const { calibrated, ...found } = outcome
    const past = pastOf(proposedCheck(calibrated, found.report))
    yield { name, kind, ...found, line: null, past }
  }
}

/**
 * The calibrated checks with the lines to paste. As soon as one check needs a confidence of its own, all of them state
 * theirs: it leaves the plan's budget, and the others would share more than they were calibrated with.
 */
export function withLines(
  plan: Plan,
  /** The plan as it was written. */
  written: unknown,
  checks: readonly CheckCalibration[],
): readonly CheckCalibration[] {
  const known = new Map(watchedChecks(plan).map(({ check }) => [check.name, check]))
  const claims = checks.some(
    (one) => 'report' in one && one.report.proposed !== null && one.report.proposed.alpha !== one.report.current.alpha,
  )
  return checks.map((one) => {
    const check = known.get(one.name)
    if (!('report' in one) || check === undefined || !isCalibrated(check)) return one
    const { minRequests } = one
    return { ...one, line: proposedLine(check, written, one.report, { minRequests, claims }) }
  })
}

type Outcome =
  | { readonly skipped: string }
  | { readonly limit: LimitReport; readonly used: ReplaysUsed }
  | (Pick<Extract<CheckCalibration, { readonly report: unknown }>, 'report' | 'used' | 'minRequests'> & {
      readonly calibrated: Check
    })

function calibrateOne(
  check: Check,
  plan: Plan,
  actions: readonly Action[],
  stable: Recording['stable'],
  effort: Effort,
  seed: number,
): Outcome {
  if (!needsCounts(check)) return { skipped: 'what its query would have answered is not known' }
  const counting = kindOf(check).calibrate(check)
  if (counting === null) return { skipped: 'checks of this kind cannot be replayed' }
  if (check.cohort !== undefined) return { skipped: `the past of ${check.cohort} alone is not recorded` }
  const recording = stable[check.source]
  if (recording?.kind !== 'value') return { skipped: recording?.reason ?? withoutSource(check.source, stable) }
  const windows = recording.value
  const step = windows[0] === undefined ? 0 : windows[0].end - windows[0].start
  const weights = scheduleOf(plan, actions, step)
  const fault = whyNot(check, counting, windows, weights)
  if (fault !== null) return { skipped: fault }
  const { schedule, record, replays } = affordable(weights, windows, Math.ceil(plan.interval / step), effort)
  if (record.length < FEWEST_INTERVALS) return { skipped: 'the recording is too short for a plan of this length' }
  const random = createRandom(seed).uniform
  const lookLength = record[0]?.duration ?? 0
  const used = { windows: windows.length, looks: schedule.length, lookLength, replays }
  const material = { record, weights: schedule, replays, random }
  if (!isCalibrated(check)) return { limit: measureLimit({ ...material, check, effects: EFFECTS }), used }
  const recorded = recordedBefore(windows, windows.at(-1)?.end ?? 0)
  const report = calibrate({ ...material, check, effects: effectsOf(check), recorded })
  const reached = reachedRequests(actions, windows)
  return { calibrated: check, report, used, minRequests: minimumFor(check, report, reached) }
}

function withoutSource(source: string, stable: Recording['stable']): string {
  const others = Object.keys(stable)
  return `there is no recording of ${source}${others.length === 0 ? '' : `, only of ${others.join(', ')}`}`
}

/** A check that could not get its minimum would hold each release; and what a team asks for is not lowered. */
function minimumFor(check: Check, { minRequests }: CalibrationReport, reached: number): number | null {
  const { minRequests: own } = toleranceOf(check)
  return minRequests !== null && minRequests > own && minRequests <= reached / 2 ? minRequests : null
}

/** A count that may not fall gets worse by falling, whether or not it may rise. */
function effectsOf(check: Check): readonly number[] {
  return toleranceOf(check).isFall ? EFFECTS.map((times) => 1 / times) : EFFECTS
}

function whyNot(
  check: Check,
  counting: Counting,
  windows: readonly RecordedWindow[],
  weights: readonly BasisPoints[],
): string | null {
  if (weights.length === 0) return 'the plan never gives both versions traffic at the same time'
  if (windows.length < FEWEST_WINDOWS) return `the recording has ${windows.length} usable windows: too few to replay`
  const missing = windows.map(({ counts }) => missingFor(check, counts))
  if (missing.every((reason) => reason !== undefined)) return missing[0] ?? null
  return counting.lack(windows)
}
