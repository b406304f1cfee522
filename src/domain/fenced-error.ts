import { type ErrorDetails, SluiceError } from './errors.ts'
import type { Fence } from './exposure.ts'

/** The error of a write that came too late. */
export function fencedError(fence: Fence, newest: Fence | null): SluiceError {
  return new FencedError(newest, {
    message: 'A newer release or step has written to the router.',
    expected: newest === null ? 'a fence at least as new as the router’s' : `${describeFence(newest)} or newer`,
    received: describeFence(fence),
    fix: 'Leave the router to the newer release.',
  })
}

class FencedError extends SluiceError {
  readonly newest: Fence | null
  constructor(newest: Fence | null, details: ErrorDetails) {
    super('router.fenced', details)
    this.newest = newest
  }
}

function describeFence({ release, epoch }: Fence): string {
  return `release ${release}, epoch ${epoch}`
}

/** The newest fence of the router, as the error of a write that came too late carries it; null for any other error. */
export function fenceOf(error: unknown): Fence | null {
  return error instanceof FencedError ? error.newest : null
}
