import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { isErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'

/** gRPC status numbers that mean "not now". */
const NOT_NOW: readonly number[] = [1, 4, 8, 14]

/**
 * Turns what the Temporal client throws into the error a person can act on. `what` names the release or lane in
 * question. Unknown errors are handed back as they are: they are defects.
 */
export function toSluiceError(error: unknown, what: string): unknown {
  if (error instanceof SluiceError) return error
  if (error instanceof WorkflowNotFoundError) return unknownRelease(what)
  const refusal = error instanceof WorkflowUpdateFailedError ? error.cause : null
  if (refusal instanceof ApplicationFailure) return fromRefusal(refusal)
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return unavailable(error)
  if (error instanceof WorkflowExecutionAlreadyStartedError) return error
  if (isGrpcServiceError(error) && NOT_NOW.includes(error.code)) return unavailable(error)
  if (isGrpcServiceError(error) && error.code === INVALID_ARGUMENT) return invalidRequest(error)
  if (error instanceof Error && isGrpcServiceError(error.cause)) return toSluiceError(error.cause, what)
  return error
}

const INVALID_ARGUMENT = 3

function invalidRequest(cause: Error): SluiceError {
  const fix = 'hand page tokens back unchanged, or start from the first page'
  return new SluiceError('request.invalid', { message: 'Temporal does not accept this request', fix, cause })
}

/** @throws what {@link toSluiceError} makes of the failure. */
export async function withTemporal<T>(what: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw toSluiceError(error, what)
  }
}

export function unknownRelease(what: string): SluiceError {
  return new SluiceError('release.unknown', {
    message: `there is no release ${what}`,
    received: what,
    expected: 'an id such as checkout/production/7',
    fix: 'look the id up with sluice list; ended releases vanish after the namespace’s retention',
  })
}

function fromRefusal(refusal: ApplicationFailure): unknown {
  if (refusal.type === undefined || refusal.type === null || !isErrorCode(refusal.type)) return refusal
  const [details] = refusal.details ?? []
  const fix = isRecord(details) && typeof details['fix'] === 'string' ? { fix: details['fix'] } : {}
  return new SluiceError(refusal.type, { message: refusal.message, ...fix })
}

function unavailable(cause: unknown): SluiceError {
  return new SluiceError('temporal.unavailable', {
    message: 'Temporal does not answer',
    fix: 'try again; running releases are not affected. If it lasts, see whether Temporal and the worker are up',
    cause,
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
