import {
  Agent,
  request as send,
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { performance } from 'node:perf_hooks'
import { bucketOf } from './bucket.ts'
import { assign, type Assignment, type Routing } from './routing.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'
import { cohortsOf, userKeyOf } from './user-key.ts'

export interface ProxySettings {
  readonly pools: readonly [string, string]
  /** Where each pool's service listens. */
  readonly upstreams: Readonly<Record<string, string>>
  /** How long a service may stay silent before the client gets 504, in milliseconds. */
  readonly patience: number
  readonly metrics: TrafficMetrics
  /** The routing in force; asked once per request. */
  routing(): Routing
}

export interface Proxy {
  readonly listener: RequestListener
  close(): void
}

/** Headers that belong to one connection and are not passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const EVENT_HEADER = 'x-sluice-event'

/** Passes each request to the pool that the routing assigns to its user, streaming both bodies. */
export function createProxy(settings: ProxySettings): Proxy {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' })
  const upstreams = new Map(Object.entries(settings.upstreams).map(([pool, url]) => [pool, new URL(url)]))
  return {
    listener: (request, response) => {
      const user = userKeyOf(request.headers)
      const assignment = assign(settings.routing(), settings.pools, bucketOf(user.key), cohortsOf(request.headers))
      const upstream = upstreams.get(assignment.pool)
      if (upstream === undefined) throw new Error(`no upstream for the pool ${assignment.pool}`)
      settings.metrics.send(assignment.pool)
      const exchange = { request, response, assignment, upstream, agent, setCookie: user.setCookie }
      pass(exchange, settings, reporter(exchange, settings.metrics))
    },
    close: () => agent.destroy(),
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly assignment: Assignment
  readonly upstream: URL
  readonly agent: Agent
  readonly setCookie: string | null
}

type Report = (code: number, event?: string | null) => void

/** Counts how an exchange ended: the first report counts, later ones come from the clean-up. */
function reporter({ assignment }: Exchange, metrics: TrafficMetrics): Report {
  const arrived = performance.now()
  let isCounted = false
  return (code, event = null) => {
    if (isCounted) return
    isCounted = true
    metrics.count({ pool: assignment.pool, code, seconds: (performance.now() - arrived) / 1_000, event })
  }
}

function pass(exchange: Exchange, settings: ProxySettings, report: Report, isSecondTry = false): void {
  const { request, response, upstream, agent } = exchange
  const outgoing = send({
    agent,
    hostname: upstream.hostname,
    port: upstream.port,
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: forwardedHeaders(request),
    timeout: settings.patience,
  })
  let isTooSlow = false
  outgoing.on('response', (answer) => relay(exchange, answer, report))
  outgoing.on('timeout', () => {
    isTooSlow = true
    outgoing.destroy()
  })
  outgoing.on('error', () => {
    if (!isTooSlow && !isSecondTry && !response.headersSent && wasIdleConnectionCut(outgoing, exchange)) {
      pass(exchange, settings, report, true)
    } else {
      fail(exchange, isTooSlow ? 504 : 502, report)
    }
  })
  // The client went away: nobody waits for the answer.
  response.once('close', () => {
    if (response.writableFinished) return
    report(499)
    outgoing.destroy()
  })
  if (hasBody(request)) request.pipe(outgoing)
  else outgoing.end()
}

/**
 * True when the service closed an idle connection just as we took it up and asking again does no harm. A service that is
 * down fails on the new connection as well and is counted.
 */
function wasIdleConnectionCut({ reusedSocket }: ClientRequest, { request, response }: Exchange): boolean {
  return reusedSocket && SAFE_METHODS.has(request.method ?? '') && !hasBody(request) && !response.destroyed
}

function relay({ response, assignment, setCookie }: Exchange, answer: IncomingMessage, report: Report): void {
  const status = answer.statusCode ?? 502
  const event = answer.headers[EVENT_HEADER]
  const headers = passedOn(answer.rawHeaders)
  headers.push('x-sluice-pool', `${assignment.pool}; why=${assignment.why}`)
  if (setCookie !== null) headers.push('set-cookie', setCookie)
  response.writeHead(status, answer.statusMessage, headers)
  answer.on('end', () => report(status, typeof event === 'string' ? event : null))
  answer.on('error', () => {
    report(502)
    response.destroy()
  })
  answer.pipe(response)
}

function fail({ response, assignment, setCookie }: Exchange, status: 502 | 504, report: Report): void {
  report(status)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.setHeader('x-sluice-pool', `${assignment.pool}; why=${assignment.why}`)
  if (setCookie !== null) response.setHeader('set-cookie', setCookie)
  response.writeHead(status, { 'content-type': 'text/plain' })
  response.end(status === 504 ? 'The service did not answer in time.\n' : 'The service cannot be reached.\n')
}

function forwardedHeaders(request: IncomingMessage): readonly string[] {
  const headers = passedOn(request.rawHeaders)
  headers.push('x-forwarded-for', request.socket.remoteAddress ?? 'unknown')
  if (request.headers['transfer-encoding'] !== undefined) headers.push('transfer-encoding', 'chunked')
  return headers
}

/** Name and value in turn, as they came, without those of the connection. */
function passedOn(rawHeaders: readonly string[]): string[] {
  const named = connectionOptions(rawHeaders)
  const passed: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named.has(lower) || lower === EVENT_HEADER) continue
    passed.push(name, rawHeaders[index + 1] ?? '')
  }
  return passed
}

/** Further headers that a `connection` header declares to be of this connection. */
function connectionOptions(rawHeaders: readonly string[]): ReadonlySet<string> {
  const options = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== 'connection') continue
    for (const option of (rawHeaders[index + 1] ?? '').split(',')) options.add(option.trim().toLowerCase())
  }
  return options
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
