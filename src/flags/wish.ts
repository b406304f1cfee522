import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import { compareFences, type Fence } from '../domain/exposure.ts'
import { fencedError } from '../domain/fenced-error.ts'
import { FULL_WEIGHT } from '../domain/units.ts'
import type { FlagWish } from './flag-store.ts'

/** Refuses a wish that the store cannot take at all, with `flag.refused`: a share between its steps, or cohorts where it has none. */
export function checkReaches({ flags }: FlagWish, { weightStep, cohorts: hasCohorts }: FlagStoreCapabilities): void {
  for (const [name, { weight, cohorts }] of Object.entries(flags)) {
    if (!Number.isInteger(weight) || weight < 0 || weight > FULL_WEIGHT || weight % weightStep !== 0) {
      throw new SluiceError('flag.refused', {
        message: `the flag store cannot set this share of the flag ${name}`,
        expected: `a whole number of basis points from 0 to ${FULL_WEIGHT}, a multiple of ${weightStep}`,
        received: String(weight),
        fix: 'use a share that the store can set',
      })
    }
    if (cohorts.length > 0 && !hasCohorts) {
      throw new SluiceError('flag.refused', {
        message: `the flag store cannot give the flag ${name} to cohorts`,
        expected: 'no cohorts',
        received: cohorts.join(', '),
        fix: 'use a flag store with cohorts, or leave them out',
      })
    }
  }
}

/** Throws `flag.fenced` when `fence` is older than the newest one that the flags have taken. */
export function checkFence(fence: Fence, newest: Fence | null): void {
  if (newest === null || compareFences(fence, newest) >= 0) return
  throw fencedError(fence, newest, 'flag store')
}
