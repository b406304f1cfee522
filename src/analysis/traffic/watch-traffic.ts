import type { ArmCounts, Observation } from '../../domain/observation.ts'
import type { BlindSpan, GuardInput } from '../../domain/release/guard.ts'
import { FULL_WEIGHT, type Instant } from '../../domain/units.ts'
import { needsCounts } from '../checks/needs.ts'
import { isCount, namesOf } from '../read-look.ts'
import { type AnswerLook, type AnswerState, awaitedOf, judgeAnswers, startAnswers } from './answers.ts'
import { type FloorStanding, type FloorState, judgeFloor, startFloor } from './floor.ts'
import type { StablePast } from './past.ts'
import { judgePromisedSplit, type PromisedSplitState, startPromisedSplit } from './promised-split.ts'
import { judgeRestarts, type RestartStanding, type RestartState } from './restarts.ts'
import { learnScale, rememberSent, type SentSample, type SentScale, scaleOf, sentWithin } from './sent.ts'
import { judgeSilence, type SilenceState, startSilence } from './silence.ts'

/** What is known of the traffic beside the checks. Plain JSON. */
export interface TrafficState {
  readonly sent: readonly SentSample[]
  readonly sources: Readonly<Record<string, SourceState>>
  readonly floor: FloorState
  readonly restarts: RestartState
  readonly split: PromisedSplitState
  readonly silence: SilenceState
}

interface SourceState {
  readonly scale: SentScale
  readonly answers: AnswerState
}

interface TrafficSeen {
  readonly at: Instant
  /** By metric source; the first one is asked about everything that is not a check's own. */
  readonly observations: Readonly<Record<string, Observation>>
  /** Requests that the router has sent to each pool since its start, or null where nobody says. */
  readonly served: Readonly<Record<string, number>> | null
  readonly past: Readonly<Record<string, StablePast>>
  /** False when the router was found elsewhere: then the split that was counted says nothing. */
  readonly isRouted: boolean
}

export interface TrafficLook {
  readonly state: TrafficState
  /** As the checks are to see them: with requests that got no answer among the errors. */
  readonly observations: TrafficSeen['observations']
  /** What each pool was sent, as far as anybody knows, else what was seen to end; null without a usable look. */
  readonly sent: { readonly canary: number; readonly stable: number } | null
  readonly floor: FloorStanding
  /** Requests that wait for a canary that has answered nothing lately; null when there are hardly any. */
  readonly awaited: number | null
  readonly restarts: RestartStanding
  readonly splitFault: string | null
  readonly silence: BlindSpan | null
}

/** Nothing before this time counts: when the exposure was read back, or a person's last word. */
export function evidenceStart({ exposedAt, evidenceFrom }: Pick<GuardInput, 'exposedAt' | 'evidenceFrom'>): Instant {
  return Math.max(exposedAt, evidenceFrom ?? exposedAt)
}

/** The state at the first look of a release, of an exposure, or after a person's word (`isRetried`). */
export function startTraffic(from: Instant, known: TrafficState | null, isRetried: boolean): TrafficState {
  const sources = Object.entries(known?.sources ?? {})
  return {
    sent: known?.sent ?? [],
    sources: Object.fromEntries(sources.map(([name, { scale }]) => [name, { scale, answers: startAnswers() }])),
    floor: startFloor(),
    restarts: isRetried ? [] : (known?.restarts ?? []),
    split: startPromisedSplit(),
    silence: startSilence(from, known?.silence ?? null),
  }
}

/** A window that is empty, or that began before anything counts, sets the starting point and shows nothing. */
export function showsNothing({ window, canary, stable }: Observation, input: GuardInput): boolean {
  if (canary.kind === 'error' || stable.kind === 'error') return false
  return window.end <= window.start || window.start < evidenceStart(input)
}

/** One look at the traffic. */
export function watchTraffic(input: GuardInput, before: TrafficState, seen: TrafficSeen): TrafficLook {
  const state = { ...before, sent: samplesOf(input, before, seen) }
  const asked = Object.entries(seen.observations).map(([name, observation]) => {
    const known = before.sources[name] ?? { scale: { sent: 0, ended: 0 }, answers: startAnswers() }
    return { name, ...settle(input, known, observation, state.sent, seen.past[name] ?? null) }
  })
  const [first] = asked
  const settled = { ...state, sources: Object.fromEntries(asked.map((one) => [one.name, one.state])) }
  const observations = Object.fromEntries(asked.map((one) => [one.name, one.observation]))
  if (first === undefined || first.counts === null) return { ...NOTHING, state: settled, observations }
  return judge(input, settled, seen, { ...first.counts, observations, source: first.name })
}

const NOTHING: Omit<TrafficLook, 'state' | 'observations'> = {
  ...{ sent: null, awaited: null, splitFault: null, silence: null },
  ...{ floor: { kind: 'above' }, restarts: { kind: 'none' } },
}

function samplesOf({ roles }: GuardInput, { sent }: TrafficState, { at, served, observations }: TrafficSeen) {
  const [canary, stable] = [served?.[roles.canary], served?.[roles.stable]]
  if (canary === undefined || stable === undefined || !isCount(canary) || !isCount(stable)) return sent
  const ends = Object.values(observations).map(({ window }) => window.start)
  return rememberSent(sent, { at, canary, stable }, Math.min(at, ...ends))
}

/** The counts of a look that can be used. */
interface Counts {
  readonly window: Observation['window']
  readonly canary: ArmCounts
  readonly stable: ArmCounts
  readonly unanswered: number
  readonly awaited: number | null
  readonly sent: { readonly canary: number; readonly stable: number }
}

/** What a source has seen, with the requests that got no answer. */
function settle(
  input: GuardInput,
  known: SourceState,
  observation: Observation,
  samples: readonly SentSample[],
  past: StablePast | null,
): { readonly state: SourceState; readonly observation: Observation; readonly counts: Counts | null } {
  const isFull = input.exposure.weight === FULL_WEIGHT
  const { window, canary } = observation
  // With everybody on the canary, stable's processes may be gone already.
  const stable = observation.stable.kind === 'value' ? observation.stable.value : isFull ? NOBODY : null
  if (showsNothing(observation, input) || canary.kind !== 'value' || stable === null)
    return { state: known, observation, counts: null }
  const seen = canary.value
  if (![seen.requests, seen.errors, stable.requests, stable.errors].every(isCount))
    return { state: known, observation, counts: null }
  // A router counts who got where, and copies get nobody anywhere.
  const routed = input.exposure.mirror === undefined ? samples : []
  const { sent, scale, isExact } = sentIn(known.scale, window, seen, stable, routed)
  const bare = { window, canary: seen, stable, unanswered: 0, awaited: null, sent: sent ?? requestsOf(seen, stable) }
  if (sent === null) return { state: { ...known, scale }, observation, counts: bare }
  const look: AnswerLook = {
    duration: window.end - window.start,
    canary: { started: sent.canary, ended: seen.requests },
    stable: { started: sent.stable, ended: stable.requests },
    usual: past?.latency ?? null,
    isExact,
  }
  const judged = judgeAnswers(known.answers, look)
  const counted = withUnanswered(seen, judged.unanswered, judged.ended)
  return {
    state: { scale, answers: judged.state },
    observation: { ...observation, canary: { kind: 'value', value: counted } },
    counts: { ...bare, canary: counted, unanswered: judged.unanswered, awaited: awaitedOf(judged.state, look) },
  }
}

const NOBODY: ArmCounts = { requests: 0, errors: 0, latency: null, events: {} }

function requestsOf(canary: ArmCounts, stable: ArmCounts) {
  return { canary: canary.requests, stable: stable.requests }
}

/** What was sent in a window: as the source says, else as the router does, in the source's measure; null when nobody knows. */
function sentIn(
  before: SentScale,
  window: Observation['window'],
  canary: ArmCounts,
  stable: ArmCounts,
  samples: readonly SentSample[],
): { readonly sent: Counts['sent'] | null; readonly scale: SentScale; readonly isExact: boolean } {
  const started = { canary: canary.started, stable: stable === NOBODY ? 0 : stable.started }
  if (started.canary !== undefined && started.stable !== undefined) {
    const isPossible = isCount(started.canary) && isCount(started.stable)
    const sent = isPossible ? { canary: started.canary, stable: started.stable } : null
    return { sent, scale: before, isExact: true }
  }
  const routed = sentWithin(samples, window)
  if (routed === null) return { sent: null, scale: before, isExact: false }
  const scale = routed.stable > 0 ? learnScale(before, { sent: routed.stable, ended: stable.requests }) : before
  const factor = scaleOf(scale)
  if (factor === null) return { sent: null, scale, isExact: false }
  return { sent: { canary: routed.canary * factor, stable: routed.stable * factor }, scale, isExact: false }
}

function withUnanswered(canary: ArmCounts, unanswered: number, ended: number): ArmCounts {
  if (unanswered === 0 && ended === 0) return canary
  const requests = Math.max(0, canary.requests - ended) + unanswered
  const errors = Math.max(0, canary.errors - ended) + unanswered
  return { ...canary, requests, errors: Math.min(requests, errors) }
}

function judge(
  input: GuardInput,
  state: TrafficState,
  seen: TrafficSeen,
  look: Counts & { readonly observations: TrafficSeen['observations']; readonly source: string },
): TrafficLook {
  const { window, canary, stable, sent, unanswered } = look
  const names = namesOf(input)
  const past = seen.past[look.source]?.errors
  const floor =
    input.floor === undefined
      ? null
      : judgeFloor(input.floor, state.floor, {
          end: window.end,
          canary: { requests: canary.requests, errors: canary.errors, unanswered },
          stable: { requests: stable.requests, errors: stable.errors },
          past: past === undefined ? null : { requests: past.requests, errors: past.events },
          names,
        })
  const counted = { at: window.end, canary: restartsOf(canary), stable: restartsOf(stable) }
  const restarts = judgeRestarts(state.restarts, counted, names)
  const duration = window.end - window.start
  const split = seen.isRouted
    ? judgePromisedSplit(state.split, { weight: input.exposure.weight, ...sent, duration, names })
    : { state: state.split, fault: null }
  const heard = isAsked(input)
    ? judgeSilence(state.silence, { ...window, requests: sent.canary })
    : { state: state.silence, ended: null }
  const next = { split: split.state, restarts: restarts.state, silence: heard.state }
  return {
    state: { ...state, ...next, floor: floor?.state ?? state.floor },
    observations: look.observations,
    sent,
    awaited: look.awaited,
    floor: floor?.standing ?? { kind: 'above' },
    restarts: restarts.standing,
    splitFault: split.fault,
    silence: heard.ended,
  }
}

function restartsOf({ restarts = 0 }: ArmCounts): number {
  return isCount(restarts) ? restarts : 0
}

/** True when the canary is to be asked something, and some check needs it to be: then silence is no time that was watched. */
function isAsked({ exposure, checks }: GuardInput): boolean {
  const { weight, cohorts, mirror = 0 } = exposure
  return (weight > 0 || cohorts.length > 0 || mirror > 0) && checks.some(needsCounts)
}
