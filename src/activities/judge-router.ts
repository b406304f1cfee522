import { compareFences } from '../domain/exposure.ts'
import { driftProblem, NO_DRIFT, noteDrift } from '../domain/release/drift.ts'
import type { GuardInput, GuardOutcome, GuardState } from '../domain/release/guard.ts'
import type { Instant } from '../domain/units.ts'
import type { Keep, RouterLook } from './keep-router.ts'

const MOST_REPAIRS = 10

/** A router that was taken over is kept with the fence that was written then. */
export function keepOf({ roles, exposure, fence, releaseId }: GuardInput, before: GuardState): Keep {
  const isNewer = before.fence !== undefined && compareFences(before.fence, fence) > 0
  return { roles, exposure, releaseId, fence: isNewer && before.fence !== undefined ? before.fence : fence }
}

/** What a look at the router adds to the state. */
export function routerPart(
  before: GuardState,
  look: RouterLook,
  now: Instant,
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
export function routerOutcome(
  input: GuardInput,
  before: GuardState,
  state: GuardState,
  look: RouterLook,
): GuardOutcome | null {
  if (look.foreign !== null) return { kind: 'foreign', reason: look.foreign, state }
  if (look.stranger !== null) {
    const choice =
      'it is left as it is: resume to take it over, or send everybody to a pool with sluice recover --stable'
    return { kind: 'stranger', reason: `${look.stranger}; ${choice}`, state }
  }
  const { drift = NO_DRIFT } = state
  const last = state.repairs.at(-1) ?? state.routerFault
  const exposure = { since: input.exposedAt, now: state.lookedAt, last }
  const problem = input.drift == null ? null : driftProblem(input.drift, drift, exposure)
  if (problem !== null) return { kind: 'drifting', reason: problem, state }
  const isFirst = look.repair !== null && (before.drift?.streak ?? 0) === 0
  return isFirst && input.drift !== undefined ? { kind: 'repaired', reason: look.repair, state } : null
}
