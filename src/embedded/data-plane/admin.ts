import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { problemsOf, readJson, sendJson } from '../loopback-server.ts'
import { wishSchema } from './routing.ts'
import type { RoutingStore } from './routing-store.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'

export interface AdminSettings {
  readonly pools: readonly [string, string]
  readonly store: RoutingStore
  readonly metrics: TrafficMetrics
  /** Differs with every start of the process. */
  readonly incarnation: string
}

const MOST_BYTES = 131_072

/**
 * `GET /routing` shows what is in force, `PUT /routing` replaces it as a whole: 200 when it is on disk and in force,
 * 409 when a newer fence has been taken, 422 when it is no routing of these pools. `GET /metrics` is the metrics page.
 */
export function createAdmin(settings: AdminSettings): RequestListener {
  const wish = wishSchema(settings.pools)
  return (request, response) => {
    answer(settings, wish, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { error: error instanceof Error ? error.message : 'unknown' })
    })
  }
}

async function answer(
  settings: AdminSettings,
  wish: ReturnType<typeof wishSchema>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (`${request.method} ${request.url?.split('?')[0]}`) {
    case 'GET /routing':
      return sendJson(response, 200, describe(settings))
    case 'PUT /routing':
      return replace(settings, wish, request, response)
    case 'GET /metrics': {
      const { type, text } = await settings.metrics.page()
      response.writeHead(200, { 'content-type': type }).end(text)
      return
    }
    default:
      return sendJson(response, 404, { error: 'there is /routing and /metrics' })
  }
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
  if (!parsed.success) return sendJson(response, 422, { error: problemsOf(parsed.error) })
  const isTaken = await settings.store.replace(parsed.data)
  if (isTaken) return sendJson(response, 200, describe(settings))
  sendJson(response, 409, { error: 'a newer fence has been taken', fence: settings.store.current.fence })
}

function describe({ store, metrics, incarnation }: AdminSettings) {
  return { ...store.current, incarnation, served: metrics.served() }
}
