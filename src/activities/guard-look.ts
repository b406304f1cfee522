import type { GuardInput, GuardOutcome, GuardState } from '../domain/release/guard.ts'
import type { Instant } from '../domain/units.ts'
import { askQueries, observeSources } from './ask-sources.ts'
import { beginWatch } from './begin-watch.ts'
import type { Watched } from './dependencies.ts'
import { isOthers, outcomeOf, summaryOf, usersOutcome, versionOutcome } from './guard-outcome.ts'
import { nextState, trafficPart } from './guard-state.ts'
import { judgeChecks } from './judge-checks.ts'
import { keepOf, routerOutcome, routerPart } from './judge-router.ts'
import { judgeSplit } from './judge-split.ts'
import { type KeeperRights, keepRouter, quietLook } from './keep-router.ts'
import { proofPart, proveAgain } from './prove-again.ts'
import { noisesAt } from './read-noise.ts'
import { seasonsAt } from './read-seasons.ts'
import { isRouted, seeTraffic } from './see-traffic.ts'

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
  adapters: Watched,
  input: GuardInput,
  before: GuardState | null,
  now: Instant,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<LookResult> {
  const begun = before ?? beginWatch(input, now)
  if (input.mode === 'keep') return keepOnce(adapters, input, begun, now, rights, signal)
  const [router, observations, readings, proof] = await Promise.all([
    input.watchesRouter ? keepRouter(adapters.router, keepOf(input, begun), rights, signal) : quietLook(input),
    observeSources(adapters, input, begun, now, signal),
    askQueries(adapters, input, now, signal),
    proveAgain(adapters, input, begun, now, signal),
  ])
  const { past, traffic } = seeTraffic(begun, input, now, router, observations)
  const seasons = seasonsAt(adapters, input, begun, now)
  // A look goes by what was read before it.
  const noises = noisesAt(adapters, input, begun, now)
  const split = judgeSplit(begun, input, traffic, adapters.router.capabilities.sticky, isRouted(router))
  const checks = judgeChecks({ ...begun, past, seasons }, traffic.observations, readings, input, now)
  const shown = { router, traffic, split, proof }
  const state = nextState({ ...begun, checks, past, seasons, noises }, input, now, shown)
  return { state, outcome: outcomeOf(input, begun, state, shown), text: summaryOf(input, state) }
}

/**
 * One look at the router and at the floor alone, while the plan is paused for something that is known: what the checks had
 * said stays as it was. A canary that is not fit for anybody is none while people think about it either.
 */
async function keepOnce(
  adapters: Watched,
  input: GuardInput,
  before: GuardState,
  now: Instant,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<LookResult> {
  const [router, observations, proof] = await Promise.all([
    input.watchesRouter ? keepRouter(adapters.router, keepOf(input, before), rights, signal) : quietLook(input),
    input.floor === undefined ? {} : observeSources(adapters, input, before, now, signal),
    proveAgain(adapters, input, before, now, signal),
  ])
  const { past, traffic } = seeTraffic(before, input, now, router, observations)
  const state = {
    ...{ ...before, past, ...trafficPart(before, input, now, traffic), ...routerPart(before, router, now) },
    ...proofPart(before, proof, now),
  }
  const ofRouter = routerOutcome(input, before, state, router)
  const outcome = isOthers(ofRouter)
    ? ofRouter
    : (usersOutcome(traffic, state) ?? versionOutcome(proof, state) ?? ofRouter)
  return { state, outcome, text: summaryOf(input, state) }
}
