import { type ErrorDetails, SluiceError } from './errors.ts'
import type { Fence } from './exposure.ts'

/** The error of a write that came too late. */
export function fencedError(fence: Fence, newest: Fence): SluiceError {
  return new FencedError(newest, {
    message: 'a newer release or step has written to the router',
    expected: `${describeFence(newest)} or newer`,
    received: describeFence(fence),
    fix: 'nothing to do: the newer release controls the router',
  })
}

/** The same error with another message; one that carries a fence goes on carrying it. */
export function withMessage(error: SluiceError, message: string): SluiceError {
  const details = { message, expected: error.expected, received: error.received, fix: error.fix, cause: error }
  return error instanceof FencedError ? new FencedError(error.newest, details) : new SluiceError(error.code, details)
}

class FencedError extends SluiceError {
  readonly newest: Fence
  constructor(newest: Fence, details: ErrorDetails) {
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
