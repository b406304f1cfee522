import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readRegularFile } from '../outbound/regular-file.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

const SECRET = /^[\x21-\x7e]{16,512}$/

/** Keeps a random secret in a file that only this user may read; makes it when there is none that can be used. */
export async function keepSecret(file: string): Promise<void> {
  const kept = await readStateFile(file, (text) =>
    SECRET.test(text.trim()) ? { ok: true, value: null } : { ok: false, problem: 'it holds no secret' },
  )
  if (kept.kind !== 'kept') await writeStateFile(file, `${randomBytes(32).toString('hex')}\n`)
}

/** The secret in the file; null when there is none. Read at each call, so that it can be changed while we run. */
export async function readSecret(file: string): Promise<string | null> {
  const text = await readRegularFile(file).catch(() => '')
  return SECRET.test(text.trim()) ? text.trim() : null
}

/** True when the header `authorization` carries the secret. Takes the same time whatever is wrong with it. */
export function bears(authorization: string | undefined, secret: string): boolean {
  const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digestOf(token), digestOf(secret))
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
