import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'
import { findProgram } from './require-server.ts'

/** A server that a test started, with what it printed. */
export interface ServerProcess {
  readonly child: ChildProcess
  output(): string
  /** Ends it with SIGTERM, after two seconds with SIGKILL, and waits for its end. */
  stop(): Promise<void>
}

/** Starts a program of the machine; it is killed at the latest when this process exits. */
export function startProcess(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd'> = {},
): ServerProcess {
  const child = spawn(findProgram(program) ?? program, args, {
    ...options,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => void chunks.push(text))
  }
  const onExit = () => void child.kill('SIGKILL')
  process.once('exit', onExit)
  const ended = once(child, 'exit').finally(() => process.off('exit', onExit))
  return {
    child,
    output: () => chunks.join(''),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await Promise.race([ended, delay(2_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
      await ended
    },
  }
}

/** Polls until `probe` answers something other than null or undefined; throws with the last error after 10 s. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | null | undefined>,
  patience: Milliseconds = 60_000,
): Promise<T> {
  const givesUpAt = performance.now() + patience
  let last: unknown = 'nothing yet'
  while (performance.now() < givesUpAt) {
    try {
      const found = await probe()
      if (found !== null && found !== undefined) return found
    } catch (error) {
      last = error
    }
    await delay(15)
  }
  throw new Error(`Waited ${patience / 1_000} s for ${what}: ${String(last)}`)
}

/** Stops a process in its tracks (SIGSTOP), and returns when all of its threads stand still. */
export async function freezeProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await waitFor(`process ${pid} to stand still`, async () => {
    const tasks = await readdir(`/proc/${pid}/task`)
    const states = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8')))
    return states.every((stat) => stat.slice(stat.lastIndexOf(')')).startsWith(') T')) ? true : null
  })
}

const [FIRST_PORT, PORTS] = [10_000, 20_000] as const
let tried = Math.floor(Math.random() * PORTS)

/**
 * A free TCP port of 127.0.0.1, of those that the system gives nobody by itself: no client of any process has it when its
 * server starts, nor when that is started again.
 */
export async function freePort(): Promise<number> {
  tried = (tried + 1) % PORTS
  const port = FIRST_PORT + tried
  return (await isFree(port)) ? port : freePort()
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
