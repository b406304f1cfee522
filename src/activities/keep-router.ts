import { describeError, SluiceError } from '../domain/errors.ts'
import {
  compareFences,
  type Exposure,
  type Fence,
  fenceAbove,
  hasBegunUnseen,
  type PoolRoles,
} from '../domain/exposure.ts'
import { exposureText, holderText } from '../domain/exposure-words.ts'
import type { RouterSight } from '../domain/release/drift.ts'
import type { Instant } from '../domain/units.ts'
import { isRoutedAs, isSplitAs, type ObservedRouting, type Router, routingText } from '../routers/router.ts'
import { applyPermitted, type WritePermit } from './write-permit.ts'

/** What one look at the router has shown, and what was done about it. */
export interface RouterLook {
  /** What was put right, as a sentence; null when nothing had to be. */
  readonly repair: string | null
  /** Who else is in charge of the router, as a sentence; null when nobody is. */
  readonly foreign: string | null
  /** That a release which this installation does not know has it, as a sentence; null when none has. */
  readonly stranger: string | null
  /** Why the router could not be read or put right; null when it could. */
  readonly fault: string | null
  /** What was seen: where it should be, somewhere else, or nothing. */
  readonly sight: RouterSight
  /** Requests each pool has been sent since the router's start; null where nobody says. */
  readonly served: Readonly<Record<string, number>> | null
  /** The fence that was written; above the keeper's own when the router had to be taken over. */
  readonly fence: Fence
}

/** What a keeper holds, and with which fence. */
export interface Keep {
  readonly roles: PoolRoles
  readonly exposure: Exposure
  readonly fence: Fence
  /** Absent where the lane keeps the router. */
  readonly releaseId?: string
}

/** What a keeper needs beside the router itself. */
export interface KeeperRights {
  readonly isHolder: AskHolder
  /** Asked before each write; throws when the keeper's right to write is over. */
  readonly permit: WritePermit
  /** Since when nobody has looked; absent where that cannot be. */
  readonly unseenSince?: Instant
}

/** Whether the keeper is the one who is to hold this router: `unknown` when Temporal cannot say. */
export type AskHolder = () => Promise<'yes' | 'no' | 'unknown'>

/**
 * Reads the router and puts right what has drifted, so that what it shows is what was asked for. A router that has lost
 * what it needs is written as well: the write is absolute. A newer fence is respected only where it belongs to another
 * release of this lane; a fence that nobody owns is overtaken, and that is said, unless a release that began while nobody
 * looked has written it: then the knowledge here is older than the router.
 */
export async function keepRouter(
  router: Router,
  keep: Keep,
  { isHolder, permit, unseenSince }: KeeperRights,
  signal: AbortSignal,
): Promise<RouterLook> {
  const quiet = quietLook(keep)
  try {
    const flags = Object.keys(keep.exposure.flags ?? {})
    const observed = await readOrLost(router, flags, signal)
    const newest = observed === 'lost' ? null : observed.fence
    const isOvertaken = newest !== null && compareFences(newest, keep.fence) > 0
    if (isOvertaken && (await isHolder()) !== 'yes') return { ...quiet, foreign: foreignText(newest) }
    if (isOvertaken && unseenSince !== undefined && hasBegunUnseen(newest, unseenSince, Date.now()))
      return { ...quiet, stranger: strangerText(newest) }
    const wish = { ...keep, fence: isOvertaken ? fenceAbove(newest, keep.fence) : keep.fence }
    if (observed !== 'lost' && !isOvertaken && isRoutedAs(observed, wish)) return { ...quiet, served: observed.served }
    // Flags that cannot be read are no reason to write, and none to leave the router alone either.
    if (observed !== 'lost' && !isOvertaken && isSplitAs(observed, wish) && observed.flagFault !== undefined)
      return { ...quiet, served: observed.served, fault: describeError(observed.flagFault) }
    const { warning } = await applyPermitted(router, wish, permit, signal)
    const was = driftText(observed, keep, newest !== null && isOvertaken ? newest : null)
    const after = await router.read(signal, flags)
    const isRight = isRoutedAs(after, wish)
    const drifted = { ...quiet, fence: wish.fence, sight: 'drifted', served: after.served } as const
    if (isRight) return { ...drifted, repair: `${was}; repaired${warning === null ? '' : `, but ${warning}`}` }
    return { ...drifted, fault: `${was}, and the router does not show the repair` }
  } catch (error) {
    signal.throwIfAborted()
    return { ...quiet, fault: describeError(error), sight: 'unseen' }
  }
}

/** A look at a router that is as it should be. */
export function quietLook({ fence }: Pick<Keep, 'fence'>): RouterLook {
  return { repair: null, foreign: null, stranger: null, fault: null, sight: 'right', served: null, fence }
}

/** What the router shows, or `lost` when it lacks what it should have: then there is nothing to compare with. */
async function readOrLost(
  router: Router,
  flags: readonly string[],
  signal: AbortSignal,
): Promise<ObservedRouting | 'lost'> {
  try {
    return await router.read(signal, flags)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'router.misconfigured') return 'lost'
    throw error
  }
}

function driftText(observed: ObservedRouting | 'lost', keep: Keep, overtaken: Fence | null): string {
  const wanted = exposureText(keep.exposure)
  const holder = holderText(keep.exposure)
  if (observed === 'lost') return `the router had lost its settings, ${wanted} among them`
  const shown = routingText(observed, keep.roles)
  const was = isRoutedAs(observed, keep)
    ? `${holder} was at ${wanted}, set by another program`
    : `${holder} was at ${shown} instead of ${wanted}`
  return overtaken === null ? was : `${was}, with a fence (${fenceText(overtaken)}) that no release owns`
}

function foreignText(fence: Fence): string {
  return `another release has taken the router over (fence ${fenceText(fence)})`
}

function strangerText(fence: Fence): string {
  const began = new Date(fence.release).toISOString()
  return `a release that this installation does not know began at ${began} and has the router (fence ${fenceText(fence)}), as after Temporal's database was restored from a back-up`
}

function fenceText({ release, epoch }: Fence): string {
  return `${release}:${epoch}`
}
