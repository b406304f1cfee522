import { namesOf } from '../analysis/arms.ts'
import { type CheckState, enterExposure, startCheck, stepCheck } from '../analysis/check-judge.ts'
import { type ProofState, startProof, stepProof } from '../analysis/promotion-evidence.ts'
import {
  type SampleRatioRule,
  type SampleRatioState,
  startSampleRatio,
  stepSampleRatio,
} from '../analysis/sample-ratio.ts'
import { asSentence } from '../analysis/explain.ts'
import { quantileOf } from '../analysis/histogram.ts'
import {
  type ArmReadings,
  type Check,
  type CheckInput,
  comparesWithStable,
  needsCounts,
  queriesOf,
} from '../domain/checks.ts'
import {
  type ArmPoint,
  type BlindSpan,
  type GuardInput,
  type GuardOutcome,
  type GuardState,
  type SeriesPoint,
  tellOf,
  type WatchedCheck,
} from '../domain/guard.ts'
import { driftProblem, NO_DRIFT, noteDrift } from '../domain/drift.ts'
import { compareFences } from '../domain/exposure.ts'
import type { ArmCounts, MetricResult } from '../domain/observation.ts'
import { exposureText } from '../domain/release-story.ts'
import { FULL_WEIGHT, formatDuration, type Milliseconds } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { MetricSource, Observation } from '../metrics/metric-source.ts'
import type { TargetAdapters } from './dependencies.ts'
import { type Keep, type KeeperRights, keepRouter, quietLook, type RouterLook } from './keep-router.ts'

const MOST_SPANS = 50
const MOST_REPAIRS = 10
const LONGEST_SERIES = 120

export interface LookResult {
  readonly state: GuardState
  /** Null while the watch goes on. */
  readonly outcome: GuardOutcome | null
  /** One line for Temporal's UI. */
  readonly text: string
}

/**
 * One look of the guard: reads the router, asks the metric sources, steps every check. `before` is what the last look
 * left behind; looking again from the same `before` sees the same windows, so a lost look is made up by the next.
 * `now` is the server's time of this look, so that a worker's wrong clock does no harm.
 */
export async function lookOnce(
  adapters: TargetAdapters,
  input: GuardInput,
  before: GuardState | null,
  now: Milliseconds,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<LookResult> {
  const begun = before ?? beginState(input, now)
  if (input.mode === 'keep') return keepOnce(adapters, input, begun, now, rights, signal)
  const [router, observations, readings] = await Promise.all([
    input.watchesRouter ? keepRouter(adapters.router, keepOf(input, begun), rights, signal) : quietLook(input),
    observeSources(adapters, input, begun, now, signal),
    askQueries(adapters, input, now, signal),
  ])
  const checks = Object.fromEntries(
    input.checks.map((check) => [check.name, stepOne(check, begun, observations, readings, input, now)]),
  )
  // What was counted while the router had drifted says nothing about how it splits when it is right.
  const share = stepShare(begun, input, router.repair === null ? observations : {})
  const state = nextState(begun, input, now, { router, observations, checks, share })
  return { state, outcome: outcomeOf(input, begun, state, router, share.verdict), text: summaryOf(input, state) }
}

/** One look at the router alone: what the checks had said stays as it was. */
async function keepOnce(
  { router }: TargetAdapters,
  input: GuardInput,
  before: GuardState,
  now: Milliseconds,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<LookResult> {
  const look = await keepRouter(router, keepOf(input, before), rights, signal)
  const state = { ...before, ...routerPart(before, look, now), lookedAt: now, looks: before.looks + 1 }
  return { state, outcome: routerOutcome(input, before, state, look), text: summaryOf(input, state) }
}

/** A router that was taken over is kept with the fence that was written then. */
function keepOf({ roles, exposure, fence }: GuardInput, before: GuardState): Keep {
  const isNewer = before.fence !== undefined && compareFences(before.fence, fence) > 0
  return { roles, exposure, fence: isNewer && before.fence !== undefined ? before.fence : fence }
}

/** What a look at the router adds to the state. */
function routerPart(
  before: GuardState,
  look: RouterLook,
  now: Milliseconds,
): Pick<GuardState, 'routerFault' | 'repairs' | 'repairCount' | 'drift' | 'fence'> {
  const { repair, fault, sight, fence } = look
  return {
    routerFault: fault,
    repairs: repair === null ? before.repairs : [...before.repairs, repair].slice(-MOST_REPAIRS),
    repairCount: before.repairCount + (repair === null ? 0 : 1),
    drift: noteDrift(before, sight, now),
    fence,
  }
}

/** Whether the router alone is reason enough to come back: somebody else has it, it drifts, or a repair is to be told. */
function routerOutcome(
  input: GuardInput,
  before: GuardState,
  state: GuardState,
  look: RouterLook,
): GuardOutcome | null {
  if (look.foreign !== null) return { kind: 'foreign', reason: look.foreign, state }
  const { drift = NO_DRIFT } = state
  const last = state.repairs.at(-1) ?? state.routerFault
  const exposure = { since: input.exposedAt, now: state.lookedAt, last }
  const problem = input.drift == null ? null : driftProblem(input.drift, drift, exposure)
  if (problem !== null) return { kind: 'drifting', reason: problem, state }
  const isFirst = look.repair !== null && (before.drift?.streak ?? 0) === 0
  return isFirst && input.drift !== undefined ? { kind: 'repaired', reason: look.repair, state } : null
}

/** The first look of a guard: what an earlier one knew, with the evidence of this exposure still to come. */
function beginState(input: GuardInput, now: Milliseconds): GuardState {
  const { resume, fence, checks } = input
  const known = resume?.checks ?? {}
  const isNewExposure = resume === null || resume.epoch !== fence.epoch
  const watched = checks.map((check): [string, WatchedCheck] => {
    const earlier = known[check.name]
    if (earlier === undefined) return [check.name, { state: startCheck(check), verdict: NOT_YET }]
    if (!isNewExposure) return [check.name, earlier]
    const verdict = isIncomparable(check, input) ? verdictWithoutStable(earlier.verdict, input) : NOT_YET
    return [check.name, { state: enterExposure(earlier.state as CheckState), verdict }]
  })
  return {
    epoch: fence.epoch,
    checks: Object.fromEntries(watched),
    cursors: resume?.cursors ?? {},
    lookedAt: isNewExposure ? now : resume.lookedAt,
    looks: resume?.looks ?? 0,
    // Blindness is counted per guard: a pause or a new exposure starts it anew, the spans stay for the bake.
    blindSince: null,
    blindSpans: closedSpans(resume),
    share: resume?.share ?? null,
    routerFault: null,
    repairs: resume?.repairs ?? [],
    repairCount: resume?.repairCount ?? 0,
    ...(resume?.drift !== undefined && { drift: resume.drift }),
    ...(resume?.fence !== undefined && { fence: resume.fence }),
    series: resume?.series ?? [],
  }
}

const NOT_YET: Extract<Verdict, { outcome: 'inconclusive' }> = {
  outcome: 'inconclusive',
  cause: 'undecided',
  reason: 'no look at this exposure yet',
  evidence: { judge: 'none', figures: {} },
}

/** With everybody on the canary there is no stable to compare with: what was shown before stands. */
function isIncomparable(check: Check, { exposure }: GuardInput): boolean {
  return exposure.weight === FULL_WEIGHT && comparesWithStable(check)
}

function verdictWithoutStable(before: Verdict, input: GuardInput): Verdict {
  const { canary, stable } = namesOf(input)
  const nobody = `everybody is on ${canary}, so nobody is left on ${stable} to compare with`
  if (before.outcome !== 'pass') return { ...NOT_YET, reason: `${nobody}, and the check had not passed before` }
  // A second exposure at full weight has said so already.
  if (before.reason.startsWith(nobody)) return before
  return { ...before, reason: asSentence(`${nobody}; before: ${before.reason}`) }
}

function closedSpans(state: GuardState | null): readonly BlindSpan[] {
  if (state === null) return []
  if (state.blindSince === null) return state.blindSpans
  return [...state.blindSpans, { from: state.blindSince, to: state.lookedAt }].slice(-MOST_SPANS)
}

type Observations = Readonly<Record<string, Observation>>

async function observeSources(
  { metrics }: TargetAdapters,
  input: GuardInput,
  before: GuardState,
  now: Milliseconds,
  signal: AbortSignal,
): Promise<Observations> {
  const names = [...new Set(input.checks.filter(needsCounts).map(({ source }) => source))]
  const observed = await Promise.all(
    names.map(async (name): Promise<[string, Observation]> => {
      const since = before.cursors[name] ?? null
      const source = metrics[name]
      if (source === undefined) return [name, missingSource(name, since, now)]
      return [name, await source.observe({ roles: input.roles, since, now, notBefore: input.exposedAt }, signal)]
    }),
  )
  return Object.fromEntries(observed)
}

function missingSource(name: string, cursor: Observation['cursor'], now: Milliseconds): Observation {
  const reason = `the target has no metric source ${name} any more`
  const result: MetricResult<ArmCounts> = { kind: 'error', fault: 'unavailable', reason }
  return { stable: result, canary: result, cursor, window: { start: now, end: now } }
}

type Readings = Readonly<Record<string, Readonly<Record<string, ArmReadings>>>>

async function askQueries(
  { metrics }: TargetAdapters,
  input: GuardInput,
  now: Milliseconds,
  signal: AbortSignal,
): Promise<Readings> {
  const asked = input.checks.map(async (check): Promise<[string, Record<string, ArmReadings>]> => {
    const answers = Object.entries(queriesOf(check)).map(
      async ([key, query]): Promise<[string, ArmReadings]> => [
        key,
        await askArms(metrics[check.source], query, input, now, signal),
      ],
    )
    return [check.name, Object.fromEntries(await Promise.all(answers))]
  })
  return Object.fromEntries(await Promise.all(asked))
}

async function askArms(
  source: MetricSource | undefined,
  query: string,
  { roles }: GuardInput,
  now: Milliseconds,
  signal: AbortSignal,
): Promise<ArmReadings> {
  if (source === undefined) {
    const gone = {
      kind: 'error',
      fault: 'unavailable',
      reason: 'the target has no such metric source any more',
    } as const
    return { canary: gone, stable: null }
  }
  const ask = (pool: string) => source.query({ query: query.replaceAll('$pool', pool), now }, signal)
  if (!query.includes('$pool')) return { canary: await ask(roles.canary), stable: null }
  const [canary, stable] = await Promise.all([ask(roles.canary), ask(roles.stable)])
  return { canary, stable }
}

/** A window that is empty, or that began before the exposure was live, sets the starting point and shows nothing. */
function showsNothing({ window, canary, stable }: Observation, input: GuardInput): boolean {
  if (canary.kind === 'error' || stable.kind === 'error') return false
  return window.end <= window.start || window.start < input.exposedAt
}

function stepOne(
  check: Check,
  before: GuardState,
  observations: Observations,
  readings: Readings,
  input: GuardInput,
  at: Milliseconds,
): WatchedCheck {
  const watched = before.checks[check.name] ?? { state: startCheck(check), verdict: NOT_YET }
  if (isIncomparable(check, input)) {
    return watched.verdict === NOT_YET ? { ...watched, verdict: verdictWithoutStable(NOT_YET, input) } : watched
  }
  const observation = observations[check.source]
  if (observation !== undefined && needsCounts(check) && showsNothing(observation, input)) {
    return observation.cursor === null ? { ...watched, verdict: blindFrom(observation) } : watched
  }
  const nothing: MetricResult<ArmCounts> = { kind: 'noData', reason: 'this check asks queries only' }
  const { stable, canary, window } = observation ?? { stable: nothing, canary: nothing, window: { start: at, end: at } }
  const names = namesOf(input)
  const shown: CheckInput = { at, window, stable, canary, readings: readings[check.name] ?? {}, names }
  const stepped = stepCheck(check, watched.state as CheckState, shown)
  if (!input.endsWhenProven) return stepped
  if (startProof(check).kind === 'none') return stepped
  const proof = stepProof(check, (watched.proof?.state as ProofState | undefined) ?? startProof(check), shown)
  return { ...stepped, proof }
}

function blindFrom({ canary, stable }: Observation): WatchedCheck['verdict'] {
  const results = [canary, stable].flatMap((result) => (result.kind === 'value' ? [] : [result.reason]))
  return { ...NOT_YET, cause: 'blind', reason: asSentence(results[0] ?? 'the metric source has no starting point') }
}

interface Look {
  readonly router: RouterLook
  readonly observations: Observations
  readonly checks: Readonly<Record<string, WatchedCheck>>
  readonly share: ReturnType<typeof stepSampleRatio>
}

function nextState(before: GuardState, input: GuardInput, now: Milliseconds, look: Look): GuardState {
  const isBlind = Object.values(look.checks).some(
    ({ verdict }) => verdict.outcome === 'inconclusive' && verdict.cause === 'blind',
  )
  // A blind look says nothing about the time since the last good one, so blindness begins there.
  const blindSince = isBlind ? (before.blindSince ?? before.lookedAt) : null
  const ended = before.blindSince !== null && !isBlind ? [{ from: before.blindSince, to: before.lookedAt }] : []
  const [first] = Object.values(look.observations)
  return {
    epoch: input.fence.epoch,
    checks: look.checks,
    cursors: { ...before.cursors, ...cursorsOf(look.observations) },
    lookedAt: now,
    looks: before.looks + 1,
    blindSince,
    blindSpans: [...before.blindSpans, ...ended].slice(-MOST_SPANS),
    share: look.share.state,
    ...routerPart(before, look.router, now),
    series: first === undefined ? before.series : [...before.series, pointOf(first, now)].slice(-LONGEST_SERIES),
  }
}

function cursorsOf(observations: Observations): GuardState['cursors'] {
  return Object.fromEntries(Object.entries(observations).map(([name, { cursor }]) => [name, cursor]))
}

function pointOf({ canary, stable }: Observation, at: Milliseconds): SeriesPoint {
  return { at, canary: armPoint(canary), stable: armPoint(stable) }
}

function armPoint(result: MetricResult<ArmCounts>): ArmPoint | null {
  if (result.kind !== 'value') return null
  const { requests, errors, latency } = result.value
  return {
    ...{ requests, errors },
    p95Seconds: secondsAt(latency, 0.95),
    p99Seconds: secondsAt(latency, 0.99),
  }
}

function secondsAt(latency: ArmCounts['latency'], quantile: number): number | null {
  return latency === null ? null : (quantileOf(latency, quantile)?.seconds ?? null)
}

/** One in a thousand releases may be paused by chance; half as much or more off is a router that does something else. */
const SHARE_RULE: SampleRatioRule = { alpha: 0.001, tolerance: 0.5, minRequests: 200 }

/** Compares the share of requests that the first source counted with the commanded weight. */
function stepShare(before: GuardState, input: GuardInput, observations: Observations) {
  const state = (before.share as SampleRatioState | null) ?? startSampleRatio()
  const [first] = Object.values(observations)
  const unseen: MetricResult<ArmCounts> = { kind: 'noData', reason: 'nothing was counted' }
  const isUsable = first !== undefined && !showsNothing(first, input)
  const { stable, canary } = isUsable ? first : { stable: unseen, canary: unseen }
  const { weight, cohorts } = input.exposure
  const counted = { weight, hasCohorts: cohorts.length > 0, stable, canary, names: namesOf(input) }
  return stepSampleRatio(SHARE_RULE, state, counted)
}

function outcomeOf(
  input: GuardInput,
  before: GuardState,
  state: GuardState,
  router: RouterLook,
  share: Verdict,
): GuardOutcome | null {
  const ofRouter = routerOutcome(input, before, state, router)
  if (ofRouter?.kind === 'foreign') return ofRouter
  for (const [check, { verdict }] of Object.entries(state.checks)) {
    if (verdict.outcome === 'fail') return { kind: 'failed', check, reason: tellOf(check, verdict), state }
  }
  if (share.outcome === 'fail') return { kind: 'misrouted', reason: share.reason, state }
  const blindFor = state.blindSince === null ? 0 : state.lookedAt - state.blindSince
  if (input.blindLimit !== null && state.blindSince !== null && blindFor >= input.blindLimit) {
    return { kind: 'blind', reason: `no usable data for ${formatDuration(blindFor)}; ${blindReason(state)}`, state }
  }
  if (ofRouter !== null) return ofRouter
  if (input.endsWhenProven && isEverythingProven(input, state)) {
    return { kind: 'proven', reason: provenText(input, state), state }
  }
  return null
}

function isEverythingProven({ checks }: GuardInput, state: GuardState): boolean {
  const watched = checks.map(({ name }) => state.checks[name])
  const isPassing = watched.every((check) => check?.verdict.outcome === 'pass')
  const proofs = watched.flatMap((check) => (check?.proof === undefined ? [] : [check.proof.isProven]))
  // Checks that compare nothing, such as fixed limits, have nothing to prove; but somebody must have.
  return isPassing && proofs.length > 0 && proofs.every(Boolean)
}

function provenText(input: GuardInput, state: GuardState): string {
  const said = Object.values(state.checks).flatMap(({ proof }) => proof?.reason ?? [])
  const claim = `every check has shown that ${namesOf(input).canary} is within what it accepts`
  return asSentence(said.length === 0 ? claim : `${claim}: ${said.join('; ')}`)
}

function blindReason(state: GuardState): string {
  const blind = Object.entries(state.checks).find(
    ([, { verdict }]) => verdict.outcome === 'inconclusive' && verdict.cause === 'blind',
  )
  return blind === undefined ? 'the data has come back' : tellOf(blind[0], blind[1].verdict)
}

function summaryOf(input: GuardInput, state: GuardState): string {
  const verdicts = Object.entries(state.checks).map(([name, { verdict }]) => `${name} ${verdict.outcome}`)
  const fault = state.routerFault === null ? [] : [`router: ${state.routerFault}`]
  return [`look ${state.looks} at ${exposureText(input.exposure)}`, ...verdicts, ...fault].join(', ')
}
