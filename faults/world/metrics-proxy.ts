import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'

/** What the metric source of one service does, while a rule stands. */
export type MetricsRule = 'pass' | 'hang' | 'garbage' | '500' | 'empty'

export interface MetricsProxy {
  readonly port: number
  readonly set: (service: string, rule: MetricsRule) => void
  readonly close: () => void
}

/**
 * HTTP before the metric sources: `/<service>/<path>` goes to what `portOf` says of the service, unless a rule stands for it.
 */
export async function openMetricsProxy(portOf: (service: string) => number): Promise<MetricsProxy> {
  const rules = new Map<string, MetricsRule>()
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 32 })
  const server = createServer((request, response) => {
    const [, service = '', ...rest] = (request.url ?? '').split('/')
    const rule = rules.get(service) ?? 'pass'
    if (rule === 'pass') pass(request, response, { port: portOf(service), path: `/${rest.join('/')}`, agent })
    else misbehave(rule, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    set: (service, rule) => void rules.set(service, rule),
    close() {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly port: number; readonly path: string; readonly agent: Agent },
): void {
  const { host: _, connection: __, ...headers } = request.headers
  const outgoing = send({ host: '127.0.0.1', ...to, method: request.method ?? 'GET', headers }, (answer) => {
    const { connection: ___, 'transfer-encoding': ____, ...received } = answer.headers
    response.writeHead(answer.statusCode ?? 502, received)
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  response.on('close', () => outgoing.destroy())
  request.pipe(outgoing)
}

const NOTHING = '{"status":"success","data":{"resultType":"vector","result":[]}}'

function misbehave(rule: Exclude<MetricsRule, 'pass'>, request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  switch (rule) {
    case 'hang':
      return
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end('<html>\0\uFFFF{{{ 12 "x" NaN')
      return
    case '500':
      response.writeHead(500).end('oops')
      return
    case 'empty':
      // A page without any series, and an answer without any result.
      response.writeHead(200).end(request.url?.includes('/api/v1/') ? NOTHING : '')
  }
}
