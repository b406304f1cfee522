import { namesOf } from '../analysis/read-look.ts'
import { tellCopies } from '../analysis/traffic/copies.ts'
import { rememberStable } from '../analysis/traffic/past.ts'
import {
  evidenceStart,
  showsNothing,
  startTraffic,
  type TrafficLook,
  type TrafficState,
  watchTraffic,
} from '../analysis/traffic/watch-traffic.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'
import { FULL_WEIGHT, type Instant } from '../domain/units.ts'
import type { Observations } from './ask-sources.ts'
import type { StablePasts } from './judge-checks.ts'
import type { RouterLook } from './keep-router.ts'

/** What was counted while the router had drifted says nothing about how it splits when it is right. */
export function isRouted({ repair }: RouterLook): boolean {
  return repair === null
}

/** What a look shows of the traffic, and what is remembered of stable. */
export function seeTraffic(
  before: GuardState,
  input: GuardInput,
  at: Instant,
  router: RouterLook,
  observations: Observations,
): { readonly past: StablePasts; readonly traffic: TrafficLook } {
  const past = rememberPast(before, input, observations)
  const known = (before.traffic as TrafficState | undefined) ?? startTraffic(evidenceStart(input), null, false)
  const seen = { at, observations, served: router.served, past, isRouted: isRouted(router) }
  const traffic = watchTraffic(input, known, seen)
  return { past, traffic: { ...traffic, floor: sayingCopies(traffic.floor, input) } }
}

function sayingCopies(floor: TrafficLook['floor'], input: GuardInput): TrafficLook['floor'] {
  return 'reason' in floor ? { ...floor, reason: tellCopies(floor.reason, input.exposure, namesOf(input)) } : floor
}

/** What stable has shown so far, with this look, as long as somebody is on it. */
function rememberPast(before: GuardState, input: GuardInput, observations: Observations): StablePasts {
  const known = (before.past ?? {}) as StablePasts
  if (input.exposure.weight === FULL_WEIGHT) return known
  const seen = Object.entries(observations).flatMap(([name, observation]) =>
    observation.stable.kind !== 'value' || showsNothing(observation, input)
      ? []
      : [[name, rememberStable(known[name] ?? null, observation.stable.value, observation.window)] as const],
  )
  return { ...known, ...Object.fromEntries(seen) }
}
