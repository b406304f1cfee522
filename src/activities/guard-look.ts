import { namesOf } from '../analysis/arms.ts'
import { needsCounts } from '../analysis/checks/needs.ts'
import { formatCount } from '../analysis/explain.ts'
import { quantileOf } from '../analysis/histogram.ts'
import { rememberStable } from '../analysis/traffic/past.ts'
import {
  evidenceStart,
  showsNothing,
  startTraffic,
  type TrafficLook,
  type TrafficState,
  watchTraffic,
} from '../analysis/traffic/watch-traffic.ts'
import type { ArmPoint, BlindSpan, GuardInput, GuardOutcome, GuardState, SeriesPoint } from '../domain/release/guard.ts'
import type { ArmCounts, MetricResult, Observation } from '../domain/observation.ts'
import { FULL_WEIGHT, type Instant } from '../domain/units.ts'
import { askQueries, type Observations, observeSources } from './ask-sources.ts'
import { beginWatch, longestGap, MOST_SPANS } from './begin-watch.ts'
import type { TargetAdapters } from './dependencies.ts'
import { outcomeOf, type Shown, summaryOf, usersOutcome } from './guard-outcome.ts'
import { judgeChecks, type StablePasts } from './judge-checks.ts'
import { keepOf, routerOutcome, routerPart } from './judge-router.ts'
import { judgeSplit } from './judge-split.ts'
import { type KeeperRights, keepRouter, quietLook, type RouterLook } from './keep-router.ts'

const LONGEST_SERIES = 120

interface LookResult {
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
  now: Instant,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<LookResult> {
  const begun = before ?? beginWatch(input, now)
  if (input.mode === 'keep') return keepOnce(adapters, input, begun, now, rights, signal)
  const [router, observations, readings] = await Promise.all([
    input.watchesRouter ? keepRouter(adapters.router, keepOf(input, begun), rights, signal) : quietLook(input),
    observeSources(adapters, input, begun, now, signal),
    askQueries(adapters, input, now, signal),
  ])
  const { past, traffic } = seeTraffic(begun, input, now, router, observations)
  const split = judgeSplit(begun, input, traffic, adapters.router.capabilities.sticky, isRouted(router))
  const checks = judgeChecks({ ...begun, past }, traffic.observations, readings, input, now)
  const shown = { router, traffic, split }
  const state = nextState({ ...begun, checks, past }, input, now, shown)
  return { state, outcome: outcomeOf(input, begun, state, shown), text: summaryOf(input, state) }
}

/**
 * One look at the router and at the floor alone, while the plan is paused for something that is known: what the checks had
 * said stays as it was. A canary that is not fit for anybody is none while people think about it either.
 */
async function keepOnce(
  adapters: TargetAdapters,
  input: GuardInput,
  before: GuardState,
  now: Instant,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<LookResult> {
  const [router, observations] = await Promise.all([
    keepRouter(adapters.router, keepOf(input, before), rights, signal),
    input.floor === undefined ? {} : observeSources(adapters, input, before, now, signal),
  ])
  const { past, traffic } = seeTraffic(before, input, now, router, observations)
  const state = { ...before, past, ...trafficPart(before, input, now, traffic), ...routerPart(before, router, now) }
  const ofRouter = routerOutcome(input, before, state, router)
  const outcome = ofRouter?.kind === 'foreign' ? ofRouter : (usersOutcome(traffic, state) ?? ofRouter)
  return { state, outcome, text: summaryOf(input, state) }
}

/** What was counted while the router had drifted says nothing about how it splits when it is right. */
function isRouted({ repair }: RouterLook): boolean {
  return repair === null
}

function seeTraffic(
  before: GuardState,
  input: GuardInput,
  at: Instant,
  router: RouterLook,
  observations: Observations,
): { readonly past: StablePasts; readonly traffic: TrafficLook } {
  const past = rememberPast(before, input, observations)
  const known = (before.traffic as TrafficState | undefined) ?? startTraffic(evidenceStart(input), null, false)
  const seen = { at, observations, served: router.served, past, isRouted: isRouted(router) }
  return { past, traffic: watchTraffic(input, known, seen) }
}

/** What stable has shown so far, with this look, as long as somebody is on it. */
function rememberPast(before: GuardState, input: GuardInput, observations: Observations): StablePasts {
  const known = (before.past ?? {}) as StablePasts
  if (input.exposure.weight === FULL_WEIGHT) return known
  const seen = Object.entries(observations).flatMap(([name, observation]) =>
    observation.stable.kind !== 'value' || showsNothing(observation, input)
      ? []
      : [[name, rememberStable(known[name] ?? null, observation.stable.value)] as const],
  )
  return { ...known, ...Object.fromEntries(seen) }
}

function nextState(before: GuardState, input: GuardInput, now: Instant, shown: Shown): GuardState {
  const { router, traffic, split } = shown
  const [first] = Object.values(traffic.observations)
  return {
    ...before,
    ...trafficPart(before, input, now, traffic),
    ...routerPart(before, router, now),
    ...blindness(before, traffic),
    epoch: input.fence.epoch,
    looksHere: (before.looksHere ?? 0) + (isUsable(input, traffic) ? 1 : 0),
    share: split.state,
    series: first === undefined ? before.series : [...before.series, pointOf(first, now)].slice(-LONGEST_SERIES),
    hold: holdOf(before, input, traffic),
    notices: noticesOf(before, shown),
  }
}

/** A look that has counted something; where no check asks for counts every look is one. */
function isUsable({ checks }: GuardInput, { sent }: TrafficLook): boolean {
  return sent !== null || !checks.some(needsCounts)
}

/** What every look at the traffic adds to the state, also while nothing else is judged. */
function trafficPart(before: GuardState, input: GuardInput, now: Instant, traffic: TrafficLook) {
  const { silentSpans = [], unwatchedSpans = [] } = before
  const unseen = now - before.lookedAt > longestGap(input) ? { from: before.lookedAt, to: now } : null
  return {
    cursors: { ...before.cursors, ...cursorsOf(traffic.observations) },
    lookedAt: now,
    looks: before.looks + 1,
    ...seenUntil(traffic.observations),
    traffic: traffic.state,
    silentSince: traffic.state.silence.silentSince,
    silentSpans: withSpan(silentSpans, traffic.silence),
    unwatchedSpans: withSpan(unwatchedSpans, unseen),
  }
}

/** A look without an answer leaves it where it was. */
function seenUntil(observations: Observations): Pick<GuardState, 'seenUntil'> {
  const ends = Object.values(observations).flatMap(({ canary, window }) =>
    canary.kind === 'value' ? [window.end] : [],
  )
  return ends.length === 0 ? {} : { seenUntil: Math.min(...ends) }
}

/** A blind look says nothing about the time since the last good one, so blindness begins there. */
function blindness(before: GuardState, traffic: TrafficLook) {
  const isUnseen = Object.values(before.checks).some(
    ({ verdict }) => verdict.outcome === 'inconclusive' && verdict.cause === 'blind',
  )
  const isBlind = isUnseen || floorHold(before, traffic) !== null
  const { blindSince, lookedAt, blindSpans } = before
  const ended = blindSince !== null && !isBlind ? { from: blindSince, to: lookedAt } : null
  return { blindSince: isBlind ? (blindSince ?? lookedAt) : null, blindSpans: withSpan(blindSpans, ended) }
}

/** While the canary is below the floor and nobody knows whether that lasts, or whose fault it is, the release goes nowhere. */
function floorHold(before: GuardState, { floor, sent }: TrafficLook): string | null {
  if (floor.kind === 'unclear' || floor.kind === 'suspected') return floor.reason
  return sent === null ? (before.hold ?? null) : null
}

/** Requests that are under way are no bad sign yet; but nothing is over before some of them were answered. */
function holdOf(before: GuardState, input: GuardInput, traffic: TrafficLook): string | null {
  const { awaited } = traffic
  const waiting =
    awaited === null
      ? null
      : `${formatCount(Math.round(awaited))} requests were sent to ${namesOf(input).canary}, and none is answered yet`
  return floorHold(before, traffic) ?? waiting
}

function withSpan(spans: readonly BlindSpan[], span: BlindSpan | null): readonly BlindSpan[] {
  return span === null ? spans : [...spans, span].slice(-MOST_SPANS)
}

function noticesOf(before: GuardState, { traffic, split }: Shown): readonly string[] {
  if (traffic.sent === null) return before.notices ?? []
  return [
    ...(traffic.restarts.kind === 'some' ? [traffic.restarts.reason] : []),
    ...(split.notice === null ? [] : [split.notice]),
  ]
}

function cursorsOf(observations: Observations): GuardState['cursors'] {
  return Object.fromEntries(Object.entries(observations).map(([name, { cursor }]) => [name, cursor]))
}

function pointOf({ canary, stable }: Observation, at: Instant): SeriesPoint {
  return { at, canary: armPoint(canary), stable: armPoint(stable) }
}

function armPoint(result: MetricResult<ArmCounts>): ArmPoint | null {
  if (result.kind !== 'value') return null
  const { requests, errors, latency, missing } = result.value
  return {
    requests,
    errors: missing?.errors === undefined ? errors : null,
    p95Seconds: secondsAt(latency, 0.95),
    p99Seconds: secondsAt(latency, 0.99),
  }
}

function secondsAt(latency: ArmCounts['latency'], quantile: number): number | null {
  return latency === null ? null : (quantileOf(latency, quantile)?.seconds ?? null)
}
