import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { parseJson } from '../domain/json.ts'
import type { Milliseconds } from '../domain/units.ts'
import { isRunning, type Running, runningAs, runningSchema } from './process-identity.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

/** How long the processes of a tree that was killed may take to end by themselves, in milliseconds. */
const PATIENCE: Milliseconds = 5_000

/**
 * Ends what a tree has left behind whose supervisor was killed: two Temporals on one database, or two workers of one
 * home, must not be. Only processes that the file names and that are still the same ones are touched.
 * @returns how many there were
 */
export async function endLeftovers(file: string, patience = PATIENCE): Promise<number> {
  const kept = await readStateFile(file, (text) => {
    const parsed = z.array(runningSchema).safeParse(parseJson(text))
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: 'it holds no processes' }
  })
  if (kept.kind !== 'kept') return 0
  const left = await stillRunning(kept.value)
  for (const { pid } of left) signal(pid, 'SIGTERM')
  for (const deadline = performance.now() + patience; performance.now() < deadline; await sleep(50)) {
    if ((await stillRunning(left)).length === 0) return left.length
  }
  for (const { pid } of await stillRunning(left)) signal(pid, 'SIGKILL')
  return left.length
}

/** Keeps the processes of this tree in a file, for the next one to find. */
export function createPartsRecord(file: string): (pid: number) => void {
  let parts: readonly Running[] = []
  let lastWrite: Promise<unknown> = Promise.resolve()
  const add = async (pid: number) => {
    const running = await runningAs(pid)
    parts = [...(await stillRunning(parts)), ...(running === null ? [] : [running])]
    await writeStateFile(file, JSON.stringify(parts))
  }
  // Without the record the tree works as well; only a kill of its supervisor would leave more to clear away by hand.
  return (pid) => {
    lastWrite = lastWrite.then(() => add(pid)).catch(() => undefined)
  }
}

async function stillRunning(list: readonly Running[]): Promise<readonly Running[]> {
  const known = await Promise.all(list.map(async (running) => ((await isRunning(running)) ? [running] : [])))
  return known.flat()
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has gone already: just what was wanted.
  }
}
