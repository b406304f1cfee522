import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { startDataPlane } from '../../src/embedded/data-plane/data-plane.ts'

/** A folder of its own under the system's temporary one. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** A server on a free loopback port. */
export async function serve(
  listener: RequestListener,
  port = 0,
): Promise<{ url: string; port: number; start: () => Promise<void>; stop: () => Promise<void> }> {
  const server: Server = createServer(listener)
  const start = (on: number) => new Promise<void>((resolve) => server.listen(on, '127.0.0.1', resolve))
  await start(port)
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    start: () => start(bound),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type RunningPlane = Awaited<ReturnType<typeof runPlane>>

/** A data plane between two services; by default both answer with their pool's name. */
export async function runPlane(
  services: {
    readonly blue?: RequestListener
    readonly green?: RequestListener
    readonly patience?: number
    readonly grace?: number
    /** What callers of the admin API must know; nothing by default. */
    readonly secret?: string
  } = {},
) {
  const folder = await temporaryFolder()
  const blue = await serve(services.blue ?? ((_, response) => response.end('blue')))
  const green = await serve(services.green ?? ((_, response) => response.end('green')))
  const settings = {
    proxyPort: 0,
    adminPort: 0,
    pools: { blue: blue.url, green: green.url },
    stateFile: join(folder.path, 'routing.json'),
    patience: services.patience ?? 5_000,
    grace: services.grace ?? 1_000,
    ...(services.secret !== undefined && { secretFile: join(folder.path, 'secret') }),
  }
  const known = services.secret === undefined ? {} : { authorization: `Bearer ${services.secret}` }
  if (settings.secretFile !== undefined) await writeFile(settings.secretFile, `${services.secret}\n`)
  let plane = await startDataPlane(settings)
  const url = () => `http://127.0.0.1:${plane.ports.proxy}`
  const admin = () => `http://127.0.0.1:${plane.ports.admin}`
  const metricsText = async () => (await fetch(`${admin()}/metrics`)).text()
  return {
    blue,
    green,
    folder: folder.path,
    stateFile: settings.stateFile,
    secretFile: settings.secretFile ?? '',
    url,
    admin,
    put: (body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
      fetch(`${admin()}/routing`, {
        method: 'PUT',
        headers: { ...known, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    routing: async () =>
      (await fetch(`${admin()}/routing`, { headers: known })).json() as Promise<Record<string, unknown>>,
    /** Waits until the metrics page says so. */
    until: (line: string) => expect.poll(metricsText).toContain(line),
    metricsText,
    restart: async () => {
      const { proxy, admin: adminPort } = plane.ports
      await plane.close()
      plane = await startDataPlane({ ...settings, proxyPort: proxy, adminPort })
    },
    stopPlane: () => plane.close(),
    stop: async () => {
      await plane.close().catch(() => undefined)
      await Promise.all([blue.stop(), green.stop()])
      await folder.remove()
    },
  }
}
