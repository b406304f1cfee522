import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { SluiceError } from '../domain/errors.ts'
import { PROBLEM_TYPE, problemList, problemOf, requestProblem } from './problem.ts'
import { isInvalidRequest } from './validation.ts'
import type { ProblemDocument } from './wire/problem.ts'

/** Seconds after which a caller may ask again: when too many ask, and when a part of Sluice is down. */
const RETRY_AFTER: Readonly<Record<number, string>> = { 429: '1', 503: '2' }

/** Answers are data, for nobody's cache and no page's frame. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

export function sendProblem(reply: FastifyReply, problem: ProblemDocument): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  const retryAfter = RETRY_AFTER[problem.status]
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  reply.headers(SECURITY_HEADERS)
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** The one place where an error becomes an answer. Only what nobody foresaw is logged. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemFor(error)
  if (problem.status >= 500) logFault(request.log, error, problem)
  return sendProblem(reply, problem)
}

export function answerUnknownRoute(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, problemOf(unknownRoute()))
}

export function unknownRoute(): SluiceError {
  return new SluiceError('request.unknown-route', {
    message: 'there is nothing at this address',
    expected: 'an address below /api/v1',
    fix: 'use an address of the HTTP API, such as /api/v1/releases',
  })
}

/** Bytes that are no HTTP at all: there is no request to answer, only a socket. */
export function answerBrokenBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return
  const status = BROKEN_STATUS[error.code ?? ''] ?? 400
  const body = JSON.stringify(requestProblem(status, { detail: 'this is not a well-formed HTTP request' }))
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

const BROKEN_STATUS: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

function problemFor(error: unknown): ProblemDocument {
  if (isInvalidRequest(error)) return problemList('request.invalid', error.problems)
  const status = clientStatus(error)
  return status === null ? problemOf(error) : requestProblem(status, { detail: detailOf(status), ...HINTS[status] })
}

/** The 4xx that Fastify gave an error of its own, or null. */
function clientStatus(error: unknown): number | null {
  if (error instanceof SluiceError || !(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}

function detailOf(status: number): string {
  return status === 400 ? 'the request cannot be read' : (STATUS_CODES[status] ?? 'Bad Request').toLowerCase()
}

const HINTS: Readonly<Record<number, { expected: string; fix: string }>> = {
  400: {
    expected: 'one JSON object as body, and a well-formed address',
    fix: 'send a body that is valid JSON to a well-formed address',
  },
  413: { expected: 'a body of at most 256 kB', fix: 'send a smaller body' },
  415: { expected: 'content-type: application/json', fix: 'send JSON with this header' },
}

function logFault(log: FastifyBaseLogger, error: unknown, problem: ProblemDocument): void {
  const text = error instanceof Error ? error.message : String(error)
  if (problem.code === 'internal') log.error({ err: error }, text)
  else
    log.warn(
      {
        code: problem.code,
        cause: error instanceof Error && error.cause instanceof Error ? error.cause.message : null,
      },
      text,
    )
}
