import type { RouterCapabilities } from '../domain/capabilities.ts'
import type { SluiceError } from '../domain/errors.ts'
import type { Exposure, Fence, PoolRoles } from '../domain/exposure.ts'
import { exposureText } from '../domain/exposure-words.ts'
import { type FlagReaches, flagsText, isSameReach } from '../domain/flag-reach.ts'
import type { PoolHealth } from '../domain/release/pool-health.ts'
import { releaseName } from '../domain/target.ts'
import { type BasisPoints, FULL_WEIGHT, formatWeight } from '../domain/units.ts'

/** One whole wish: which pools play which role, who is on the canary, and the fence that orders writes. */
export interface DesiredRouting {
  readonly roles: PoolRoles
  readonly exposure: Exposure
  readonly fence: Fence
  /** Whose try-it tickets are let in where the exposure has them. */
  readonly releaseId?: string
}

/** What a router is doing now, as read from the live system. */
export interface ObservedRouting {
  /** Share of each pool in basis points; sums to 10000. */
  readonly split: Readonly<Record<string, BasisPoints>>
  /** Present where the target has no router: nothing is split, and flags alone say who gets what. */
  readonly isUnrouted?: true
  /** The pool each cohort is pinned to; a cohort that is not pinned is absent. */
  readonly cohorts: Readonly<Record<string, string>>
  /** The release whose try-it tickets are let in; null or absent: none. */
  readonly tickets?: string | null
  /** The pool that gets copies of what the other one is asked, and of which share; null or absent: none. */
  readonly mirror?: Mirrored | null
  /** The newest fence the router has taken, or null when it never took one. */
  readonly fence: Fence | null
  /**
   * What another hand has left behind that is not in force but could come in force without a word, as a sentence; null
   * when there is nothing.
   */
  readonly flaw: string | null
  /** Changes when the router restarts or reloads; equal values mean it has been up all the while. */
  readonly incarnation: string
  /** Requests each pool has been sent since the router's start, answered or not; null where the router does not say. */
  readonly served: Readonly<Record<string, number>> | null
  /** What the flags are that were asked for, as read from their store; absent where none was, or they could not be read. */
  readonly flags?: FlagReaches
  /** Why they could not be read; absent when they could. */
  readonly flagFault?: SluiceError
}

/** Where copies of requests go, and of which share of them, in basis points. */
interface Mirrored {
  readonly pool: string
  readonly share: BasisPoints
}

/**
 * Called right before each command that leads to a change, in the same moment as it is sent; throws `router.stale-write`
 * when the caller's right to write is over. A permit lasts for about a second: an adapter that waits longer than that
 * before it writes will hear no.
 */
export type Permit = () => void

/** What an adapter has to say about a change that it has made. */
export interface Applied {
  /** What people should know although the routing is live, as a sentence; null when there is nothing. */
  readonly warning: string | null
}

/**
 * The port to anything that splits traffic between two pools of one target. One instance serves one target.
 *
 * Promises of every adapter, checked by `test/contracts/router-contract.ts`:
 * 1. `apply` is absolute and idempotent: applying the same wish twice equals once.
 * 2. `apply` with a fence older than the newest one taken throws `router.fenced` and changes nothing.
 * 3. `apply` raises the new side before it lowers the old one, or changes both at once: no request is lost.
 * 4. `read` answers from the live router, never from memory.
 * 5. Both end when `signal` aborts, throwing the signal's reason; a write that was cut off may still land.
 * 6. Failures are `SluiceError`s: `router.unreachable` (no answer in time), `router.refused` (the router said no),
 *    `router.misconfigured` (it lacks a pool or map that the target names).
 * 7. `apply` calls `permit` right before each command of each attempt; when it throws, that is what `apply` throws, and
 *    nothing is sent any more: a process that was frozen in the middle of a write does not go on with it.
 * 8. `apply` needs nothing of what the router shows but its newest fence, and one that cannot be read is none: a router that
 *    has lost its settings, or cannot be read as a whole, is written all the same.
 *
 * Whatever answers in the place of a router is told by what it says, never as one that did not answer.
 */
export interface Router {
  readonly capabilities: RouterCapabilities
  /** Reads the live routing, and these feature flags where the target has a store for them. */
  read(signal: AbortSignal, flags?: readonly string[]): Promise<ObservedRouting>
  /** Asks for the wish. Returning means that the router has acknowledged it, not that it is live: callers read back. */
  apply(wish: DesiredRouting, signal: AbortSignal, permit?: Permit): Promise<Applied>
  /**
   * How many servers of each pool it would send requests to now. Present where `capabilities.health` says so. Fails as `read`
   * does, and with `router.misconfigured` where it does not look after its servers.
   */
  health?(signal: AbortSignal): Promise<Readonly<Record<string, PoolHealth>>>
  /** Frees sockets and timers. */
  close(): Promise<void>
}

/** The share of each pool that the wish asks for. */
export function splitOf({ roles, exposure }: Pick<DesiredRouting, 'roles' | 'exposure'>): Record<string, BasisPoints> {
  return { [roles.stable]: FULL_WEIGHT - exposure.weight, [roles.canary]: exposure.weight }
}

/** The pool each cohort is pinned to by the wish. */
export function pinsOf({ roles, exposure }: Pick<DesiredRouting, 'roles' | 'exposure'>): Record<string, string> {
  return Object.fromEntries(exposure.cohorts.map((cohort) => [cohort, roles.canary]))
}

/**
 * True when the live routing is what the wish asks for, and nothing beside it: the whole split, exactly the cohorts of the
 * wish, each on the canary, its share of copies or none, and the tickets of its release or none. The fence is not compared.
 */
export function isRoutedAs(observed: ObservedRouting, wish: Omit<DesiredRouting, 'fence'>): boolean {
  return isSplitAs(observed, wish) && areFlagsAs(observed, wish.exposure)
}

/** The same of the router alone, whatever the flags are. */
export function isSplitAs(observed: ObservedRouting, wish: Omit<DesiredRouting, 'fence'>): boolean {
  if (observed.isUnrouted === true) return true
  return (
    isSame(observed.split, splitOf(wish), 0) &&
    isSame(observed.cohorts, pinsOf(wish), null) &&
    (observed.tickets ?? null) === ticketsOf(wish) &&
    isSameMirror(observed.mirror ?? null, mirrorOf(wish)) &&
    observed.flaw === null
  )
}

function areFlagsAs({ flags: seen = {} }: ObservedRouting, { flags = {} }: DesiredRouting['exposure']): boolean {
  return Object.entries(flags).every(([name, reach]) => {
    const found = Object.hasOwn(seen, name) ? seen[name] : undefined
    return found !== undefined && isSameReach(found, reach)
  })
}

/** The copies that the wish asks for, or null. */
export function mirrorOf({ roles, exposure }: Pick<DesiredRouting, 'roles' | 'exposure'>): Mirrored | null {
  return exposure.mirror === undefined ? null : { pool: roles.canary, share: exposure.mirror }
}

function isSameMirror(left: Mirrored | null, right: Mirrored | null): boolean {
  return left?.pool === right?.pool && left?.share === right?.share
}

/** The release whose tickets the wish lets in, or null. */
export function ticketsOf({ exposure, releaseId }: Pick<DesiredRouting, 'exposure' | 'releaseId'>): string | null {
  return exposure.tickets === true ? (releaseId ?? null) : null
}

/**
 * What the router shows, for a person: `5% and beta` where that is all there is to say, else with the cohorts that are
 * pinned elsewhere, or with the whole split where it is none of these two pools.
 */
export function routingText(
  {
    split,
    isUnrouted,
    cohorts,
    flaw,
    tickets,
    mirror = null,
    flags = {},
    flagFault,
  }: Omit<ObservedRouting, 'fence' | 'incarnation' | 'served'>,
  roles: PoolRoles,
): string {
  const ofFlags = Object.keys(flags).length === 0 ? [] : [flagsText(flags)]
  const unknown = flagFault === undefined ? [] : [`the flags are not known: ${flagFault.message}`]
  if (isUnrouted === true) return [...ofFlags, ...unknown].join(', ')
  const weight = split[roles.canary] ?? 0
  const pins = Object.entries(cohorts).sort(([left], [right]) => (left < right ? -1 : 1))
  const onCanary = pins.flatMap(([cohort, pool]) => (pool === roles.canary ? [cohort] : []))
  const elsewhere = pins.flatMap(([cohort, pool]) => (pool === roles.canary ? [] : [`${cohort} on ${pool}`]))
  const isOfBoth = isSame(split, splitOf({ roles, exposure: { weight, cohorts: [] } }), 0)
  const shares = Object.entries(split).map(([pool, share]) => `${pool} ${share / 100}%`)
  const exposure = isOfBoth ? [exposureText({ weight, cohorts: onCanary })] : [...shares, ...onCanary]
  const letIn = typeof tickets === 'string' ? [`try-it tickets of ${releaseName(tickets)}`] : []
  const copies = mirror === null ? [] : [`copies of ${formatWeight(mirror.share)} to ${mirror.pool}`]
  return [
    ...exposure,
    ...elsewhere,
    ...letIn,
    ...copies,
    ...(flaw === null ? [] : [flaw]),
    ...ofFlags,
    ...unknown,
  ].join(', ')
}

/** True when both say the same of every name; `absent` is what a name that is not there means. */
function isSame<T>(left: Readonly<Record<string, T>>, right: Readonly<Record<string, T>>, absent: T | null): boolean {
  const of = (record: Readonly<Record<string, T>>, name: string) =>
    Object.hasOwn(record, name) ? record[name] : absent
  return [...Object.keys(left), ...Object.keys(right)].every((name) => of(left, name) === of(right, name))
}
