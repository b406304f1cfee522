import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '../domain/units.ts'

interface CommandToRun {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly deadline: Milliseconds
}

/** How a command has ended. */
export interface CommandEnd {
  /** Null when it was killed or never began. */
  readonly code: number | null
  /** Why it has no code, as a clause; null when it has one. */
  readonly fault: string | null
  /** The last of what it wrote to either stream. */
  readonly output: string
}

/** So much of what it writes is kept; the rest is read and forgotten. */
const KEPT_OUTPUT = 8_192
/** How long the rest of what it wrote may take to arrive once it has ended. */
const LAST_WORDS: Milliseconds = 500
/** The code with which the leash says that there was no such program. */
const NOT_STARTED = 127

/**
 * Stands between the worker and the command, in a process group of its own: when the worker dies the pipe between them ends,
 * and the leash kills its group, so that no command goes on that nobody waits for.
 */
const LEASH = `
const { spawn } = require('node:child_process')
const [program, ...args] = process.argv.slice(1)
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('error', (error) => { process.stderr.write(error.message); process.exitCode = ${NOT_STARTED}; process.stdin.destroy() })
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
process.stdin.on('close', () => { if (child.pid !== undefined) process.kill(0, 'SIGKILL') }).resume()
`

/**
 * Runs a program without a shell, with this environment and nothing else. At its deadline, when `signal` aborts, and when this
 * process dies, it is killed with everything that it has started and not let go of.
 * @throws the reason of `signal`, once the command is gone
 */
export async function runCommand(
  { argv, environment, deadline }: CommandToRun,
  signal: AbortSignal,
): Promise<CommandEnd> {
  signal.throwIfAborted()
  const child = spawn(process.execPath, ['-e', LEASH, '--', ...argv], {
    env: { ...environment },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = keepTail(child)
  let isLate = false
  const kill = () => killGroup(child)
  const timer = setTimeout(() => {
    isLate = true
    kill()
  }, deadline)
  signal.addEventListener('abort', kill, { once: true })
  try {
    const closed = once(child, 'close')
    const [code] = (await once(child, 'exit')) as [number | null]
    // What it has left behind in its group goes with it, and with it go the pipes; what has left the group may keep them.
    kill()
    await Promise.race([closed, delay(LAST_WORDS, undefined, { ref: false })])
    signal.throwIfAborted()
    const fault = isLate ? 'it did not end in time and was killed' : code === null ? 'it was killed' : null
    return { code: fault === null ? code : null, fault, output: output() }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function keepTail({ stdin, stdout, stderr }: ChildProcess): () => string {
  let tail = Buffer.alloc(0)
  const keep = (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-KEPT_OUTPUT)
  }
  stdin?.on('error', () => undefined)
  for (const stream of [stdout, stderr]) stream?.on('data', keep).on('error', () => undefined)
  return () => tail.toString()
}
