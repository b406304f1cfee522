import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'

/** One program of the world: started, killed, frozen and started again. */
export interface Program {
  readonly name: string
  readonly pid: () => number
  readonly isUp: () => boolean
  /** Resolves when it serves. Does nothing while it is up. */
  readonly start: () => Promise<void>
  /** SIGKILL, and waits for its end. */
  readonly kill: () => Promise<void>
  /** SIGSTOP; resolves when all of its threads stand still. */
  readonly freeze: () => Promise<void>
  readonly thaw: () => void
  /** For programs of this folder: hands them a message. */
  readonly send: (message: Record<string, unknown>) => void
  readonly onMessage: (listener: (message: unknown) => void) => void
}

export interface ProgramOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** File that takes what it prints. */
  readonly log: string
  /** Resolves true when it serves; asked again and again. A program with a channel says so itself when this is absent. */
  readonly isReady?: () => Promise<boolean>
}

const READY_LIMIT: Milliseconds = 90_000

/** Nothing outlives this process: every program is in its group, which the script that started it ends as a whole. */
export function defineProgram(options: ProgramOptions): Program {
  let child: ChildProcess | null = null
  const listeners: ((message: unknown) => void)[] = []
  const pid = () => child?.pid ?? 0
  const isUp = () => child !== null && child.exitCode === null && child.signalCode === null

  async function start(): Promise<void> {
    if (isUp()) return
    const started = launch(options)
    child = started
    for (const listener of listeners) started.on('message', listener)
    const ready = options.isReady === undefined ? once(started, 'message') : untilTrue(options.isReady, isUp)
    const ended = once(started, 'exit').then(() => {
      throw new Error(`${options.name} ended before it served; see ${options.log}`)
    })
    const late = sleep(READY_LIMIT, undefined, { ref: false }).then(() => {
      throw new Error(`${options.name} did not serve within ${READY_LIMIT / 1_000} s; see ${options.log}`)
    })
    await Promise.race([ready, ended, late])
  }

  return {
    name: options.name,
    ...{ pid, isUp, start },
    async kill() {
      const ended = child
      if (ended === null || !isUp()) return
      const gone = once(ended, 'exit')
      ended.kill('SIGKILL')
      await gone
    },
    freeze: () => freezeProcess(pid()),
    thaw: () => void child?.kill('SIGCONT'),
    send(message) {
      if (child?.connected) child.send(message)
    },
    onMessage(listener) {
      listeners.push(listener)
      child?.on('message', listener)
    },
  }
}

function launch({ command, args, env, log, isReady }: ProgramOptions): ChildProcess {
  const file = openSync(log, 'a')
  const isOurs = command === process.execPath
  const child = spawn(command, [...args], {
    env: { ...process.env, ...env },
    stdio: isOurs ? ['ignore', file, file, 'ipc'] : ['ignore', file, file],
  })
  closeSync(file)
  if (!isOurs && isReady === undefined) throw new Error(`${command} cannot say when it serves`)
  // Whoever waits for it learns of its end; a channel that closes is no news.
  child.on('error', () => undefined)
  return child
}

async function untilTrue(probe: () => Promise<boolean>, isUp: () => boolean): Promise<void> {
  while (isUp()) {
    if (await probe().catch(() => false)) return
    await sleep(40)
  }
}

/** SIGSTOP; resolves when every thread stands still, or when the process is gone. */
export async function freezeProcess(pid: number): Promise<void> {
  if (pid === 0) return
  process.kill(pid, 'SIGSTOP')
  for (let look = 0; look < 200; look += 1) {
    const states = await threadStates(pid).catch(() => [])
    if (states.every((state) => state === 'T')) return
    await sleep(5)
  }
}

async function threadStates(pid: number): Promise<readonly string[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const stats = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8')))
  return stats.map((stat) => stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '')
}

/** Below the ports that connections are given, so that nobody takes one while its program is down. */
const [LOWEST_PORT, PORTS] = [20_000, 12_000]
const given = new Set<number>()

/** A TCP port of 127.0.0.1 that is free, and that nobody else gets from here. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORTS)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
