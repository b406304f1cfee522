import { randomUUID } from 'node:crypto'
import { open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { compareFences, type Fence } from '../../domain/exposure.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { readRegularFile } from '../../outbound/regular-file.ts'
import { syncFolder } from '../../outbound/sync-folder.ts'
import { LATE, lateText, within } from '../../outbound/within.ts'
import type { NodeMap } from './node.ts'
import type { MapEntry } from './split-map.ts'

/** A map file of more than this is not one of Sluice: 500 cohorts take 50 kB. */
const LONGEST_FILE = 4 * 1024 * 1024

/** Each time another writer has come in between, the file is written anew from what is live. */
const MOST_ROUNDS = 5

/** No writer takes so long. */
const OLD_DRAFT: Milliseconds = 600_000

/** What was made live, and how to see what is live now. */
interface LiveMap {
  readonly entries: readonly MapEntry[]
  readonly fence: Fence
  /** The maps of all nodes that answer. */
  readonly look: (signal: AbortSignal) => Promise<readonly NodeMap[]>
}

/**
 * Makes the file from which HAProxy loads its map say what is live, so that a reload or a restart comes back with it.
 * Answers with what went wrong, as a sentence: the routing is live all the same.
 *
 * The file follows the live map and never leads it. What is live is looked at right before the file changes and right
 * after, and whoever finds a newer write there writes that one: two writers, or one that was frozen on its way, leave
 * nothing older behind than what is live.
 */
export async function keepMapFile(
  file: string,
  live: LiveMap,
  bounds: { readonly deadline: Milliseconds; readonly signal: AbortSignal },
): Promise<string | null> {
  try {
    const ended = await within(bounds, (signal) => follow(file, live, signal))
    if (ended !== LATE) return null
    return problem(file, lateText(bounds.deadline).replace('answer', 'write'))
  } catch (error) {
    bounds.signal.throwIfAborted()
    return problem(file, error instanceof Error ? error.message : String(error))
  }
}

async function follow(file: string, live: LiveMap, signal: AbortSignal): Promise<void> {
  let { entries, fence } = live
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const isOurs = async () => newest(await live.look(signal), fence) === null
    const isWritten = await replaceFile(file, entries, isOurs, signal)
    const newer = newest(await live.look(signal), fence)
    if (newer === null && isWritten) return
    if (newer !== null) ({ entries, fence } = newer)
  }
  throw new Error(`the map changed ${MOST_ROUNDS} times while it was being written`)
}

/** The newest map that is newer than `fence` and as Sluice wrote it; null when there is none. */
function newest(maps: readonly NodeMap[], fence: Fence): { entries: readonly MapEntry[]; fence: Fence } | null {
  if (maps.length === 0) throw new Error('no HAProxy node says what is live')
  let found: { entries: readonly MapEntry[]; fence: Fence } | null = null
  for (const { entries, map } of maps) {
    const limit = found?.fence ?? fence
    if (map.fence !== null && map.isSealed && compareFences(map.fence, limit) > 0) found = { entries, fence: map.fence }
  }
  return found
}

/**
 * Replaces the file in one step, whatever happens on the way: a reader finds the old content or the new one. Keeps the
 * comments at its top, its mode and its owner. Changes nothing, and answers false, when `isWanted` says no at the last
 * moment.
 */
async function replaceFile(
  file: string,
  entries: readonly MapEntry[],
  isWanted: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  // A link stays a link: what it leads to is replaced.
  const path = await realpath(file)
  const { mode, uid, gid } = await stat(path)
  const before = await readRegularFile(path, LONGEST_FILE)
  const text = `${commentsOf(before)}${entries.map(([key, value]) => `${key} ${value}\n`).join('')}`
  if (text === before) return true
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await writeDraft(draft, text, { mode: mode & 0o7777, uid, gid })
    if (!(await isWanted())) return false
    signal.throwIfAborted()
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
  await clearDrafts(path)
  return true
}

async function writeDraft(
  draft: string,
  text: string,
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<void> {
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    const own = await handle.stat()
    if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid)
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Drafts of workers that were killed while they wrote one. */
async function clearDrafts(path: string): Promise<void> {
  const own = `${basename(path)}.`
  const drafts = (await readdir(dirname(path))).filter((name) => name.startsWith(own) && name.endsWith('.draft'))
  for (const draft of drafts.map((name) => join(dirname(path), name))) {
    const written = await stat(draft).catch(() => null)
    if (written !== null && Date.now() - written.mtimeMs > OLD_DRAFT) await rm(draft, { force: true })
  }
}

/** The lines before the first entry: comments and empty ones. */
function commentsOf(text: string): string {
  if (text.trim() === '') return ''
  const lines = text.trimEnd().split('\n')
  const first = lines.findIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'))
  const comments = first === -1 ? lines : lines.slice(0, first)
  return comments.map((line) => `${line}\n`).join('')
}

function problem(file: string, reason: string): string {
  return `the map file ${file} could not be written (${reason}): a reload of HAProxy brings back what it holds`
}
