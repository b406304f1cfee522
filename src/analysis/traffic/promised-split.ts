import type { ArmNames } from '../../domain/arm-names.ts'
import { type BasisPoints, FULL_WEIGHT, formatDuration, formatWeight, type Milliseconds } from '../../domain/units.ts'
import { asSentence, formatCount, formatFraction, formatShare } from '../explain.ts'
import { growStretches, type Stretches, spreadOfStretches, startStretches } from './spread.ts'

/**
 * What a router that holds users to their version can be asked. Its weight is a share of users, and users ask as much as
 * they like, so that the share of the requests may be anything; only next to nothing, or next to everything at a small
 * weight, is no split at all. Plain JSON: the requests since the split was last seen to be one.
 */
export interface PromisedSplitState {
  readonly nothing: Run
  readonly everything: Run
  /** How evenly the canary got its share while it got one. Absent in what an older version left behind. */
  readonly evenness?: readonly Stretches[]
}

interface Run {
  readonly canary: number
  readonly stable: number
  readonly time: Milliseconds
}

interface PromisedSplitLook {
  readonly weight: BasisPoints
  readonly canary: number
  readonly stable: number
  readonly duration: Milliseconds
  readonly names: ArmNames
}

/** Requests that the canary should have had before next to none of them means anything. */
const ENOUGH_EXPECTED = 100
/** Requests of both before nearly all of them on the canary mean anything. */
const ENOUGH_REQUESTS = 200
const SHORTEST: Milliseconds = 10_000
/**
 * The same where few users make the share wander: those of the canary may all sleep. Of 40 users who ask by Zipf's law, 20 min
 * at a time, nobody asks of a fifth of them for 10 s in .14 of hours, for 5 min in .04.
 */
const SHORTEST_OF_FEW: Milliseconds = 600_000
/** The share wanders when it varies by so much from minute to minute, beyond chance. */
const WANDERING = 0.05
/** The same from one shorter stretch to the next, which is known sooner and less surely. */
const WANDERING_SOON = 0.08
const MINUTE: Milliseconds = 60_000
/** Less than this part of what the canary should get is next to nothing. */
const NEXT_TO_NOTHING = 0.02
/** More than this share of all requests is next to everything … */
const NEXT_TO_EVERYTHING = 0.95
/** … up to this weight. */
const SMALL_WEIGHT: BasisPoints = 5_000

const EMPTY: Run = { canary: 0, stable: 0, time: 0 }

/** The state when an exposure begins. */
export function startPromisedSplit(): PromisedSplitState {
  return { nothing: EMPTY, everything: EMPTY, evenness: startStretches() }
}

/** One look: the fault as a sentence, or null. */
export function judgePromisedSplit(
  state: PromisedSplitState,
  look: PromisedSplitLook,
): { readonly state: PromisedSplitState; readonly fault: string | null } {
  const share = look.weight / FULL_WEIGHT
  if (!(share > 0 && share < 1)) return { state: startPromisedSplit(), fault: null }
  const nothing = add(state.nothing, look)
  const everything = add(state.everything, look)
  const expected = (nothing.stable * share) / (1 - share)
  const total = everything.canary + everything.stable
  const isNothing = nothing.canary < NEXT_TO_NOTHING * expected
  const isEverything = look.weight <= SMALL_WEIGHT && everything.canary > NEXT_TO_EVERYTHING * total
  const known = state.evenness ?? startStretches()
  const shown = { events: look.canary, requests: look.canary + look.stable }
  const evenness = isNothing ? known : growStretches(known, shown, look.duration)
  const next = { nothing: isNothing ? nothing : EMPTY, everything: isEverything ? everything : EMPTY, evenness }
  if (isNothing && expected >= ENOUGH_EXPECTED && nothing.time >= shortestOf(evenness))
    return { state: next, fault: tellNothing(nothing, look) }
  if (isEverything && total >= ENOUGH_REQUESTS && everything.time >= SHORTEST)
    return { state: next, fault: tellEverything(everything, look) }
  return { state: next, fault: null }
}

/** How long next to nothing must last: a canary whose share has wandered may have lost its few users to sleep. */
function shortestOf(evenness: readonly Stretches[]): Milliseconds {
  const isWandering = spreadOfStretches(evenness).some(
    ({ lasting, deviation }) => deviation >= (lasting < MINUTE ? WANDERING_SOON : WANDERING),
  )
  return isWandering ? SHORTEST_OF_FEW : SHORTEST
}

function add(run: Run, { canary, stable, duration }: PromisedSplitLook): Run {
  return { canary: run.canary + canary, stable: run.stable + stable, time: run.time + duration }
}

function tellNothing({ canary, stable, time }: Run, { weight, names }: PromisedSplitLook): string {
  const counts = `${formatFraction(canary, canary + stable)} in ${formatDuration(time)}`
  return asSentence(
    `${names.canary} gets next to none of the requests (${counts}) at ${formatWeight(weight)}: the router does not send them, or nobody who asks is among these users`,
  )
}

function tellEverything({ canary, stable, time }: Run, { weight, names }: PromisedSplitLook): string {
  const counts = `${formatFraction(canary, canary + stable)} in ${formatDuration(time)}`
  return asSentence(
    `${names.canary} gets nearly all of the requests (${counts}) at ${formatWeight(weight)}: the router does not split them, or nearly all come from these users`,
  )
}

/** Why the share of requests is not the weight although nothing is wrong; a sentence beside the verdicts. */
export function tellUneven(canary: number, stable: number, weight: BasisPoints, { canary: name }: ArmNames): string {
  const share = formatShare(canary / (canary + stable))
  const counts = `${formatCount(canary)} of ${formatCount(canary + stable)}`
  return `${name} gets ${share} of the requests (${counts}) at ${formatWeight(weight)}: a weight is a share of users here, and some ask more than others`
}
