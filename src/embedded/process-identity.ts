import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { z } from 'zod'

/** One run of one program: a number alone is soon given to another one. */
export const runningSchema = z.strictObject({
  pid: z.int().min(1),
  /** When it started, as the system tells it. */
  started: z.string().min(1),
})

export type Running = z.infer<typeof runningSchema>

/** The run of a program that has this number now; null when none has, or only one that has ended and is not cleared away. */
export async function runningAs(pid: number): Promise<Running | null> {
  const started = process.platform === 'linux' ? await startedOnLinux(pid) : await startedElsewhere(pid)
  return started === null ? null : { pid, started }
}

/** True while this very run goes on. */
export async function isRunning({ pid, started }: Running): Promise<boolean> {
  return (await runningAs(pid))?.started === started
}

/** The boot and the clock ticks since then. */
async function startedOnLinux(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name of the program comes second, in brackets, and may hold anything.
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (ENDED.has(state)) return null
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    return `${boot.trim()} ${fields[STARTED]}`
  } catch {
    return null
  }
}

const ENDED = new Set(['Z', 'X'])
/** `starttime` is field 22 of proc(5); the state is field 3. */
const STARTED = 22 - 4

async function startedElsewhere(pid: number): Promise<string | null> {
  const env = { ...process.env, LC_ALL: 'C' }
  const told = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env }).catch(() => null)
  const [state = '', ...started] = (told?.stdout ?? '').trim().split(/\s+/)
  return state === '' || ENDED.has(state.slice(0, 1)) ? null : started.join(' ')
}
