import { createReadStream, readFileSync, type Stats, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

/** No text that is written for us comes near it; more would only fill the memory. */
const MOST_BYTES = 64 * 1_048_576

/**
 * Reads a file that a configuration names. A pipe would be waited for, and a device may have no end.
 * @throws Error that says why it was not read
 */
export async function readRegularFile(path: string, most = MOST_BYTES): Promise<string> {
  refuseOther(await stat(path), most)
  return readFile(path, 'utf8')
}

/** The same where nothing can wait. */
export function readRegularFileSync(path: string): string {
  refuseOther(statSync(path), MOST_BYTES)
  return readFileSync(path, 'utf8')
}

/** The same for what a person names on the command line, where a pipe is as good as a file. */
export async function readInput(path: string): Promise<string> {
  const bytes = Buffer.concat(await createReadStream(path, { end: MOST_BYTES }).toArray())
  if (bytes.length > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`)
  return bytes.toString('utf8')
}

function refuseOther(found: Stats, most: number): void {
  if (found.isDirectory()) throw new Error('it is a folder, not a file')
  if (!found.isFile()) throw new Error('it is a pipe or a device, not a file')
  if (found.size > most) throw new Error(`it has more than ${most} bytes`)
}
