import { randomUUID } from 'node:crypto'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readRegularFile } from '../outbound/regular-file.ts'

/** What a state file held. `damaged` means that it was set aside; the notice is a sentence that says why and where it is. */
type StateFile<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'kept'; readonly value: T }
  | { readonly kind: 'damaged'; readonly notice: string }

export type ParsedState<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

/** No state of ours comes near it; more would only fill the memory. */
const MOST_BYTES = 1_048_576

/**
 * Reads a state file. One that does not hold what it should is renamed, so that it can be looked at and nobody reads it
 * again. Never throws: a file that cannot be read must not keep a process from serving.
 */
export async function readStateFile<T>(file: string, parse: (text: string) => ParsedState<T>): Promise<StateFile<T>> {
  const read = await readSmallFile(file)
  if (read.kind === 'none') return read
  const parsed = read.kind === 'text' ? parse(read.text) : { ok: false as const, problem: read.problem }
  if (parsed.ok) return { kind: 'kept', value: parsed.value }
  return { kind: 'damaged', notice: `${file} was damaged (${parsed.problem}) and ${await setAside(file)}` }
}

/**
 * Replaces a state file as a whole: a reader, or a start after a crash, finds either the old one or the new one. Only the
 * user who wrote it may read it. Makes its folder where there is none.
 */
export async function writeStateFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.new`
  const handle = await open(draft, 'w', 0o600)
  try {
    // The mode above is for a new file; the draft of a process that was killed may be there still.
    await handle.chmod(0o600)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}

type ReadFile =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly problem: string }

async function readSmallFile(file: string): Promise<ReadFile> {
  try {
    return { kind: 'text', text: await readRegularFile(file, MOST_BYTES) }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? { kind: 'none' } : { kind: 'unreadable', problem: codeOf(error) }
  }
}

async function setAside(file: string): Promise<string> {
  // Two damages of one millisecond are two files: what was set aside is never written over.
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}`
  try {
    await rename(file, aside)
    return `is now ${aside}`
  } catch (error) {
    return `could not be renamed (${codeOf(error)})`
  }
}

/** What an error is called where a sentence goes on. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : String(error)
}
