import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A lock whose holder has not touched it for this long is nobody's. */
const STALE_MS = 30_000
const TOUCH_MS = 5_000
const UNFINISHED = '.new-'

/**
 * Where tools that take long to get are kept, outside the checkout.
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheRoot(env) {
  return env['SLUICE_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sluice')
}

/**
 * Fills a cache folder in one step: others see the old one, or the whole new one. To be called under a lock.
 * @param {string} folder
 * @param {(emptyFolder: string) => Promise<void>} make
 * @param {(madeFolder: string) => Promise<string | null>} check what is wrong with the made folder, null when it is good
 * @returns {Promise<void>} rejects when `make` does, or when what it made is not good
 */
export async function fillFolder(folder, make, check) {
  const parent = dirname(folder)
  await mkdir(parent, { recursive: true })
  await removeUnfinished(parent, basename(folder))
  const made = await mkdtemp(join(parent, `${UNFINISHED}${basename(folder)}-`))
  try {
    await make(made)
    const problem = await check(made)
    if (problem !== null) throw new Error(problem)
    await removeFolder(folder)
    await rename(made, folder)
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/**
 * Removes a cache folder so that nobody sees half of it.
 * @param {string} folder
 */
export async function removeFolder(folder) {
  const aside = join(dirname(folder), `${UNFINISHED}${basename(folder)}-${randomUUID()}`)
  await rename(folder, aside).catch(ignoreAbsent)
  await rm(aside, { recursive: true, force: true })
}

/** @param {string} parent @param {string} name */
async function removeUnfinished(parent, name) {
  const names = await readdir(parent)
  const leftOver = names.filter((entry) => entry.startsWith(`${UNFINISHED}${name}-`))
  await Promise.all(leftOver.map((entry) => rm(join(parent, entry), { recursive: true, force: true })))
}

/**
 * Runs `work` while no other process of this machine runs work under the same path. A lock is a folder; it is taken over
 * when its holder has died or has not touched it for 30 s.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {{ onWait?: (holder: string) => void, staleMs?: number, pollMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { onWait = () => {}, staleMs = STALE_MS, pollMs = 200 } = {}) {
  await mkdir(dirname(path), { recursive: true })
  const token = randomUUID()
  let waited = false
  while (!(await take(path, token))) {
    if (await isAbandoned(path, staleMs)) {
      await removeFolder(path)
      continue
    }
    if (!waited) onWait(path)
    waited = true
    await sleep(pollMs)
  }
  const touch = setInterval(() => void touchLock(path), TOUCH_MS)
  touch.unref()
  try {
    return await work()
  } finally {
    clearInterval(touch)
    const owner = await ownerOf(path)
    if (owner?.token === token) await removeFolder(path)
  }
}

/** @param {string} path @param {string} token */
async function take(path, token) {
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  await writeFile(join(path, 'owner.json'), JSON.stringify({ token, pid: process.pid, host: hostname() }))
  return true
}

/** @param {string} path @param {number} staleMs */
async function isAbandoned(path, staleMs) {
  const [owner, about] = await Promise.all([ownerOf(path), stat(path).catch(ignoreAbsent)])
  if (about === undefined) return false
  if (owner !== null && owner.host === hostname() && !isAlive(owner.pid)) return true
  return Date.now() - about.mtimeMs > staleMs
}

/** @param {string} path @returns {Promise<{ token: string, pid: number, host: string } | null>} */
async function ownerOf(path) {
  const text = await readFile(join(path, 'owner.json'), 'utf8').catch(() => '')
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** @param {string} path */
async function touchLock(path) {
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error @returns {undefined} rethrows everything but "no such file" */
function ignoreAbsent(error) {
  if (codeOf(error) !== 'ENOENT') throw error
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
