import { SluiceError } from '../domain/errors.ts'
import { NO_EXPOSURE } from '../domain/exposure.ts'
import { FULL_WEIGHT } from '../domain/units.ts'
import type { ObservedRouting } from '../routers/router.ts'
import type { Baseline } from './activities.ts'

/**
 * Finds the roles of the pools: the pool that has everybody is stable, the other one is the canary.
 * @throws SluiceError `router.unclear-baseline` when the traffic is split already.
 */
export function baselineOf(observed: ObservedRouting, pools: readonly [string, string]): Baseline {
  const stable = pools.find((pool) => observed.split[pool] === FULL_WEIGHT)
  const canary = pools.find((pool) => pool !== stable)
  if (stable === undefined || canary === undefined) {
    const split = pools.map((pool) => `${pool} ${(observed.split[pool] ?? 0) / 100}%`).join(', ')
    throw new SluiceError('router.unclear-baseline', {
      message: 'the traffic is split before the release has begun, so nobody can say which pool is stable',
      expected: 'one pool with 100%',
      received: split,
      fix: 'send all traffic to the stable pool, then start again',
    })
  }
  return { roles: { stable, canary }, exposure: NO_EXPOSURE }
}
