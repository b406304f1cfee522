import { once } from 'node:events'
import { createServer } from 'node:http'

/** A service of one version: answers with the name of its pool. */
export interface DemoBackend {
  readonly port: number
  /** Requests answered so far. */
  served(): number
  /** From now on this share of requests, evenly spread, is answered with status 500. */
  failShare(share: number): void
  /** From now on requests are taken and never answered. */
  hang(): void
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1. */
export async function startDemoBackend(pool: string): Promise<DemoBackend> {
  let served = 0
  let share = 0
  let isHanging = false
  const server = createServer((_request, response) => {
    if (isHanging) return
    served += 1
    const fails = Math.floor(served * share) > Math.floor((served - 1) * share)
    response.writeHead(fails ? 500 : 200, { 'x-pool': pool }).end(pool)
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    served: () => served,
    failShare: (next) => void (share = next),
    hang: () => void (isHanging = true),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
