import { Agent, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Milliseconds } from '../../domain/units.ts'
import { TICKET_NAME } from '../../tickets/ticket.ts'
import type { Handler } from '../loopback-server.ts'
import { createWayfinder } from './find-way.ts'
import { areWritable, EVENT_HEADER, hasBody, headersForUser, isPlainlyCoded, POOL_HEADER } from './forwarded-headers.ts'
import { createMirror } from './mirror.ts'
import type { Assignment, Routing } from './routing.ts'
import { type Call, callService, type Exchange, type Failure, isStatus, relayBody } from './service-call.ts'
import { type Ending, LEFT, type TrafficCounts, type TrafficMetrics } from './traffic-metrics.ts'
import { userKeyOf } from './user-key.ts'

interface ProxySettings {
  readonly pools: readonly [string, string]
  /** Where each pool's service listens. */
  readonly upstreams: Readonly<Record<string, string>>
  /** How long a service may stay silent before the client gets 504, in milliseconds. */
  readonly patience: Milliseconds
  /** A client that leaves sooner than this, in milliseconds, has not waited: that is nobody's fault. */
  readonly grace: number
  readonly metrics: TrafficMetrics
  /** The routing in force; asked once per request. */
  routing(): Routing
}

interface Proxy {
  readonly handler: Handler
  close(): void
}

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Passes each request to the pool that the routing assigns to its user, streaming both bodies. A request is one promise
 * from its arrival to its end, so that nothing a client or a service sends can be thrown at anybody else.
 */
export function createProxy(settings: ProxySettings): Proxy {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' })
  const upstreams = new Map(Object.entries(settings.upstreams).map(([pool, url]) => [pool, new URL(url)]))
  const findWay = createWayfinder(settings.pools, Date.now)
  const mirror = createMirror({ ...settings, upstreams, chance: Math.random })
  return {
    async handler(request, response) {
      const user = userKeyOf(request.headers)
      const routing = settings.routing()
      const way = findWay(routing, request, user.key)
      if (way.kind === 'admitted') return admit(response, way)
      const { assignment } = way
      const upstream = upstreams.get(assignment.pool)
      if (upstream === undefined) throw new Error(`no upstream for the pool ${assignment.pool}`)
      const { patience, grace, metrics } = settings
      const visit = {
        request,
        response,
        upstream,
        agent,
        patience,
        grace,
        assignment,
        mark: assignment.why === 'ticket' ? ('try' as const) : null,
        setCookie: user.setCookie,
      }
      const served = counted(assignment, metrics, (counts) => serve(visit, counts))
      if (routing.mirror !== undefined) mirror.copy(request, assignment, routing.mirror)
      await served
    },
    close() {
      agent.destroy()
      mirror.close()
    },
  }
}

/** Counts a request when it is sent and once more when it has ended, whatever became of it. */
async function counted(
  { pool, why, cohort }: Assignment,
  metrics: TrafficMetrics,
  work: (counts: TrafficCounts) => Promise<Ending>,
): Promise<void> {
  const arrived = performance.now()
  if (why === 'ticket') return void (await work(metrics.tried(pool)))
  metrics.send({ pool, cohort })
  let ending: Ending = { code: 500, event: null }
  try {
    ending = await work(metrics)
  } finally {
    metrics.count({ pool, cohort, ...ending, seconds: (performance.now() - arrived) / 1_000 })
  }
}

/** A request with everything that was decided about it when it came. */
interface Visit extends Exchange {
  readonly agent: Agent
  readonly grace: number
  readonly assignment: Assignment
  /** The cookie for a user who came without a name. */
  readonly setCookie: string | null
}

/** Keeps the ticket of a link in a cookie and sends its owner on without it, so that it stands in no address and no log. */
function admit(response: ServerResponse, { ticket, location }: { readonly ticket: string; readonly location: string }) {
  const cookie = `${TICKET_NAME}=${ticket}; Path=/; HttpOnly; SameSite=Lax`
  response.writeHead(303, { location, 'set-cookie': cookie, 'cache-control': 'no-store', 'content-length': '0' }).end()
}

async function serve(visit: Visit, metrics: TrafficCounts): Promise<Ending> {
  const arrived = performance.now()
  const call = await callAgainIfStale(visit)
  if (typeof call !== 'string') return pass(visit, call, metrics)
  const waited = performance.now() - arrived
  if (call === 'left' || (call === 'abandoned' && waited < visit.grace)) return { code: LEFT, event: null }
  if (call === 'abandoned') return { code: 499, event: null }
  return refuse(visit, call, metrics)
}

/**
 * Sends a request again when the service closed an idle connection just as we took it up and asking again does no harm; the
 * last time on a new connection, which no restart of the service can have closed.
 */
async function callAgainIfStale(visit: Visit): Promise<Call | Failure> {
  const { request, agent } = visit
  const mayRepeat = SAFE_METHODS.has(request.method ?? '') && !hasBody(request)
  const first = await callService(visit, agent)
  if (first !== 'stale' || !mayRepeat) return first
  const second = await callService(visit, agent)
  return second === 'stale' ? callService(visit, false) : second
}

async function pass(visit: Visit, call: Call, metrics: TrafficCounts): Promise<Ending> {
  const { response } = visit
  const { answer } = call
  const status = answer.statusCode ?? 0
  const headers = [...headersForUser(answer), ...ownHeaders(visit)]
  const reason = answer.statusMessage ?? ''
  const isAnswer = isStatus(status, reason) && isPlainlyCoded(answer) && areWritable(headers)
  const broken = call.broken() ?? (isAnswer ? null : 'malformed')
  if (broken !== null) {
    call.outgoing.destroy()
    return refuse(visit, broken, metrics)
  }
  metrics.answered(visit.assignment.pool)
  response.writeHead(status, reason, headers)
  const { how, silentFor } = await relayBody(visit, call)
  const event = answer.headers[EVENT_HEADER]
  switch (how) {
    case 'whole':
      return { code: status, event: typeof event === 'string' ? event : null }
    case 'cut':
      metrics.fail(visit.assignment.pool, 'cut')
      return { code: 502, event: null }
    case 'silent':
      metrics.fail(visit.assignment.pool, 'silent')
      return { code: 504, event: null }
    case 'unread':
      return { code: status, event: null }
    case 'left':
      return { code: isOwed(answer) && silentFor >= visit.grace ? 499 : status, event: null }
  }
}

/** True when more of the body was to come at once: a stream of events may be silent as long as it likes. */
function isOwed({ headers }: IncomingMessage): boolean {
  return !(headers['content-type'] ?? '').startsWith('text/event-stream')
}

/** Failures of which the client is told. */
type Told = Exclude<Failure, 'abandoned' | 'left'>

const REFUSALS: Readonly<Record<Told, { readonly code: 400 | 408 | 502 | 504; readonly text: string }>> = {
  refused: { code: 502, text: 'the service cannot be reached' },
  cut: { code: 502, text: 'the service closed the connection' },
  stale: { code: 502, text: 'the service closed the connection' },
  malformed: { code: 502, text: 'the service did not answer in HTTP' },
  silent: { code: 504, text: 'the service did not answer in time' },
  unsent: { code: 408, text: 'the request did not arrive in time' },
  unsendable: { code: 400, text: 'the request cannot be passed on' },
}

function refuse(visit: Visit, failure: Told, metrics: TrafficCounts): Ending {
  const { code, text } = REFUSALS[failure]
  if (failure !== 'unsent' && failure !== 'unsendable') metrics.fail(visit.assignment.pool, failure)
  const close = hasBody(visit.request) && !visit.request.complete ? ['connection', 'close'] : []
  // What is still to come of the request goes nowhere, but must be read for the answer to arrive.
  visit.request.resume()
  answerPlainly(visit.response, code, `${text}\n`, [...ownHeaders(visit), ...close])
  return { code, event: null }
}

function answerPlainly(response: ServerResponse, code: number, text: string, headers: readonly string[]): void {
  const plain = ['content-type', 'text/plain', 'content-length', String(Buffer.byteLength(text))]
  response.writeHead(code, STATUS_CODES[code] ?? '', [...plain, ...headers]).end(text)
}

function ownHeaders({ assignment: { pool, why }, setCookie }: Visit): readonly string[] {
  return [POOL_HEADER, `${pool}; why=${why}`, ...(setCookie === null ? [] : ['set-cookie', setCookie])]
}
