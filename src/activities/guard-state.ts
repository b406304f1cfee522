import { needsCounts } from '../analysis/checks/needs.ts'
import { formatCount } from '../analysis/explain.ts'
import { harmEvidence } from '../analysis/harm/of-checks.ts'
import { weighRaise } from '../analysis/harm/weigh-raise.ts'
import { namesOf } from '../analysis/read-look.ts'
import type { TrafficLook } from '../analysis/traffic/watch-traffic.ts'
import { blindnessOf } from '../domain/plan/consequences.ts'
import type { BlindSpan, GuardInput, GuardState } from '../domain/release/guard.ts'
import type { Instant } from '../domain/units.ts'
import type { Observations } from './ask-sources.ts'
import { longestGap, MOST_SPANS } from './begin-watch.ts'
import type { Shown } from './guard-outcome.ts'
import { routerPart } from './judge-router.ts'
import { proofPart } from './prove-again.ts'
import { pointOf } from './series-point.ts'

/** Points of the series that are kept. */
const LONGEST_SERIES = 120

/** All the guard knows after a look at everything. */
export function nextState(before: GuardState, input: GuardInput, now: Instant, shown: Shown): GuardState {
  const { router, traffic, split, proof } = shown
  const proven = proofPart(before, proof, now)
  const [first] = Object.values(traffic.observations)
  return {
    ...before,
    ...trafficPart(before, input, now, traffic),
    ...routerPart(before, router, now),
    ...blindness(before, input, traffic),
    epoch: input.fence.epoch,
    looksHere: (before.looksHere ?? 0) + (isUsable(input, traffic) ? 1 : 0),
    share: split.state,
    series: first === undefined ? before.series : [...before.series, pointOf(first, now)].slice(-LONGEST_SERIES),
    hold: holdOf(before, input, traffic),
    ...proven,
    ...raisePart(before, input, noticesOf(before, shown, proven)),
  }
}

/** The raise of a ramp is weighed by what this look has left of the checks; it is news as well. */
function raisePart(
  before: GuardState,
  input: GuardInput,
  notices: readonly string[],
): Pick<GuardState, 'notices' | 'raise'> {
  if (input.raise === undefined) return { notices }
  const raise = weighRaise(input.raise, harmEvidence(input.checks, before.checks), namesOf(input))
  return { raise, notices: [...notices.filter((notice) => notice !== before.raise?.reason), raise.reason] }
}

/** A look that has counted something; where no check asks for counts every look is one. */
function isUsable({ checks }: GuardInput, { sent }: TrafficLook): boolean {
  return sent !== null || !checks.some(needsCounts)
}

/** What every look at the traffic adds to the state, also while nothing else is judged. */
export function trafficPart(before: GuardState, input: GuardInput, now: Instant, traffic: TrafficLook) {
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
function blindness(before: GuardState, { checks }: GuardInput, traffic: TrafficLook) {
  const isUnseen = checks.some((check) => {
    const verdict = before.checks[check.name]?.verdict
    return blindnessOf(check) !== 'warn' && verdict?.outcome === 'inconclusive' && verdict.cause === 'blind'
  })
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

function noticesOf(
  before: GuardState,
  { traffic, split }: Shown,
  { lastProof }: Pick<GuardState, 'lastProof'>,
): readonly string[] {
  const known = before.lastProof?.unknown ?? null
  const unproven = typeof lastProof?.unknown === 'string' ? [lastProof.unknown] : []
  const others = (before.notices ?? []).filter((notice) => notice !== known)
  if (traffic.sent === null) return [...others, ...unproven]
  return [
    ...(traffic.restarts.kind === 'some' ? [traffic.restarts.reason] : []),
    ...(split.notice === null ? [] : [split.notice]),
    ...unproven,
  ]
}

function cursorsOf(observations: Observations): GuardState['cursors'] {
  return Object.fromEntries(Object.entries(observations).map(([name, { cursor }]) => [name, cursor]))
}
