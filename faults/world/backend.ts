import { createServer } from 'node:http'

/**
 * One version of a service, as a process of its own: `node backend.js <port>`. It answers with the health that it was told
 * last over its channel, and tells back when a change has taken effect.
 */

/** `fails`: this share of requests ends with status 500. `hangs`: no answer ever. `refuses`: nobody listens. */
export type BackendHealth =
  | { readonly kind: 'fails'; readonly share: number }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'refuses' }

/** A healthy version: not a single failure would be too good to be true. */
export const HEALTHY: BackendHealth = { kind: 'fails', share: 0.003 }

const port = Number(process.argv[2] ?? 0)
let health: BackendHealth = HEALTHY

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  request.resume()
  if (health.kind === 'hangs') return
  const fails = health.kind === 'fails' && Math.random() < health.share
  response.writeHead(fails ? 500 : 200, { 'content-type': 'text/plain' }).end(fails ? 'no' : 'yes')
})

function apply(next: BackendHealth): void {
  health = next
  if (next.kind === 'refuses') {
    server.close()
    server.closeAllConnections()
    process.send?.({ health })
    return
  }
  if (server.listening) process.send?.({ health })
  else server.listen(port, '127.0.0.1', () => process.send?.({ health }))
}

if (port > 0) {
  process.on('message', (message) => apply(message as BackendHealth))
  process.on('disconnect', () => process.exit(0))
  apply(HEALTHY)
}
