import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommands } from '../../src/routers/haproxy/runtime-api.ts'
import { type HaproxyPaths, haproxyConfig, mapOf, type ServiceFront } from './haproxy-config.ts'
import { defineProgram, freePort, freezeProcess, type Program } from './program.ts'

/** A real HAProxy with the documented configuration, once per service. */
export interface Haproxy {
  readonly socket: string
  readonly watchSocket: string
  readonly metricsPort: number
  readonly mapOf: (service: string) => string
  /** Runs commands past every proxy, on a connection of its own. */
  readonly run: (commands: readonly string[]) => Promise<readonly (readonly string[])[]>
  readonly start: () => Promise<void>
  /** Ends master and worker, then starts both. */
  readonly restart: () => Promise<void>
  /** As `systemctl reload haproxy`; resolves when the new worker answers. */
  readonly reload: () => Promise<void>
  /** Writes what the maps hold into their files, as careful operators do before a reload. */
  readonly saveMaps: () => Promise<void>
  readonly freeze: () => Promise<void>
  readonly thaw: () => void
  readonly kill: () => Promise<void>
}

/** The example of the docs; everything is run from the project's root. */
const EXAMPLE = join(process.cwd(), 'examples', 'haproxy')

export async function defineHaproxy(
  folder: string,
  fronts: readonly ServiceFront[],
  command: string,
): Promise<Haproxy> {
  const paths: HaproxyPaths = {
    folder,
    socket: join(folder, 'admin.sock'),
    watchSocket: join(folder, 'watch.sock'),
    metricsPort: await freePort(),
  }
  await writeFiles(folder, fronts, paths)
  const file = join(folder, 'haproxy.cfg')
  const log = join(folder, 'haproxy.log')
  const isReady = async () => (await askInfo(paths.socket)).pid > 0
  const master = defineProgram({ name: 'haproxy', command, args: ['-W', '-db', '-f', file], log, isReady })
  let frozen = 0

  function thaw(): void {
    if (frozen !== 0) signal(frozen, 'SIGCONT')
    frozen = 0
  }

  async function kill(): Promise<void> {
    thaw()
    const { pid } = await askInfo(paths.socket).catch(() => ({ pid: 0 }))
    await master.kill()
    signal(pid, 'SIGKILL')
  }

  return {
    ...{ socket: paths.socket, watchSocket: paths.watchSocket, metricsPort: paths.metricsPort, thaw, kill },
    mapOf: (service) => mapOf(service, paths),
    run: (commands) => runCommands({ path: paths.watchSocket }, commands, 90_000, new AbortController().signal),
    start: master.start,
    async restart() {
      await kill()
      await master.start()
    },
    reload: () => reload(master, paths.socket),
    saveMaps: () => saveMaps(fronts, paths),
    async freeze() {
      frozen = (await askInfo(paths.socket)).pid
      await freezeProcess(frozen)
    },
  }
}

async function writeFiles(folder: string, fronts: readonly ServiceFront[], paths: HaproxyPaths): Promise<void> {
  const example = await readFile(join(EXAMPLE, 'haproxy.cfg'), 'utf8')
  await copyFile(join(EXAMPLE, 'cohorts.map'), join(folder, 'cohorts.map'))
  await writeFile(join(folder, 'haproxy.cfg'), haproxyConfig(example, fronts, paths))
  await Promise.all(fronts.map(({ service, pools }) => writeFile(mapOf(service, paths), `share:${pools[1]} 0\n`)))
}

async function reload(master: Program, socket: string): Promise<void> {
  const before = (await askInfo(socket)).pid
  signal(master.pid(), 'SIGUSR2')
  for (;;) {
    const now = await askInfo(socket).catch(() => null)
    if (now !== null && now.pid !== before && !now.isStopping) return
    await sleep(20)
  }
}

async function saveMaps(fronts: readonly ServiceFront[], paths: HaproxyPaths): Promise<void> {
  for (const { service } of fronts) {
    const map = mapOf(service, paths)
    const signalOfNobody = new AbortController().signal
    const [lines = []] = await runCommands({ path: paths.watchSocket }, [`show map ${map}`], 3_000, signalOfNobody)
    await writeFile(map, lines.map((line) => `${line.slice(line.indexOf(' ') + 1)}\n`).join(''))
  }
}

async function askInfo(socket: string): Promise<{ pid: number; isStopping: boolean }> {
  const [lines = []] = await runCommands({ path: socket }, ['show info'], 2_000, new AbortController().signal)
  const pid = Number(lines.find((line) => line.startsWith('Pid: '))?.slice(5) ?? 0)
  return { pid, isStopping: !lines.includes('Stopping: 0') }
}

/** A process that has gone already is what was wanted. */
function signal(pid: number, name: 'SIGCONT' | 'SIGKILL' | 'SIGUSR2'): void {
  if (pid === 0) return
  try {
    process.kill(pid, name)
  } catch {
    return
  }
}
