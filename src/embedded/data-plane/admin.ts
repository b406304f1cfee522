import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PoolHealth } from '../../domain/release/pool-health.ts'
import { digestsOf } from '../../routers/targeting.ts'
import { keyDigest } from '../../tickets/ticket.ts'
import { behindDoor } from '../door.ts'
import { type Handler, problemsOf, readJson, sendJson } from '../loopback-server.ts'
import { bears, readSecret } from '../secret.ts'
import { wishSchema } from './routing.ts'
import type { RoutingStore } from './routing-store.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'

interface AdminSettings {
  /** How many servers of each pool can be reached now. */
  readonly health: () => Promise<Readonly<Record<string, PoolHealth>>>
  readonly pools: readonly [string, string]
  readonly store: RoutingStore
  readonly metrics: TrafficMetrics
  /** Differs with every start of the process. */
  readonly incarnation: string
  /** File with the secret that callers of `/routing` must know; null lets every caller on this machine in. */
  readonly secretFile: string | null
}

/** Users of cohorts among them. */
const MOST_BYTES = 2_097_152

/**
 * `GET /routing` shows what is in force, `PUT /routing` replaces it as a whole: 200 when it is in force, 401 without the
 * secret, 409 when a newer fence has been taken, 422 when it is no routing of these pools. `GET /metrics` is the metrics
 * page. 403 is for requests that no program on this machine would send.
 */
export function createAdmin(settings: AdminSettings): Handler {
  const wish = wishSchema(settings.pools)
  return behindDoor(async (request, response) => {
    switch (`${request.method} ${request.url?.split('?')[0]}`) {
      case 'GET /routing':
        return ifKnown(settings, request, response, async () => sendJson(response, 200, describe(settings)))
      case 'PUT /routing':
        return ifKnown(settings, request, response, () => replace(settings, wish, request, response))
      case 'GET /health':
        return ifKnown(settings, request, response, async () => sendJson(response, 200, await settings.health()))
      case 'GET /metrics': {
        const { type, text } = await settings.metrics.page()
        response.writeHead(200, { 'content-type': type }).end(text)
        return
      }
      default:
        return sendJson(response, 404, { error: 'there is /routing, /health and /metrics' })
    }
  })
}

async function ifKnown(
  { secretFile }: AdminSettings,
  request: IncomingMessage,
  response: ServerResponse,
  work: () => Promise<void>,
): Promise<void> {
  if (secretFile === null) return work()
  const secret = await readSecret(secretFile)
  if (secret !== null && bears(request.headers.authorization, secret)) return work()
  request.resume()
  const error = secret === null ? 'the file with the secret cannot be read' : 'the secret is missing or wrong'
  sendJson(response, 401, { error })
}

async function replace(
  settings: AdminSettings,
  wish: ReturnType<typeof wishSchema>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = await readJson(request, MOST_BYTES)
  if (!read.ok) return sendJson(response, read.status, { error: read.error })
  const parsed = wish.safeParse(read.body)
  if (!parsed.success) return sendJson(response, 422, { error: problemsOf(parsed.error, read.body) })
  const { isTaken, notice } = await settings.store.replace(parsed.data)
  if (isTaken) return sendJson(response, 200, describe(settings, notice))
  sendJson(response, 409, { error: 'a newer fence has been taken', fence: settings.store.current.fence })
}

/** Neither the people of a cohort nor the key of tickets are shown. */
function describe({ store, metrics, incarnation }: AdminSettings, notice = store.notice) {
  const { rules, tickets, ...routing } = store.current
  const shown = {
    ...(rules !== undefined && { rules: digestsOf(rules) }),
    ...(tickets !== undefined && {
      tickets: { release: tickets.release, pool: tickets.pool, digest: keyDigest(tickets.key) },
    }),
  }
  return { ...routing, ...shown, incarnation, served: metrics.served(), notice }
}
