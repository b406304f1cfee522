import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostgres } from './require-server.ts'
import { freePort, freezeProcess, type ServerProcess, startProcess, waitFor } from './server-process.ts'

/** A real Unleash on a PostgreSQL of its own. */
export interface UnleashServer {
  readonly url: string
  readonly adminToken: string
  /** For applications that evaluate in process, in the environment `development`. */
  readonly clientToken: string
  /** Calls the admin API and gives back what it answers. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
  /** Ends both; their folder goes too. */
  stop(): Promise<void>
}

/** Where the set-up put Unleash; `npm test` exports it. */
export const UNLEASH = process.env['SLUICE_UNLEASH']

/** Starts both, which takes about five seconds. */
export async function startUnleash(): Promise<UnleashServer> {
  if (UNLEASH === undefined) throw new Error('SLUICE_UNLEASH is not set: run the tests with npm test')
  const folder = await mkdtemp(join(tmpdir(), 'sluice-unleash-'))
  const postgres = await startPostgres(folder)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const [adminToken, clientToken] = [`*:*.${randomUUID()}`, `default:development.${randomUUID()}`]
  const server = startProcess(process.execPath, [join(UNLEASH, 'node_modules/unleash-server/dist/server.js')], {
    ...{ HTTP_HOST: '127.0.0.1', HTTP_PORT: String(port), DATABASE_URL: postgres.url, DATABASE_SSL: 'false' },
    ...{ INIT_ADMIN_API_TOKENS: adminToken, INIT_CLIENT_API_TOKENS: clientToken, LOG_LEVEL: 'error' },
    ...{ SEND_TELEMETRY: 'false', CHECK_VERSION: 'false', NODE_NO_WARNINGS: '1' },
  })
  const stop = async () => {
    server.child.kill('SIGCONT')
    await server.stop()
    await postgres.server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  await waitFor(
    'Unleash',
    async () => {
      if (server.child.exitCode !== null) throw new Error(server.output())
      return (await fetch(`${url}/health`)).ok ? true : null
    },
    60_000,
  ).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    ...{ url, adminToken, clientToken, stop },
    async admin(method, path, body) {
      const answer = await fetch(`${url}/api/admin${path}`, {
        method,
        headers: { authorization: adminToken, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
      return text === '' ? null : JSON.parse(text)
    },
    freeze: () => freezeProcess(server.child.pid ?? 0),
    thaw: async () => void server.child.kill('SIGCONT'),
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user whom its package has made. */
async function startPostgres(folder: string): Promise<{ readonly url: string; readonly server: ServerProcess }> {
  const user = process.getuid?.() === 0 ? idsOf('postgres') : null
  const data = join(folder, 'postgres')
  await mkdir(data, { mode: 0o700 })
  if (user !== null) {
    chownSync(folder, user.uid, user.gid)
    chownSync(data, user.uid, user.gid)
  }
  const port = await freePort()
  const initdb = ['-D', data, '-U', 'sluice', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']
  const made = spawn(findPostgres('initdb') ?? 'initdb', initdb, { ...user, cwd: folder, stdio: 'ignore' })
  const [code] = (await once(made, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`initdb ended with ${code}`)
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  const server = startProcess(findPostgres('postgres') ?? 'postgres', args, {}, { ...user, cwd: folder })
  await waitFor('PostgreSQL', async () => {
    if (server.child.exitCode !== null) throw new Error(server.output())
    return server.output().includes('ready to accept connections') ? true : null
  })
  return { url: `postgres://sluice@127.0.0.1:${port}/postgres`, server }
}

function idsOf(name: string): { readonly uid: number; readonly gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`))
  const [, , uid, gid] = (line ?? '').split(':')
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${name}`)
  return { uid: Number(uid), gid: Number(gid) }
}
