import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/** The parts of a message that help: what was expected, what came, what to do. All are plain sentences or words. */
export interface ErrorDetails {
  readonly message: string
  readonly expected?: string | undefined
  readonly received?: string | undefined
  readonly fix?: string | undefined
  readonly cause?: unknown
}

/**
 * The one base class of the errors Sluice raises on purpose. Thrown when something outside the code is wrong (a plan, a
 * request, a router); a defect in the code is an ordinary `Error` and is shown as `internal`.
 */
export class SluiceError extends Error {
  override readonly name: string = 'SluiceError'
  readonly code: ErrorCode
  readonly expected: string | undefined
  readonly received: string | undefined
  readonly fix: string | undefined

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.expected = details.expected
    this.received = details.received
    this.fix = details.fix
  }

  /** HTTP status that goes with the code. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }

  /** True when the same call can succeed later unchanged. */
  get isRetryable(): boolean {
    return ERROR_CODES[this.code].retry === 'later'
  }
}

/** The whole text for a terminal or a log: message, what was expected, what came, what to do. */
export function describeError(error: unknown): string {
  if (!(error instanceof SluiceError)) return error instanceof Error ? error.message : String(error)
  const parts = [error.message]
  if (error.expected !== undefined) parts.push(`expected: ${error.expected}`)
  if (error.received !== undefined) parts.push(`received: ${error.received}`)
  if (error.fix !== undefined) parts.push(`fix: ${error.fix}`)
  return parts.join('\n  ')
}

/** The same in one line. */
export function errorLine(error: unknown): string {
  return describeError(error).replaceAll('\n  ', '; ')
}

/** True for what was not taken, or may not have been: the same with the same key can do no harm. */
export function isUnanswered({ code }: SluiceError): boolean {
  return code === 'request.not-taken' || code === 'request.unsettled' || code === 'request.too-many'
}
