import { SluiceError } from '../domain/errors.ts'
import { type Fence, fenceAbove } from '../domain/exposure.ts'
import { fenceOf } from '../domain/fenced-error.ts'
import type { Router } from '../routers/router.ts'
import type { ExposeInput, ExposeResult } from './activities.ts'
import { applyAndReadBack } from './expose.ts'
import type { AskHolder } from './keep-router.ts'
import type { WritePermit } from './write-permit.ts'

/** How often a router is taken over before that counts as a failure. */
const MOST_TRIES = 3

/**
 * Makes an exposure live for whoever is to hold the router. A router that shows a newer fence is another's only where
 * another release of this lane owns it; a fence that nobody owns is overtaken, and the way back never waits for an answer
 * to that question.
 * @throws SluiceError `router.fenced` when another release owns the router; `release.second-life` when a former life of
 *   this release had got further than it knows; else the router's own errors.
 */
export async function takeRouter(
  router: Router,
  input: ExposeInput,
  isHolder: AskHolder,
  permit: WritePermit,
  signal: AbortSignal,
): Promise<ExposeResult> {
  const { direction = 'forward' } = input
  let overtook: Fence | null = null
  for (let tries = 1; ; tries += 1) {
    const fence = overtook === null ? input.fence : fenceAbove(overtook, input.fence)
    try {
      return { ...(await applyAndReadBack(router, { ...input, fence }, signal, permit)), fence, overtook }
    } catch (error) {
      const newest = fenceOf(error)
      if (newest === null) throw error
      if (direction === 'forward' && newest.release === input.fence.release) throw secondLife(newest)
      const holds = await isHolder()
      if (holds === 'no' || (holds === 'unknown' && direction === 'forward')) throw error
      if (tries === MOST_TRIES) throw contested(newest)
      overtook = newest
    }
  }
}

/** Not `router.fenced`: no release owns the router, so that this one does not leave it alone. */
function contested(newest: Fence): SluiceError {
  return new SluiceError('router.not-applied', {
    message: 'another program overwrites the router every time Sluice takes it over',
    expected: 'that only this release writes to the router',
    received: `the fence ${newest.release}:${newest.epoch}`,
    fix: 'find the program that writes to this router, and stop it',
  })
}

function secondLife({ epoch }: Fence): SluiceError {
  return new SluiceError('release.second-life', {
    message: `this release was reset in Temporal: an earlier run of it had written to the router, epoch ${epoch}`,
    fix: 'nothing to do: it rolls back what the earlier run had done',
  })
}
