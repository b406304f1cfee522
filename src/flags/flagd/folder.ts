import { randomUUID } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Milliseconds } from '../../domain/units.ts'
import { syncFolder } from '../../outbound/sync-folder.ts'

/** The newest version in a folder; version 0 is a folder without any. */
export interface Version {
  readonly number: number
  readonly text: string
}

const NAME = /^(\d{12})\.json$/
const NOTHING: Version = { number: 0, text: '{"flags":{}}' }
/** Older versions stay for a look back, and for readers that have just learnt their names. */
const KEPT = 20
/** How often the folder is looked at where the operating system tells nothing, as on a network drive. */
const LOOK_EVERY: Milliseconds = 500

/** Reads the version with the highest number. Rejects with the file system's error when that cannot be read. */
export async function readNewest(folder: string): Promise<Version> {
  for (;;) {
    const number = (await numbersIn(folder)).at(-1)
    if (number === undefined) return NOTHING
    try {
      return { number, text: await readFile(join(folder, nameOf(number)), 'utf8') }
    } catch (error) {
      // Tidied away by a writer that has written newer ones meanwhile.
      if (!isAbsent(error)) throw error
    }
  }
}

/**
 * Writes a version if nobody has written that number yet, and says whether it did. The number is taken by a hard link,
 * which the file system gives to one caller only: a writer that was frozen for an hour comes too late and changes nothing.
 * `beforeLink` is called in the same moment; when it throws, nothing is written.
 */
export async function writeVersion(folder: string, version: Version, beforeLink: () => void): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  const draft = join(folder, `.new-${randomUUID()}`)
  try {
    await writeThrough(draft, version.text)
    beforeLink()
    await link(draft, join(folder, nameOf(version.number)))
  } catch (error) {
    if (codeIn(error) === 'EEXIST') return false
    throw error
  } finally {
    await unlink(draft).catch(() => undefined)
  }
  await syncFolder(folder)
  return true
}

/** Removes what is older than the last twenty versions. Never rejects: what is left is only in the way of nobody. */
export async function tidy(folder: string): Promise<void> {
  const numbers = await numbersIn(folder).catch(() => [])
  const old = numbers.slice(0, -KEPT)
  await Promise.all(old.map((number) => unlink(join(folder, nameOf(number))).catch(() => undefined)))
}

/** Calls back soon after something in the folder may have changed, and now and then without that. */
export function watchFolder(folder: string, onLook: () => void): () => void {
  let watcher: FSWatcher | null = null
  const begin = () => {
    if (watcher !== null) return
    try {
      watcher = watch(folder, { persistent: false }, onLook)
      watcher.on('error', end)
    } catch {
      watcher = null
    }
  }
  const end = () => {
    watcher?.close()
    watcher = null
  }
  begin()
  const timer = setInterval(() => {
    begin()
    onLook()
  }, LOOK_EVERY)
  timer.unref()
  return () => {
    clearInterval(timer)
    end()
  }
}

/** The numbers of the versions that are there, rising. */
async function numbersIn(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isAbsent(error)) return []
    throw error
  })
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right)
}

function nameOf(number: number): string {
  return `${String(number).padStart(12, '0')}.json`
}

async function writeThrough(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o640)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isAbsent(error: unknown): boolean {
  return codeIn(error) === 'ENOENT'
}

function codeIn(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
