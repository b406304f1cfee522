import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Milliseconds } from '../../src/domain/units.ts'
import { findProgram } from './require-server.ts'
import { freePort, freezeProcess, startProcess, waitFor } from './server-process.ts'

/** A real Prometheus in a folder and on a port of its own. */
export interface PrometheusServer {
  readonly url: string
  readonly freeze: () => Promise<void>
  readonly thaw: () => void
  /** Ends it; its folder goes too. */
  stop(): Promise<void>
}

/** Starts one that scrapes each path of the target as a job of its own; `job` names all of them. */
export async function startPrometheus(settings: {
  readonly target: Pick<ScriptedTarget, 'port'>
  readonly paths: readonly string[]
  readonly scrapeInterval: Milliseconds
  readonly job?: string
}): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'))
  const interval = `${settings.scrapeInterval}ms`
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval },
    scrape_configs: settings.paths.map((path) => ({
      job_name: settings.job ?? path,
      metrics_path: `/${path}`,
      static_configs: [{ targets: [`127.0.0.1:${settings.target.port}`] }],
    })),
  }
  return launch(folder, config)
}

/** Starts one that scrapes nothing and remembers what this OpenMetrics text says, each sample with its time in seconds. */
export async function startPrometheusWith(history: string): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'))
  await writeFile(join(folder, 'history.txt'), history)
  const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'history.txt'), join(folder, 'data')]
  await promisify(execFile)(findProgram('promtool') ?? 'promtool', blocks)
  return launch(folder, {}, ['--storage.tsdb.retention.time=100y'])
}

async function launch(folder: string, config: object, more: readonly string[] = []): Promise<PrometheusServer> {
  const port = await freePort()
  // Every JSON text is YAML too.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const server = startProcess('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
    ...more,
  ])
  const url = `http://127.0.0.1:${port}`
  await waitFor('Prometheus', async () => {
    if (server.child.exitCode !== null) throw new Error(server.output())
    return (await fetch(`${url}/-/ready`)).ok ? true : null
  }).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  const thaw = () => void server.child.kill('SIGCONT')
  return {
    url,
    freeze: () => freezeProcess(server.child.pid ?? 0),
    thaw,
    async stop() {
      thaw()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A process that exposes what a test tells it to. */
export interface ScriptedTarget {
  readonly port: number
  /** What a path exposes from now on; null answers with status 500, as a process that is gone. */
  expose(path: string, text: string | null): void
  /** Returns when everything exposed now is in the store: a scrape that came later has been followed by another one. */
  scraped(): Promise<void>
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1. */
export async function startScriptedTarget(paths: readonly string[]): Promise<ScriptedTarget> {
  const texts = new Map<string, string | null>(paths.map((path) => [path, '']))
  const scrapes = new Map<string, number>(paths.map((path) => [path, 0]))
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    const text = texts.get(path) ?? null
    scrapes.set(path, (scrapes.get(path) ?? 0) + 1)
    response.writeHead(text === null ? 500 : 200, { 'content-type': 'text/plain; version=0.0.4' }).end(text ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    expose: (path, text) => void texts.set(path, text),
    async scraped() {
      const before = new Map(scrapes)
      await waitFor('two scrapes of every path', async () =>
        paths.every((path) => (scrapes.get(path) ?? 0) >= (before.get(path) ?? 0) + 2) ? true : null,
      )
      // The second scrape proves that the first was stored; its own sample needs no waiting for.
      await delay(5)
    },
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
