import type { ErrorCode } from './error-codes.ts'
import { type ErrorDetails, SluiceError } from './errors.ts'
import type { Fence } from './exposure.ts'

const CODES = { router: 'router.fenced', 'flag store': 'flag.fenced' } as const

/** The error of a write that came too late. */
export function fencedError(fence: Fence, newest: Fence, to: keyof typeof CODES = 'router'): SluiceError {
  return new FencedError(CODES[to], newest, {
    message: `a newer release or step has written to the ${to}`,
    expected: `${describeFence(newest)} or newer`,
    received: describeFence(fence),
    fix: `nothing to do: the newer release controls the ${to}`,
  })
}

/** The same error with another message; one that carries a fence goes on carrying it. */
export function withMessage(error: SluiceError, message: string): SluiceError {
  const details = { message, expected: error.expected, received: error.received, fix: error.fix, cause: error }
  return error instanceof FencedError
    ? new FencedError(error.code, error.newest, details)
    : new SluiceError(error.code, details)
}

class FencedError extends SluiceError {
  readonly newest: Fence
  constructor(code: ErrorCode, newest: Fence, details: ErrorDetails) {
    super(code, details)
    this.newest = newest
  }
}

function describeFence({ release, epoch }: Fence): string {
  return `release ${release}, epoch ${epoch}`
}

/** The newest fence of the router or the flags, as the error of a write that came too late carries it; null for any other error. */
export function fenceOf(error: unknown): Fence | null {
  return error instanceof FencedError ? error.newest : null
}
