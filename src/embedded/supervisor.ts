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
  /** Resolves when the part serves; asked again and again until then, and believed only of a process that is ours. */
  readonly isReady: () => Promise<boolean>
  /** True for a foreign program, which cannot say over its channel that it has its port. */
  readonly isForeign?: boolean
}

interface SupervisorOptions {
  /** Folder of the logs, one per part. */
  readonly logs: string
  readonly onRestart: (name: string, how: string) => void
  /** Hears of each process of the tree once it runs. */
  readonly onProcess: (pid: number) => void
  /** How long a part may take to serve; a minute when absent. */
  readonly readyLimit?: Milliseconds
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
  /** True once this very process has said that it serves. */
  hasSaidReady: boolean
}

/**
 * Keeps a tree of processes alive. Each has a channel to this process and ends when it closes, so that nothing is left
 * behind, even when this process is killed.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { logs, onRestart, onProcess, readyLimit = READY_LIMIT } = options
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
      if (saysReady(message)) running.hasSaidReady = true
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
    running.hasSaidReady = false
    watch(running)
  }

  return {
    async start(part) {
      if (isStopping) return
      const running: Running = {
        ...{ part, child: launch(part), leashed: undefined },
        ...{ restarts: 0, startedAt: Date.now(), hasSaidReady: false },
      }
      parts.set(part.name, running)
      watch(running)
      await untilReady(running, readyLimit, () => isStopping)
    },
    pidOf: (name) => parts.get(name)?.child.pid,
    async stop() {
      isStopping = true
      for (const running of [...parts.values()].reverse()) await endChild(running.child)
    },
  }
}

/** A program that does not get its port ends within this time. */
const SETTLED: Milliseconds = 1_000

/** What answers at the address of a part may be somebody else's, who was there first. */
async function untilReady(running: Running, limit: Milliseconds, isStopping: () => boolean): Promise<void> {
  const { name, isReady, isForeign = false } = running.part
  const isOurs = () => (isForeign ? Date.now() - running.startedAt >= SETTLED : running.hasSaidReady)
  const deadline = Date.now() + limit
  while (Date.now() < deadline) {
    if (isStopping() || (isOurs() && (await isReady()) && isOurs())) return
    await sleep(50)
  }
  throw new Error(`${name} did not serve within ${limit / 1_000} s; its log says why`)
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

/** `ready` from the API and the worker, the ports from services. */
function saysReady(message: unknown): boolean {
  return message === 'ready' || (typeof message === 'object' && message !== null && 'listening' in message)
}

function pidIn(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || !('pid' in message)) return undefined
  return typeof message.pid === 'number' ? message.pid : undefined
}
