import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { isErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { isRecord } from '../domain/json.ts'
import { pipelineName } from '../domain/pipeline/pipeline.ts'
import { releaseName } from '../domain/target.ts'
import { UNSTARTED_STEP } from '../workflows/messages.ts'

/** What is known of a call that failed. */
export type Fate =
  /** It was answered, with a no. */
  | { readonly kind: 'settled' }
  /** It had no effect: it never reached Temporal, or was turned away before the workflow saw it. */
  | { readonly kind: 'not-taken'; readonly isLimit: boolean; readonly reason: string }
  /** It may have had an effect, or may still have one. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** The status numbers of gRPC. */
const GRPC = {
  ...{ cancelled: 1, unknown: 2, invalid: 3, deadline: 4, exhausted: 8, precondition: 9 },
  ...{ aborted: 10, internal: 13, unavailable: 14, dataLoss: 15 },
} as const

const UNCLEAR: readonly number[] = [
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadline,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
  GRPC.dataLoss,
]

/** How grpc-js says that no byte has left this machine. */
const NEVER_SENT = /No connection established|Name resolution failed|waiting for name resolution|Waiting for LB pick/i
/** How the server says that the steps of the workflow fail at its worker, or that no step has come to the update. */
const NO_STEP = /unexpected workflow task failure|workflow task in failed state|not ready/i
const NO_MORE_UPDATES = /limit on the total number of distinct updates/i

/**
 * What became of a call, by the error it ended with. The server answers an update that its workflow has never looked at in
 * several ways: over a limit, failed at a step of the workflow, or rejected as unprocessed when a query came in between.
 */
export function fateOf(error: unknown): Fate {
  if (error instanceof WorkflowUpdateFailedError) return fateOfRejection(error.cause)
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof ServiceError)
    return error.cause === undefined ? UNANSWERED : fateOf(error.cause)
  if (isUnstartedStep(error)) return UNANSWERED
  if (!isGrpcServiceError(error)) return { kind: 'settled' }
  const { code, details, message } = error
  if (code === GRPC.exhausted) return { kind: 'not-taken', isLimit: true, reason: 'Temporal is over its limits' }
  if (code === GRPC.precondition) return fateOfPrecondition(`${details} ${message}`)
  if (!UNCLEAR.includes(code)) return { kind: 'settled' }
  if (NEVER_SENT.test(details)) return { kind: 'not-taken', isLimit: false, reason: 'Temporal cannot be reached' }
  return UNANSWERED
}

/** The client calls every question that a worker fails at an unregistered one. */
export function isUnstartedStep(error: unknown): boolean {
  return error instanceof QueryNotRegisteredError && error.message.includes(UNSTARTED_STEP)
}

const UNANSWERED: Fate = { kind: 'unknown', reason: 'Temporal did not answer' }

function fateOfRejection(cause: unknown): Fate {
  const type = cause instanceof ApplicationFailure ? (cause.type ?? '') : ''
  if (type.startsWith('UnprocessedUpdate'))
    return { kind: 'not-taken', isLimit: false, reason: 'the release was busy answering questions' }
  if (type === 'AcceptedUpdateCompletedWorkflow') return { kind: 'unknown', reason: 'the release was just ending' }
  return { kind: 'settled' }
}

function fateOfPrecondition(details: string): Fate {
  if (NO_MORE_UPDATES.test(details))
    return { kind: 'not-taken', isLimit: true, reason: 'Temporal accepts no further commands in this run' }
  if (NO_STEP.test(details)) return { kind: 'not-taken', isLimit: true, reason: 'the worker fails at this workflow' }
  return { kind: 'settled' }
}

/**
 * Turns what the Temporal client throws into the error a person can act on. `what` names the release or lane in
 * question. Unknown errors are handed back as they are: they are defects.
 */
export function toSluiceError(error: unknown, what: string): unknown {
  if (error instanceof SluiceError) return error
  if (error instanceof WorkflowNotFoundError)
    return what.startsWith('pipeline/') ? unknownPipeline(what) : unknownRelease(what)
  const fate = fateOf(error)
  if (fate.kind !== 'settled') return unavailable(fate.reason, error)
  const refusal = error instanceof WorkflowUpdateFailedError ? error.cause : null
  if (refusal instanceof ApplicationFailure) return fromRefusal(refusal)
  if (isGrpcServiceError(error) && error.code === GRPC.invalid) return invalidRequest(error)
  if (error instanceof Error && isGrpcServiceError(error.cause)) return toSluiceError(error.cause, what)
  return error
}

function invalidRequest(cause: Error): SluiceError {
  const fix = 'send page tokens back unchanged, or start from the first page'
  return new SluiceError('request.invalid', { message: 'Temporal does not accept this request', fix, cause })
}

export function unknownRelease(what: string): SluiceError {
  return new SluiceError('release.unknown', {
    message: `there is no release ${releaseName(what)}`,
    received: releaseName(what),
    expected: 'an id such as checkout/production/7',
    fix: 'look the id up with sluice list; ended releases disappear after the retention of the Temporal namespace',
  })
}

export function unknownPipeline(what: string): SluiceError {
  return new SluiceError('pipeline.unknown', {
    message: `there is no pipeline ${pipelineName(what)}`,
    received: pipelineName(what),
    expected: 'an id such as checkout-regions/3fa9c2d1',
    fix: 'look the id up with sluice pipeline list; ended ones disappear after the retention of the Temporal namespace',
  })
}

/** A start or a command that was turned away as often as it was sent, or that may have been taken. */
export function notSettled(what: string, mayHaveLanded: boolean, error: unknown): SluiceError {
  const fate = fateOf(error)
  const reason = fate.kind === 'settled' ? 'Temporal did not answer' : fate.reason
  if (mayHaveLanded) {
    return new SluiceError('request.unsettled', {
      message: `${reason}: it is not known whether ${what} was accepted, and it may still be carried out`,
      fix: 'look again, or send it again with the same key: it takes effect once',
      cause: error,
    })
  }
  return new SluiceError('request.not-taken', {
    message: `${what} was not accepted: ${reason}`,
    fix: 'send it again with the same key; it had no effect and will have none',
    cause: error,
  })
}

export function unavailable(reason: string, cause: unknown): SluiceError {
  return new SluiceError('temporal.unavailable', {
    message: reason,
    fix: 'look again; running releases are not affected; if it keeps failing, check that Temporal and the worker are up',
    cause,
  })
}

function fromRefusal(refusal: ApplicationFailure): unknown {
  if (refusal.type === undefined || refusal.type === null || !isErrorCode(refusal.type)) return refusal
  const [details] = refusal.details ?? []
  const fix = isRecord(details) && typeof details['fix'] === 'string' ? { fix: details['fix'] } : {}
  return new SluiceError(refusal.type, { message: refusal.message, ...fix })
}
