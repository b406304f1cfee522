import { type ChildProcess, fork } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Instant, Milliseconds } from '../domain/units.ts'

/** One process of the tree. */
export interface SupervisedPart {
  readonly name: string
  /** A compiled file of this package, relative to `dist/embedded/`. */
  readonly entry: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Resolves when the part serves; asked again and again until then. */
  readonly isReady: () => Promise<boolean>
}

interface SupervisorOptions {
  /** Folder of the logs, one per part. */
  readonly logs: string
  readonly onRestart: (name: string, how: string) => void
  /** Hears of each process of the tree once it runs. */
  readonly onProcess: (pid: number) => void
}

export interface Supervisor {
  /** Starts a part and waits until it serves. It is started again whenever it ends. */
  readonly start: (part: SupervisedPart) => Promise<void>
  readonly pidOf: (name: string) => number | undefined
  /** Ends every part, the last started first, and waits for all of them. */
  readonly stop: () => Promise<void>
}

/** How long a part may take to serve, in milliseconds. */
const READY_LIMIT: Milliseconds = 60_000
const LONGEST_PAUSE: Milliseconds = 5_000

interface Running {
  readonly part: SupervisedPart
  child: ChildProcess
  /** The foreign program behind a leash, which has to go when the leash was killed. */
  leashed: number | undefined
  restarts: number
  startedAt: Instant
}

/**
 * Keeps a tree of processes alive. Each has a channel to this process and ends when it closes, so that nothing is left
 * behind, even when this process is killed.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { logs, onRestart, onProcess } = options
  const parts = new Map<string, Running>()
  let isStopping = false

  function launch(part: SupervisedPart): ChildProcess {
    const entry = fileURLToPath(new URL(part.entry, import.meta.url))
    const child = fork(entry, [...(part.args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...part.env },
      execArgv: [],
    })
    keepLog(child, join(logs, `${part.name}.log`))
    if (child.pid !== undefined) onProcess(child.pid)
    return child
  }

  function watch(running: Running): void {
    const { child, part } = running
    child.on('message', (message) => {
      const leashed = pidIn(message)
      if (leashed === undefined) return
      running.leashed = leashed
      onProcess(leashed)
    })
    child.once('exit', (code, signal) => void again(running, code, signal ?? `code ${code}`))
    child.once('error', () => void again(running, null, `no ${part.name}`))
  }

  async function again(running: Running, _code: number | null, how: string): Promise<void> {
    if (isStopping) return
    if (running.leashed !== undefined) killQuietly(running.leashed)
    onRestart(running.part.name, how)
    const livedLong = Date.now() - running.startedAt > 10_000
    running.restarts = livedLong ? 0 : running.restarts + 1
    await sleep(Math.min(LONGEST_PAUSE, 100 * 2 ** Math.max(0, running.restarts - 1)))
    if (isStopping) return
    running.child = launch(running.part)
    running.startedAt = Date.now()
    running.leashed = undefined
    watch(running)
  }

  return {
    async start(part) {
      if (isStopping) return
      const running: Running = { part, child: launch(part), leashed: undefined, restarts: 0, startedAt: Date.now() }
      parts.set(part.name, running)
      watch(running)
      await untilReady(part, () => isStopping)
    },
    pidOf: (name) => parts.get(name)?.child.pid,
    async stop() {
      isStopping = true
      for (const running of [...parts.values()].reverse()) await endChild(running.child)
    },
  }
}

async function untilReady({ name, isReady }: SupervisedPart, isStopping: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_LIMIT
  while (Date.now() < deadline) {
    if (isStopping() || (await isReady())) return
    await sleep(50)
  }
  throw new Error(`${name} did not serve within ${READY_LIMIT / 1_000} s; its log says why`)
}

/** Writes what a process prints to a file, and goes on reading it where the disk takes no more: else it would stand still. */
function keepLog(child: ChildProcess, file: string): void {
  const log = createWriteStream(file, { flags: 'a', mode: 0o600 })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.pipe(log, { end: false })
    log.on('error', () => void stream?.resume())
  }
  child.once('close', () => log.end())
}

/** Asks, waits, and insists. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const insist = setTimeout(() => child.kill('SIGKILL'), 7_000)
  await gone
  clearTimeout(insist)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has gone already: just what was wanted.
  }
}

function pidIn(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || !('pid' in message)) return undefined
  return typeof message.pid === 'number' ? message.pid : undefined
}
