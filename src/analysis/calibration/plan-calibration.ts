import type { RecordedWindow } from '../../domain/observation.ts'
import type { Action, JudgeAction } from '../../domain/plan/actions.ts'
import type { Check } from '../../domain/plan/checks.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import type { RecordedStable } from '../../domain/recorded-noise.ts'
import type { PastRelease, RecordedRelease } from '../../domain/release/past-release.ts'
import type { Recording } from '../../domain/release/recording.ts'
import { type BasisPoints, FULL_WEIGHT, type Instant, type Milliseconds } from '../../domain/units.ts'
import { addArms } from '../arms.ts'
import { kindOf } from '../checks/index.ts'
import { missingFor, needsCounts } from '../checks/needs.ts'
import { createRandom } from '../statistics/random.ts'
import { recordedBefore } from '../traffic/record-noise.ts'
import { type CalibrationReport, calibrate } from './calibrate.ts'
import type { Counting } from './counting.ts'
import { type LimitReport, measureLimit } from './limit-calibration.ts'
import { proposedCheck, proposedLine } from './proposed-line.ts'
import { givenUpAfter, type PastVerdict, replayRelease, startOf } from './replay-release.ts'
import type { RecordedInterval } from './replays.ts'
import { planWarmUp } from './settling.ts'
import { isCalibrated, toleranceOf } from './tolerance.ts'

/** How much work a calibration may be. */
export interface Effort {
  /** Looks that may be judged over all checks; a look of a rate is one, of a latency several. */
  readonly looks: number
  /** Most replays of each check, whatever the looks allow. */
  readonly replays: number
}

/** What a check says of one release that is over. Plain JSON. */
export interface PastReplay extends Pick<PastRelease, 'releaseId' | 'version' | 'outcome' | 'abandoned'> {
  /** Time from the first exposure until it was given up; null when it was promoted. */
  readonly givenUpAfter: Milliseconds | null
  readonly now: PastVerdict
  /** With what is proposed; null when that is what the plan has. */
  readonly proposed: PastVerdict | null
}

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

/** Requests that the smaller arm has in the shortest stretch with traffic on both, at the traffic of the recording. */
function reachedRequests(actions: readonly Action[], windows: readonly RecordedWindow[]): number {
  const [time, requests] = windows.reduce(
    ([sum, count], { start, end, counts }) => [sum + end - start, count + counts.requests],
    [0, 0],
  )
  const stretches = stretchesOf(actions).map(
    ({ weight, duration }) => (requests / time) * duration * (Math.min(weight, FULL_WEIGHT - weight) / FULL_WEIGHT),
  )
  return Math.min(...stretches, Number.POSITIVE_INFINITY)
}

/** A check that could not get its minimum would hold each release; and what a team asks for is not lowered. */
function minimumFor(check: Check, { minRequests }: CalibrationReport, reached: number): number | null {
  const { minRequests: own } = toleranceOf(check)
  return minRequests !== null && minRequests > own && minRequests <= reached / 2 ? minRequests : null
}

/** What the guard would have known of a source at a time, worked out once for all checks of that source. */
function rememberRecorded(stable: Recording['stable']): (source: string, at: Instant) => RecordedStable | null {
  const known = new Map<string, RecordedStable | null>()
  return (source, at) => {
    const key = `${at} ${source}`
    const recording = stable[source]
    if (!known.has(key)) known.set(key, recordedBefore(recording?.kind === 'value' ? recording.value : [], at))
    return known.get(key) ?? null
  }
}

interface Replayed {
  readonly check: Check
  readonly proposed: Check
  readonly warmUp: Milliseconds
  readonly recordedOf: ReturnType<typeof rememberRecorded>
}

function replaysOf(
  { check, proposed, warmUp, recordedOf }: Replayed,
  releases: readonly RecordedRelease[],
): readonly PastReplay[] {
  if (!needsCounts(check)) return []
  const isOther = JSON.stringify(proposed) !== JSON.stringify(check)
  return releases.map((release) => {
    const { releaseId, version, outcome, abandoned } = release
    const before = { warmUp, recorded: recordedOf(check.source, startOf(release)) }
    return {
      ...{ releaseId, version, outcome, abandoned, givenUpAfter: givenUpAfter(release) },
      now: replayRelease(check, release, before),
      proposed: isOther ? replayRelease(proposed, release, before) : null,
    }
  })
}

/**
 * The past of stable from the past of both pools, whichever was stable when: in each window the pool with more requests.
 */
export function stableOf(
  first: readonly RecordedWindow[],
  second: readonly RecordedWindow[],
): readonly RecordedWindow[] {
  const byEnd = new Map<Instant, RecordedWindow>()
  for (const window of [...first, ...second]) {
    const known = byEnd.get(window.end)
    if (known === undefined || window.counts.requests > known.counts.requests) byEnd.set(window.end, window)
  }
  return [...byEnd.values()].toSorted((left, right) => left.end - right.end)
}

/** The metric sources that {@link calibratePlan} needs of stable: those of every check that counts. */
export function sourcesToRecord(plan: Plan): readonly string[] {
  return sourcesOf(watchedChecks(plan).map(({ check }) => check))
}

/** Those that it needs of releases that are over, which the checks of analyses are not asked about. */
export function sourcesToReplay(plan: Plan): readonly string[] {
  return sourcesOf(plan.checks)
}

function sourcesOf(checks: readonly Check[]): readonly string[] {
  return [...new Set(checks.flatMap((check) => (needsCounts(check) ? [check.source] : [])))]
}

/** A count that may not fall gets worse by falling, whether or not it may rise. */
function effectsOf(check: Check): readonly number[] {
  return toleranceOf(check).isFall ? EFFECTS.map((times) => 1 / times) : EFFECTS
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
      actions: before.filter((action) => action.kind === 'expose' || action === only || isInBackground(action, only)),
    })),
  ]
}

/** True for what passes while an analysis goes on in the background. */
function isInBackground({ step }: Action, { begunAtStep }: JudgeAction): boolean {
  return begunAtStep !== undefined && step > begunAtStep
}

/** The stretches in which both arms have traffic. */
function stretchesOf(actions: readonly Action[]): readonly { weight: BasisPoints; duration: Milliseconds }[] {
  let weight = 0
  return actions.flatMap((action) => {
    if (action.kind === 'expose') weight = action.exposure.weight
    if (action.kind !== 'bake' && action.kind !== 'judge') return []
    return weight === 0 || weight === FULL_WEIGHT ? [] : [{ weight, duration: action.duration }]
  })
}

/** The canary's weight at each look, for the stretches in which both arms have traffic. */
function scheduleOf({ interval }: Plan, actions: readonly Action[], step: Milliseconds): readonly BasisPoints[] {
  const length = step * Math.ceil(interval / step)
  return stretchesOf(actions).flatMap(({ weight, duration }) =>
    Array.from({ length: Math.max(1, Math.round(duration / length)) }, () => weight),
  )
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

/** A schedule, a record and a number of replays that keep within so many looks. */
interface Affordable {
  readonly schedule: readonly BasisPoints[]
  readonly record: readonly RecordedInterval[]
  readonly replays: number
}

/** Looks too many to pay for become fewer and longer ones: the time watched and the requests in it stay as planned. */
function affordable(
  weights: readonly BasisPoints[],
  windows: readonly RecordedWindow[],
  /** So many windows are as long as the time between two looks. */
  perLook: number,
  { looks, replays: mostReplays }: Effort,
): Affordable {
  const longest = Math.max(FEWEST_LOOKS, Math.min(LONGEST_SCHEDULE, Math.floor(looks / ENOUGH_REPLAYS)))
  const together = Math.ceil(weights.length / longest)
  const schedule = weights.filter((_, index) => index % together === 0)
  const size = together * perLook
  const record = Array.from({ length: Math.floor(windows.length / size) }, (_, index) =>
    intervalOf(windows.slice(index * size, (index + 1) * size)),
  )
  const replays = Math.max(FEWEST_REPLAYS, Math.min(mostReplays, Math.floor(looks / schedule.length)))
  return { schedule, record, replays }
}

function intervalOf(windows: readonly RecordedWindow[]): RecordedInterval {
  const duration = windows.reduce((sum, { start, end }) => sum + end - start, 0)
  return { duration, shards: [windows.map(({ counts }) => counts).reduce(addArms)] }
}
