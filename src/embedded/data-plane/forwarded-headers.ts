import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http'
import { TICKET_HEADER } from '../../tickets/ticket.ts'

/** Name and value in turn, as they came. */
type RawHeaders = readonly string[]

/** The service's report of a business event; not for users. */
export const EVENT_HEADER = 'x-sluice-event'
/** Which pool answered and why. Ours to say: what a service says under this name is not passed on. */
export const POOL_HEADER = 'x-sluice-pool'

/** Tells a service that nobody waits for its answer: the request is a copy of one that another pool answers. */
const COPY_HEADER = 'x-sluice-copy'

/** What a service is told of a request beside what its client sent; null: nothing. */
export type Mark = 'try' | 'copy' | null

const MARKS: Readonly<Record<NonNullable<Mark>, string>> = { try: TICKET_HEADER, copy: COPY_HEADER }

/** Headers that belong to one connection and are not passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Answered by this server itself, before it is known what the service would say. */
const EXPECT = 'expect'
/** Marks are ours to say: nobody leaves themselves out of the figures, or has a request taken for a copy. */
const NOT_FOR_SERVICES = new Set([...HOP_BY_HOP, EXPECT, ...Object.values(MARKS)])
const NOT_FOR_USERS = new Set([...HOP_BY_HOP, EVENT_HEADER, POOL_HEADER])
/** Without these the other side would read another message than was sent, so no `connection` header can take them away. */
const FRAMING = new Set(['content-length', 'host'])

/** What a service gets to see of a request's headers. */
export function headersForService(request: IncomingMessage, mark: Mark): string[] {
  const headers = passedOn(request.rawHeaders, NOT_FOR_SERVICES)
  headers.push('x-forwarded-for', request.socket.remoteAddress ?? 'unknown')
  if (request.headers['transfer-encoding'] !== undefined) headers.push('transfer-encoding', 'chunked')
  if (mark !== null) headers.push(MARKS[mark], '1')
  return headers
}

/** What a user gets to see of an answer's headers. */
export function headersForUser(answer: Pick<IncomingMessage, 'rawHeaders'>): string[] {
  return passedOn(answer.rawHeaders, NOT_FOR_USERS)
}

/** True when the message says that it has a body. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** True when the body comes as it is or in chunks: any other coding would have to be undone, and nobody asked for one. */
export function isPlainlyCoded({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return /^chunked$/i.test(headers['transfer-encoding'] ?? 'chunked')
}

/** True when these can be written: Node.js takes in some that it refuses to give out. */
export function areWritable(headers: RawHeaders): boolean {
  try {
    for (let index = 0; index < headers.length; index += 2) {
      validateHeaderName(headers[index] ?? '')
      validateHeaderValue(headers[index] ?? '', headers[index + 1] ?? '')
    }
    return true
  } catch {
    return false
  }
}

function passedOn(rawHeaders: RawHeaders, without: ReadonlySet<string>): string[] {
  const named = connectionOptions(rawHeaders)
  const passed: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const lower = name.toLowerCase()
    if (without.has(lower) || (named.has(lower) && !FRAMING.has(lower))) continue
    passed.push(name, rawHeaders[index + 1] ?? '')
  }
  return passed
}

/** Further headers that a `connection` header declares to be of this connection. */
function connectionOptions(rawHeaders: RawHeaders): ReadonlySet<string> {
  const options = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== 'connection') continue
    for (const option of (rawHeaders[index + 1] ?? '').split(',')) options.add(option.trim().toLowerCase())
  }
  return options
}
