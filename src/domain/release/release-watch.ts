import { usesCanary } from '../exposure.ts'
import type { Plan } from '../plan/plan.ts'
import { driftPolicyOf, floorOf } from '../plan/plan-policies.ts'
import { raiseAt } from '../plan/raises.ts'
import { type GuardInput, RESTARTS } from './guard.ts'
import { restIn } from './pauses.ts'
import { evidenceSince, isEnded, isWatching, type ReleaseState, wasExposed } from './release-state.ts'
import { checksAt, warmUpOfLive } from './warm-up.ts'

/** True where a check with a consequence of its own stands guard while people think about the failure of another. */
function mayRollBack({ checks }: Plan): boolean {
  return checks.some(({ onFail }) => onFail === 'rollback')
}

/** What takes the release back while the failure of another check has paused it. */
function actingIn(state: ReleaseState, plan: Plan): readonly string[] {
  const checks = checksAt(state, plan).filter(({ onFail }) => onFail === 'rollback')
  return [...checks.map(({ name }) => name), ...(plan.onFail === 'rollback' ? [RESTARTS] : [])]
}

/** Nobody has the new version, and nothing but waits and calls come before somebody does: there is no canary to judge yet. */
function isBeforeAnybody(state: ReleaseState, { actions }: Plan): boolean {
  const next = actions
    .slice(state.position)
    .find(({ kind }) => kind === 'expose' || kind === 'bake' || kind === 'judge')
  return !wasExposed(state) && next?.kind === 'expose'
}

/**
 * What the guard is to do in this state of the release. While the plan is paused it never ends by itself for what people
 * know already: missing data waits as long as the pause, and drift is put right without another alarm.
 */
export function watchFor(state: ReleaseState, plan: Plan): Partial<GuardInput> {
  if (isWatching(state)) return watchAfter(state, plan)
  const { pause, isSplitSettled } = state
  const evidenceFrom = evidenceSince(state)
  const always = {
    ...{ floor: floorOf(plan), splitSettled: isSplitSettled, ...warmUpOfLive(state, plan) },
    ...(evidenceFrom !== null && { evidenceFrom }),
  }
  if (isBeforeAnybody(state, plan)) return { ...always, mode: 'keep', drift: null, blindLimit: null }
  if (pause === null) {
    const raise = raiseAt(state.position, plan.actions)
    return { ...always, mode: 'judge', drift: driftPolicyOf(plan), ...(raise !== null && { raise }) }
  }
  const rest = restIn(pause)
  if (rest === 'everything' || rest === 'judging-and-floor') {
    const { floor: _, ...known } = always
    return { ...known, mode: 'keep', watchesRouter: rest !== 'everything', drift: null, blindLimit: null }
  }
  if (pause.cause === 'failed-check' && mayRollBack(plan)) {
    // A split that looks wrong is one more reason to pause, and told once somebody goes on.
    return {
      ...always,
      mode: 'judge',
      acting: actingIn(state, plan),
      splitSettled: true,
      drift: null,
      blindLimit: null,
    }
  }
  return { ...always, mode: rest === 'judging' ? 'keep' : 'judge', drift: null, blindLimit: null }
}

/**
 * True where the canary must go on proving its version: until the release ends, and in a pause only where another version is more
 * than one more reason to pause.
 */
export function mustProveVersion(state: ReleaseState, { proof, onFail }: Pick<Plan, 'proof' | 'onFail'>): boolean {
  const { live, pause } = state
  return proof !== undefined && !isEnded(state) && usesCanary(live) && (pause === null || onFail === 'rollback')
}

/** What is named in the story where the floor, or missing data, is told once. */
export const FLOOR = 'floor'
export const NO_DATA = 'no data'

/**
 * The watch over a promoted version: it only judges. The lane keeps the router, and what was told once ends no watch again.
 */
function watchAfter(state: ReleaseState, plan: Plan): Partial<GuardInput> {
  const { told = [] } = state.watching ?? {}
  const names = [...plan.checks.map(({ name }) => name), RESTARTS]
  return {
    ...{ mode: 'judge', watchesRouter: false, splitSettled: true, drift: null, ...warmUpOfLive(state, plan) },
    ...(!told.includes(FLOOR) && { floor: floorOf(plan) }),
    ...(told.includes(NO_DATA) && { blindLimit: null }),
    acting: names.filter((name) => !told.includes(name)),
  }
}
