import type { RouterCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import { compareFences, type Fence } from '../domain/exposure.ts'
import { fencedError } from '../domain/fenced-error.ts'
import { FULL_WEIGHT } from '../domain/units.ts'
import type { DesiredRouting } from './router.ts'

/**
 * Refuses a wish that the adapter cannot take at all: `router.misconfigured` for pools it does not know,
 * `router.refused` for a weight outside 0 to 10000 or between its steps, or for cohorts or copies where it has none.
 */
export function checkWish(
  wish: DesiredRouting,
  pools: readonly [string, string],
  capabilities: Pick<RouterCapabilities, 'weightStep' | 'cohorts' | 'mirror'>,
): void {
  checkPools(wish, pools)
  const { weight, cohorts, mirror } = wish.exposure
  const { weightStep } = capabilities
  if (!Number.isInteger(weight) || weight < 0 || weight > FULL_WEIGHT || weight % weightStep !== 0) {
    throw new SluiceError('router.refused', {
      message: 'the router cannot set this weight',
      expected: `a whole number of basis points from 0 to ${FULL_WEIGHT}, a multiple of ${weightStep}`,
      received: String(weight),
      fix: 'use a weight the router can set',
    })
  }
  if (cohorts.length > 0 && !capabilities.cohorts) {
    throw new SluiceError('router.refused', {
      message: 'the router cannot send cohorts to a pool',
      expected: 'no cohorts',
      received: cohorts.join(', '),
      fix: 'use a router with cohorts, or leave the cohort steps out',
    })
  }
  if (mirror === undefined) return
  if (capabilities.mirror === true && Number.isInteger(mirror) && mirror > 0 && mirror <= FULL_WEIGHT) return
  throw new SluiceError('router.refused', {
    message: 'the router cannot send a pool copies of this share of the requests',
    expected: capabilities.mirror === true ? `a whole number of basis points from 1 to ${FULL_WEIGHT}` : 'no copies',
    received: String(mirror),
    fix: 'use a router that can mirror, or leave the mirror steps out',
  })
}

/** Throws `router.fenced` when `fence` is older than the newest one the router has taken. */
export function checkFence(fence: Fence, newest: Fence | null): void {
  if (newest === null || compareFences(fence, newest) >= 0) return
  throw fencedError(fence, newest)
}

function checkPools({ roles }: DesiredRouting, pools: readonly [string, string]): void {
  const isKnown = pools.includes(roles.stable) && pools.includes(roles.canary) && roles.stable !== roles.canary
  if (isKnown) return
  throw new SluiceError('router.misconfigured', {
    message: 'the router lacks a pool that the release names',
    expected: `${pools[0]} and ${pools[1]}, one as stable and one as canary`,
    received: `stable ${roles.stable}, canary ${roles.canary}`,
    fix: 'name the pools of the target in sluice.yaml as the router knows them',
  })
}
