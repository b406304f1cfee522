import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommands } from '../../src/routers/haproxy/runtime-api.ts'
import { type DemoBackend, startDemoBackend } from './demo-backend.ts'
import { freePort, freezeProcess, type ServerProcess, startProcess, waitFor } from './server-process.ts'

/** Tests and benches run from the project's root, wherever they were compiled to. */
const EXAMPLE = join(process.cwd(), 'examples', 'haproxy')

/** A real HAProxy with the documented example configuration, on ports of its own. */
export interface HaproxyServer {
  readonly socket: string
  readonly map: string
  readonly port: number
  readonly metricsPort: number
  /** Sends one command to the worker and returns its lines. */
  command(command: string): Promise<readonly string[]>
  /** Loads the configuration and the map files anew, as `systemctl reload haproxy` does; ends when the new worker answers. */
  readonly reload: () => Promise<void>
  /** Kills HAProxy (SIGKILL) and starts it anew, on the same ports and files. */
  readonly restart: () => Promise<void>
  /** Stops the worker in its tracks (SIGSTOP) and lets it go on (SIGCONT). */
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
  /** Ends HAProxy. */
  readonly stop: () => Promise<void>
}

async function startHaproxy(
  backends: { readonly blue: DemoBackend; readonly green: DemoBackend },
  folder: string,
  number: number,
  isChecked: boolean,
): Promise<HaproxyServer> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const socket = join(folder, `admin-${number}.sock`)
  const master = join(folder, `master-${number}.sock`)
  const file = join(folder, `haproxy-${number}.cfg`)
  const check = isChecked ? ' check inter 100ms fall 1 rise 1' : ''
  const config = replaceAll(await readFile(join(folder, 'haproxy.cfg'), 'utf8'), {
    '/run/haproxy/admin.sock': socket,
    '/etc/haproxy/': `${folder}/`,
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:8405': `127.0.0.1:${metricsPort}`,
    '127.0.0.1:9001': `127.0.0.1:${backends.blue.port}${check}`,
    '127.0.0.1:9002': `127.0.0.1:${backends.green.port}${check}`,
    'hard-stop-after 30s': 'hard-stop-after 2s',
    'maxconn 4000': 'maxconn 1000',
  })
  await writeFile(file, config)
  const start = () => startProcess('haproxy', ['-W', '-db', '-S', master, '-f', file])
  const awaitWorker = (of: ServerProcess, previous: number | null) =>
    workerPid(of, socket, previous)
      // A signal to the master before its loop runs is lost.
      .then((worker) => waitFor('the master of HAProxy', () => firstAnswer(master)).then(() => worker))
      .catch(async (error: unknown) => {
        await of.stop()
        throw error
      })
  let server = start()
  let pid = await awaitWorker(server, null)
  let isFrozen = false
  const thaw = async () => {
    if (isFrozen) process.kill(pid, 'SIGCONT')
    isFrozen = false
  }
  return {
    socket,
    map: join(folder, 'sluice-checkout.map'),
    port,
    metricsPort,
    command: (command) => ask(socket, command),
    async reload() {
      server.child.kill('SIGUSR2')
      pid = await workerPid(server, socket, pid)
    },
    async restart() {
      const before = pid
      for (const victim of [server.child.pid ?? 0, before]) process.kill(victim, 'SIGKILL')
      await server.stop()
      server = start()
      pid = await awaitWorker(server, before)
    },
    async freeze() {
      await freezeProcess(pid)
      isFrozen = true
    },
    thaw,
    async stop() {
      await thaw()
      await server.stop()
    },
  }
}

/** Two backends, HAProxy nodes with one set of map files in front of them, and a client that keeps connections. */
export async function startDataPath(nodes = 1, { isChecked = false } = {}) {
  const backends = { blue: await startDemoBackend('blue'), green: await startDemoBackend('green') }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-haproxy-'))
  await cp(EXAMPLE, folder, { recursive: true })
  const numbers = Array.from({ length: nodes }, (_, index) => index)
  const servers = await Promise.all(numbers.map((number) => startHaproxy(backends, folder, number, isChecked)))
  const agent = new Agent({ keepAlive: true, maxSockets: 30 })
  return {
    backends,
    servers,
    /** Sends one request to the first node. */
    send: (headers: Readonly<Record<string, string>>) => get(servers[0]?.port ?? 0, headers, agent),
    stop: async () => {
      agent.destroy()
      await Promise.all(servers.map((server) => server.stop()))
      await Promise.all([backends.blue.close(), backends.green.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export interface Reply {
  readonly status: number
  readonly pool: string | null
  readonly cookie: string | null
}

function get(port: number, headers: Readonly<Record<string, string>>, agent: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, headers, agent }, (response) => {
      const pool = response.headers['x-pool']
      response.resume().on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          pool: typeof pool === 'string' ? pool : null,
          cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? null,
        }),
      )
    })
      .on('error', reject)
      .end()
  })
}

/** The master keeps the connection open after its answer. */
async function firstAnswer(socket: string): Promise<string> {
  const connection = connect(socket).setTimeout(2_000, () => connection.destroy(new Error('no answer')))
  connection.write('show version\n')
  const [data]: unknown[] = await once(connection, 'data')
  connection.destroy()
  return String(data)
}

async function ask(socket: string, command: string): Promise<readonly string[]> {
  const [lines = []] = await runCommands({ path: socket }, [command], 2_000, new AbortController().signal)
  return lines
}

async function workerPid(server: ServerProcess, socket: string, previous: number | null): Promise<number> {
  return waitFor(`a worker of HAProxy: ${server.output()}`, async () => {
    if (server.child.exitCode !== null) throw new Error(server.output())
    const info = await ask(socket, 'show info')
    const pid = Number(info.find((line) => line.startsWith('Pid: '))?.slice(5))
    return pid > 0 && pid !== previous && info.includes('Stopping: 0') ? pid : null
  })
}

function replaceAll(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`The example configuration no longer has ${from}`)
    return now.replaceAll(from, to)
  }, text)
}
