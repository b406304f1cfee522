import type { ErrorCode } from '../../src/domain/error-codes.ts'
import { SluiceError } from '../../src/domain/errors.ts'

/** A signal that nobody aborts. */
export function open(): AbortSignal {
  return new AbortController().signal
}

/** The code of the error a call ends with, or null when it succeeds; an error without a code fails the test. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await call
    return null
  } catch (error) {
    if (error instanceof SluiceError) return error.code
    throw error
  }
}
