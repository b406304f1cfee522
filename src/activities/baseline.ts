import { SluiceError } from '../domain/errors.ts'
import { NO_EXPOSURE, NO_FLAGS, type PoolRoles, withFlags } from '../domain/exposure.ts'
import { type FlagReaches, flagsOff, reachIn } from '../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../domain/units.ts'
import type { ObservedRouting } from '../routers/router.ts'
import type { Baseline, BaselineInput } from './activities.ts'

/**
 * Finds the roles of the pools: the pool that has everybody is stable, the other one is the canary. What the lane knows
 * of the pools (`rest`) is believed before the router: a router that says something else has been changed by somebody, or
 * has lost its settings, and a release from there would move users to the version that it was to replace.
 * @throws SluiceError `router.unclear-baseline` when the traffic is split already, or is not where the lane knows it.
 */
export function baselineOf(
  observed: ObservedRouting,
  pools: readonly [string, string],
  own: Pick<BaselineInput, 'turn' | 'rest' | 'flags' | 'isReturn'>,
): Baseline {
  const { rest, turn, flags = [], isReturn = false } = own
  const nobody = observed.isUnrouted === true ? NO_FLAGS : NO_EXPOSURE
  const isFormerLife = observed.fence !== null && observed.fence.release === turn
  // The router is where this release's former life has left it: only the lane knows what it was before.
  // Nobody knows any more what its flags were.
  if (isFormerLife && rest !== null)
    return { roles: rest, exposure: withFlags(nobody, flagsOff(flags)), formerLife: observed.fence }
  const isBlind = isReturn && observed.flagFault !== undefined
  const roles = rolesOf(observed, pools, rest)
  return { roles, exposure: isBlind ? nobody : withFlags(nobody, flagsNow(observed, flags)), formerLife: null }
}

/** Without a router nothing ever changes its role: the first is who is without the flag, the second who has it. */
function rolesOf(
  { split, isUnrouted }: ObservedRouting,
  pools: readonly [string, string],
  rest: PoolRoles | null,
): PoolRoles {
  if (isUnrouted === true) return { stable: pools[0], canary: pools[1] }
  const stable = pools.find((pool) => split[pool] === FULL_WEIGHT)
  const canary = pools.find((pool) => pool !== stable)
  const shares = pools.map((pool) => `${pool} ${(split[pool] ?? 0) / 100}%`).join(', ')
  if (stable === undefined || canary === undefined) throw unclear(shares)
  if (rest !== null && rest.stable !== stable) throw contradicted(shares, rest)
  return { stable, canary }
}

function flagsNow({ flags, flagFault }: ObservedRouting, names: readonly string[]): FlagReaches {
  if (names.length > 0 && flagFault !== undefined) throw flagFault
  return Object.fromEntries(names.map((name) => [name, reachIn(flags, name) ?? missing(name)]))
}

function missing(name: string): never {
  throw new SluiceError('flag.unknown', {
    message: `the flag store has no flag ${name}`,
    fix: 'create the flag there, or correct its name in the plan',
  })
}

function unclear(received: string): SluiceError {
  return new SluiceError('router.unclear-baseline', {
    message: 'traffic was already split before the release began, so it is not clear which pool is stable',
    expected: 'one pool with 100%',
    received,
    fix: 'send all traffic to the stable pool, then start again',
  })
}

function contradicted(received: string, { stable }: PoolRoles): SluiceError {
  return new SluiceError('router.unclear-baseline', {
    message: 'the router sends everybody to a different pool from the one that the last release left them on',
    expected: `${stable} 100%`,
    received,
    fix: 'wait until the lane has repaired it, or name the right pool with `sluice recover --stable`',
  })
}
