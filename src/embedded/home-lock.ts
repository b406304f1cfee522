import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { SluiceError } from '../domain/errors.ts'
import { parseJson } from '../domain/json.ts'
import { isRunning, type Running, runningAs, runningSchema } from './process-identity.ts'
import { codeOf } from './state-file.ts'

/**
 * Takes a lock file for this process. It counts only while the very process that wrote it runs: one that holds nothing
 * readable, a number that nobody has, or one that another program has by now, is stale and is taken over.
 * @returns gives the lock back
 * @throws SluiceError `config.invalid` when another process holds it
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const own = await runningAs(process.pid)
  const text = JSON.stringify(own)
  // Whoever looks finds the whole text or no file.
  const draft = `${file}.${process.pid}`
  await writeFile(draft, text, { mode: 0o600 })
  try {
    while (!(await isLinked(draft, file))) await clearStale(file)
  } finally {
    await rm(draft, { force: true })
  }
  return async () => {
    if ((await readText(file)) === text) await rm(file, { force: true })
  }
}

async function isLinked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Moves a stale lock out of the way; of two that see the same one, only one gets to move it. */
async function clearStale(file: string): Promise<void> {
  const seen = await readText(file)
  if (seen === null) return
  const holder = holderIn(seen)
  if (holder !== null && (await isRunning(holder))) {
    throw new SluiceError('config.invalid', {
      message: `Sluice is already running here, as process ${holder.pid}`,
      fix: 'stop it first, or set SLUICE_HOME to another folder',
    })
  }
  const aside = `${file}.stale-${process.pid}`
  if (!(await isMoved(file, aside))) return
  // It may have been taken over in between: then it is somebody's, and goes back.
  if ((await readText(aside)) !== seen) await link(aside, file).catch(() => undefined)
  await rm(aside, { recursive: true, force: true })
}

async function isMoved(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )
}

function holderIn(text: string): Running | null {
  const parsed = runningSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data : null
}

/** The text of a file, empty for one that cannot be read; null when there is none. */
async function readText(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: unknown) => (codeOf(error) === 'ENOENT' ? null : ''))
}
