import type { EventEmitter } from 'node:events'
import { type Agent, type ClientRequest, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '../../domain/units.ts'
import { hasBody, headersForService, isPlainlyCoded, type Mark } from './forwarded-headers.ts'

/** One request on its way to one service. */
interface Asked {
  readonly request: IncomingMessage
  /** Whoever waits for the answer: `close` says that they are gone. */
  readonly response: Pick<EventEmitter, 'once' | 'off'>
  readonly upstream: URL
  /** How long the service, or the client where it is the client's turn, may stay silent, in milliseconds. */
  readonly patience: Milliseconds
  /** What the service is told of the request. */
  readonly mark: Mark
}

/** The same for somebody whom the answer is passed on to. */
export interface Exchange extends Asked {
  readonly response: ServerResponse
}

/**
 * Why no answer can be passed on.
 * - `refused`: nobody listens there, or it is out of reach
 * - `cut`: the connection ended before the answer, and an idle one that was cut as it was taken up is `stale`
 * - `malformed`: what came is no answer, or one to a request that nobody sent
 * - `silent`: the service did not answer in time; `unsent`: the client did not send its request in time
 * - `unsendable`: the request cannot be written
 * - `abandoned`: the client went away while it waited for the service; `left`: while it was still sending
 */
export type Failure =
  | ('refused' | 'cut' | 'stale' | 'malformed' | 'silent')
  | ('unsent' | 'unsendable' | 'abandoned' | 'left')

export interface Call {
  readonly outgoing: ClientRequest
  readonly answer: IncomingMessage
  /** What has gone wrong with the answer since; null as long as it is well. */
  readonly broken: () => 'cut' | 'malformed' | null
}

/**
 * Sends the request on and waits for the head of an answer. Never rejects and never throws: whatever happens to the
 * connection is one of the failures, and the listeners stay to catch what comes late.
 */
export function callService(exchange: Asked, agent: Agent | false): Promise<Call | Failure> {
  const outgoing = prepare(exchange, agent)
  return outgoing === null ? Promise.resolve('unsendable') : waitForAnswer(exchange, outgoing)
}

function prepare({ request, upstream, mark }: Asked, agent: Agent | false): ClientRequest | null {
  if (!isPlainlyCoded(request)) return null
  try {
    return send({
      agent,
      hostname: upstream.hostname,
      port: upstream.port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: headersForService(request, mark),
    })
  } catch {
    return null
  }
}

function waitForAnswer(exchange: Asked, outgoing: ClientRequest): Promise<Call | Failure> {
  const { request, response, patience } = exchange
  return new Promise((resolve) => {
    let broken: 'cut' | 'malformed' | null = null
    let isSettled = false
    const settle = (came: Call | Failure) => {
      if (isSettled) return
      isSettled = true
      clearTimeout(silence)
      request.off('data', heard)
      response.off('close', leave)
      if (typeof came === 'string') outgoing.destroy()
      resolve(came)
    }
    const leave = () => settle(isClientsTurn(request, outgoing) ? 'left' : 'abandoned')
    // Parts of the request start the wait anew; what a service sends before its answer (1xx) does not.
    const silence = setTimeout(() => settle(isClientsTurn(request, outgoing) ? 'unsent' : 'silent'), patience)
    const heard = () => void silence.refresh()
    outgoing.once('response', (answer) => {
      answer.on('error', () => (broken ??= 'cut'))
      settle({ outgoing, answer, broken: () => broken })
    })
    outgoing.on('error', (error) => {
      const failure = failureOf(error, outgoing)
      broken ??= failure === 'malformed' ? 'malformed' : 'cut'
      settle(failure)
    })
    // After an upgrade that nobody asked for there is neither an answer nor an error.
    outgoing.once('close', () => settle('malformed'))
    response.once('close', leave)
    if (hasBody(request)) request.on('data', heard).pipe(outgoing)
    else outgoing.end()
  })
}

/** True when the service waits for more of the request. */
function isClientsTurn(request: IncomingMessage, outgoing: ClientRequest): boolean {
  return hasBody(request) && !request.complete && !outgoing.writableNeedDrain
}

/** Codes of the parser for a message that was cut rather than malformed. */
const CUT = new Set(['HPE_INVALID_EOF_STATE'])

function failureOf(error: NodeJS.ErrnoException, { reusedSocket }: ClientRequest): Failure {
  const code = error.code ?? ''
  if (error.syscall === 'connect' || error.syscall === 'getaddrinfo') return 'refused'
  if (code.startsWith('HPE_') && !CUT.has(code)) return 'malformed'
  return reusedSocket ? 'stale' : 'cut'
}

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

/** True for what may stand in the first line of an answer (RFC 9110, section 15). */
export function isStatus(status: number, reason: string): boolean {
  return status >= 200 && status <= 599 && REASON.test(reason)
}

interface Relayed {
  /** `unread`: the client took nothing for too long. */
  readonly how: 'whole' | 'cut' | 'silent' | 'unread' | 'left'
  /** How long the service had been silent at the end, in milliseconds. */
  readonly silentFor: Milliseconds
}

/** Passes the body of an answer on until it has ended or cannot go on. Never rejects. */
export function relayBody({ response, patience }: Exchange, { answer, outgoing }: Call): Promise<Relayed> {
  return new Promise((resolve) => {
    let heardAt = performance.now()
    let isSettled = false
    const settle = (how: Relayed['how']) => {
      if (isSettled) return
      isSettled = true
      clearTimeout(silence)
      resolve({ how, silentFor: performance.now() - heardAt })
      if (how === 'whole') return
      outgoing.destroy()
      response.destroy()
    }
    const silence = setTimeout(() => settle(response.writableNeedDrain ? 'unread' : 'silent'), patience)
    answer.on('data', () => {
      heardAt = performance.now()
      silence.refresh()
    })
    answer.once('end', () => settle('whole'))
    answer.once('error', () => settle('cut'))
    answer.once('close', () => settle('cut'))
    response.once('close', () => settle('left'))
    answer.pipe(response)
  })
}
