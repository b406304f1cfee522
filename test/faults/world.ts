import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { startDataPlane } from '../../src/embedded/data-plane/data-plane.ts'
import { startDemoService } from '../../src/embedded/demo-service/demo-service.ts'
import { startLoad } from '../../src/embedded/load/load-generator.ts'
import { temporalServes } from '../../src/embedded/readiness.ts'
import type { Releases } from '../../src/releases/releases.ts'
import { createReleases } from '../../src/releases/temporal-releases.ts'
import { ensureSearchAttributes } from '../../src/worker/namespace.ts'
import { freePort } from '../support/server-process.ts'

const WORKER = fileURLToPath(new URL('../../dist/worker/main.js', import.meta.url))
const API = fileURLToPath(new URL('../../dist/api/main.js', import.meta.url))
const STOP_AFTER = fileURLToPath(new URL('stop-after.mjs', import.meta.url))
const BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url))
const POOLS = ['blue', 'green'] as const

/** Real processes that can be killed: Temporal on a file, workers as built, and the real data plane under load. */
export interface World {
  readonly releases: Releases
  readonly client: Client
  /** The live split as the data plane itself reports it, past every stand-in. */
  readonly split: () => Promise<Record<string, number>>
  /** With the name of an update it stands still once Temporal has answered that one; see `stopped`. */
  readonly startWorker: (stopAfter?: string) => ChildProcess
  /** The same for an API, once it serves. */
  readonly startApi: (stopAfter?: string) => Promise<{ readonly child: ChildProcess; readonly url: string }>
  /** Kills (SIGKILL) every worker there is. */
  readonly killWorkers: () => void
  readonly temporal: { readonly kill: () => Promise<void>; readonly start: () => Promise<void> }
  /** Called after a router write has landed and before its answer is passed on. */
  afterWrite: (() => void) | null
  /** Every call that arrived, as its direction and key; the one who was called does each key once. */
  readonly calls: string[]
  /** Called when a call has taken effect and before its answer is passed on. */
  afterCall: (() => void) | null
  readonly close: () => Promise<void>
}

/** Settles when a process stands still where it was told to. */
export function stopped(child: ChildProcess): Promise<void> {
  return new Promise((done) => child.on('message', (message) => message === 'stopped' && done()))
}

export async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-faults-'))
  const services = await Promise.all(POOLS.map(() => startDemoService({ port: 0, version: '2.3.9' })))
  const urls = services.map(({ ports }) => `http://127.0.0.1:${ports.http}`)
  const plane = await startDataPlane({
    ...{ proxyPort: 0, adminPort: 0, stateFile: join(folder, 'routing.json') },
    pools: { blue: urls[0] ?? '', green: urls[1] ?? '' },
  })
  const load = await startLoad({ target: `http://127.0.0.1:${plane.ports.proxy}`, statsPort: 0, rate: 100 })
  const admin = `http://127.0.0.1:${plane.ports.admin}`
  const standIn = await openStandIn(admin, () => world.afterWrite?.())
  const callee = await openCallee((call) => {
    world.calls.push(call)
    world.afterCall?.()
  })
  const temporalPort = await freePort()
  const temporal = temporalOn(join(folder, 'temporal.db'), temporalPort)
  await temporal.start()
  const address = `127.0.0.1:${temporalPort}`
  const connection = await Connection.connect({ address })
  await ensureSearchAttributes(connection, 'default')
  const client = new Client({ connection })
  const config = join(folder, 'sluice.yaml')
  await writeFile(config, JSON.stringify(installation(standIn.url, admin, callee.url)))
  const workers: ChildProcess[] = []
  const apis: ChildProcess[] = []
  const launch = (entry: string, more: Readonly<Record<string, string>>) =>
    fork(entry, {
      env: {
        ...{ ...process.env, ...more, TEMPORAL_ADDRESS: address, SLUICE_CONFIG: config },
        SLUICE_WORKFLOW_BUNDLE: BUNDLE,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: more['STOP_AFTER'] === '' ? [] : [`--import=${STOP_AFTER}`],
    })

  const world: World = {
    ...{ client, temporal, afterWrite: null, calls: [], afterCall: null },
    releases: createReleases({ client, taskQueue: 'sluice' }),
    async split() {
      const response = await fetch(`${admin}/routing`)
      const { split } = (await response.json()) as { split: Record<string, number> }
      return split
    },
    startWorker(stopAfter = '') {
      const worker = launch(WORKER, { STOP_AFTER: stopAfter })
      workers.push(worker)
      return worker
    },
    async startApi(stopAfter = '') {
      const port = await freePort()
      const child = launch(API, { STOP_AFTER: stopAfter, SLUICE_PORT: String(port) })
      apis.push(child)
      await new Promise((done) => child.once('message', done))
      return { child, url: `http://127.0.0.1:${port}` }
    },
    killWorkers() {
      for (const worker of workers.splice(0)) worker.kill('SIGKILL')
    },
    async close() {
      world.killWorkers()
      for (const api of apis) api.kill('SIGKILL')
      await connection.close()
      await temporal.kill()
      await load.close()
      await new Promise((done) => standIn.server.close(done))
      await new Promise((done) => callee.server.close(done))
      await plane.close()
      await Promise.all(services.map((service) => service.close()))
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  return world
}

function installation(routerAdmin: string, metricsAdmin: string, callee: string) {
  const metric = 'sluice_proxy_requests_total'
  return {
    targets: [
      {
        ...{ service: 'checkout', environment: 'production', pools: [...POOLS] },
        router: { kind: 'embedded', admin: routerAdmin },
        metrics: {
          proxy: {
            ...{ kind: 'scrape', urls: [`${metricsAdmin}/metrics`], requests: { metric } },
            errors: { metric, label: 'code', match: { prefix: '5' } },
            latency: { metric: 'sluice_proxy_request_duration_seconds' },
          },
        },
      },
    ],
    groups: { owners: ['alice', 'bob'] },
    people: [{ id: 'alice' }, { id: 'bob' }],
    hooks: { deploy: { webhook: { url: callee } }, remove: { webhook: { url: callee } } },
    outbound: { privateAddresses: ['127.0.0.1/32'] },
  }
}

/** Somebody whom webhooks are sent to. */
async function openCallee(hear: (call: string) => void): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      hear(String(request.headers['idempotency-key']))
      response.writeHead(204, { connection: 'close' }).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, url: `http://127.0.0.1:${port}` }
}

/** Passes every call on to the admin API, and tells when a write has landed before its answer goes back. */
async function openStandIn(target: string, afterWrite: () => void): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    pass(request, response, target, afterWrite).catch(() => response.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, url: `http://127.0.0.1:${port}` }
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  afterWrite: () => void,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const method = request.method ?? 'GET'
  const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
  const answer = await fetch(`${target}${request.url}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...body,
  })
  const text = await answer.text()
  if (method === 'PUT') afterWrite()
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(text)
}

function temporalOn(file: string, port: number): World['temporal'] {
  const cli = process.env['SLUICE_TEMPORAL_CLI'] ?? ''
  let child: ChildProcess | null = null
  return {
    async start() {
      const args = [
        'server',
        'start-dev',
        '--headless',
        '--ip',
        '127.0.0.1',
        '--port',
        String(port),
        '--db-filename',
        file,
      ]
      child = spawn(cli, [...args, '--log-level', 'never'], { stdio: 'ignore' })
      while (!(await temporalServes(`127.0.0.1:${port}`))) await sleep(50)
    },
    async kill() {
      const ended = child
      child = null
      if (ended === null || ended.exitCode !== null) return
      const gone = new Promise((done) => ended.once('exit', done))
      ended.kill('SIGKILL')
      await gone
    },
  }
}
