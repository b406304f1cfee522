import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** A machine without a way out must learn it in seconds. */
const CONNECT_MS = 8_000
const STALL_MS = 30_000

/**
 * Downloads a file over TLS (plain HTTP only from this machine itself).
 * @param {string} url
 * @param {string} file where to write it
 * @param {{ connectMs?: number, stallMs?: number, onBytes?: (bytes: number) => void }} [options]
 * @returns {Promise<string>} the SHA-256 of what was written, in hex; rejects with a sentence
 */
export async function download(url, file, { connectMs = CONNECT_MS, stallMs = STALL_MS, onBytes = () => {} } = {}) {
  const hash = createHash('sha256')
  const handle = await open(file, 'w')
  try {
    await receive(url, { connectMs, stallMs }, async (chunk, bytes) => {
      hash.update(chunk)
      await handle.write(chunk)
      onBytes(bytes)
    })
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}

/**
 * Downloads a short text.
 * @param {string} url
 * @param {{ connectMs?: number, stallMs?: number }} [options]
 */
export async function downloadText(url, { connectMs = CONNECT_MS, stallMs = STALL_MS } = {}) {
  /** @type {Uint8Array[]} */
  const chunks = []
  await receive(url, { connectMs, stallMs }, async (chunk) => void chunks.push(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * The SHA-256 that a `checksums.txt` names for one file.
 * @param {string} text lines of `<hex>  <file>`
 * @param {string} name
 * @returns {string | null} null when the file is not named, or named with something that is no SHA-256
 */
export function checksumFor(text, name) {
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/i.exec(line.trim())
    if (match?.[2] === name) return (match[1] ?? '').toLowerCase()
  }
  return null
}

/**
 * @param {string} url
 * @param {{ connectMs: number, stallMs: number }} limits
 * @param {(chunk: Uint8Array, bytesSoFar: number) => Promise<void>} onChunk
 */
async function receive(url, { connectMs, stallMs }, onChunk) {
  const host = new URL(url).host
  const abort = new AbortController()
  let timer = setTimeout(() => abort.abort(new Error(`${host} did not answer within ${connectMs} ms`)), connectMs)
  try {
    refuseClearText(url)
    const response = await fetch(url, { signal: abort.signal, redirect: 'follow' })
    refuseClearText(response.url)
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`)
    let bytes = 0
    for await (const chunk of response.body) {
      clearTimeout(timer)
      timer = setTimeout(() => abort.abort(new Error(`${host} sent nothing for ${stallMs} ms`)), stallMs)
      bytes += chunk.byteLength
      await onChunk(chunk, bytes)
    }
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : new Error(reasonOf(error, host))
  } finally {
    clearTimeout(timer)
  }
}

/** @param {string} url */
function refuseClearText(url) {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || hostname === '127.0.0.1') return
  throw new Error(`${url} is not https`)
}

/** @param {unknown} error @param {string} host `fetch` hides why it failed in the cause */
function reasonOf(error, host) {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return `${host}: ${error.cause.message}`
  return error.message
}
