import { NO_EXPOSURE } from '../domain/exposure.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import type { Router } from '../routers/router.ts'
import type { HoldInput, HoldOutcome } from './activities.ts'
import { type KeeperRights, keepRouter } from './keep-router.ts'

/** A keeper that cannot see its router says so after this many looks: one may be a moment's trouble. */
const FAULTS_BEFORE_TELLING = 3
/** A hand that writes again and again is told of this often. */
const TELL_EVERY: Milliseconds = 300_000

/** What a lane's keeper knows between two looks: plain JSON, in its heartbeat. */
export interface HoldState {
  /** Repairs that were not told yet, and the last of them. */
  readonly repairs: number
  readonly text: string
  /** Looks in a row that could not see the router. */
  readonly faults: number
  /** The fence that was written last. */
  readonly fence: HoldInput['fence']
}

interface HoldLook {
  readonly state: HoldState
  /** Null while there is nothing to tell. */
  readonly outcome: HoldOutcome | null
}

/** One look of the lane's keeper: everybody belongs on the stable pool, and is put back there. */
export async function holdOnce(
  router: Router,
  input: HoldInput,
  before: HoldState | null,
  now: Instant,
  rights: KeeperRights,
  signal: AbortSignal,
): Promise<HoldLook> {
  const known = before ?? { repairs: 0, text: '', faults: 0, fence: input.fence }
  const keep = { roles: input.roles, exposure: NO_EXPOSURE, fence: known.fence }
  const { repair, fault, fence, stranger } = await keepRouter(router, keep, rights, signal)
  const state: HoldState = {
    repairs: known.repairs + (repair === null ? 0 : 1),
    text: repair ?? known.text,
    faults: fault === null ? 0 : known.faults + 1,
    fence,
  }
  if (stranger !== null) return { state, outcome: { kind: 'stranger', text: stranger } }
  return { state, outcome: outcomeOf(input, state, fault, now) }
}

function outcomeOf(input: HoldInput, state: HoldState, fault: string | null, now: Instant): HoldOutcome | null {
  const isDue = input.toldAt === null || now - input.toldAt >= TELL_EVERY
  if (state.repairs > 0 && isDue)
    return { kind: 'repaired', text: state.text, times: state.repairs, fence: state.fence }
  if (fault !== null && input.fault === null && state.faults >= FAULTS_BEFORE_TELLING)
    return { kind: 'faulty', text: fault }
  if (fault === null && input.fault !== null) return { kind: 'well' }
  return null
}
