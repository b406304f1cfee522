import { createHash } from 'node:crypto'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheRoot, fillFolder, removeFolder, withLock } from './cache.mjs'
import { lastLines, run } from './run.mjs'

/** What is to be installed, in the very versions. */
const WANTED = fileURLToPath(new URL('../unleash/', import.meta.url))
const FILES = ['package.json', 'package-lock.json']
const INSTALL_MS = 10 * 60_000

/**
 * The folder in whose `node_modules` the Unleash server of the tests is. Taken from the cache, else installed with npm; no
 * package of it runs a script of its own.
 * @param {{ env: NodeJS.ProcessEnv, step: import('./report.mjs').Step }} options
 * @returns {Promise<{ path: string, from: string } | { reason: string }>} a reason when this machine cannot have it
 */
export async function findUnleash({ env, step }) {
  const lock = await readFile(join(WANTED, 'package-lock.json'))
  const version = JSON.parse(lock.toString()).packages['node_modules/unleash-server'].version
  const folder = join(
    cacheRoot(env),
    'unleash',
    `${version}-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`,
  )
  const cached = { path: folder, from: `cache, ${version}` }
  if ((await problemOf(folder, version)) === null) return cached
  if (env['SLUICE_INSTALL'] === 'never') return { reason: `Unleash ${version} is not installed (SLUICE_INSTALL=never)` }
  return withLock(
    `${folder}.lock`,
    async () => {
      if ((await problemOf(folder, version)) === null) return cached
      await removeFolder(folder)
      step.tell(`getting ${version} with npm`)
      try {
        await fillFolder(folder, install, (made) => problemOf(made, version))
        return { path: folder, from: `npm, ${version}` }
      } catch (error) {
        return { reason: error instanceof Error ? error.message : String(error) }
      }
    },
    { onWait: () => step.tell('another process is getting it, waiting') },
  )
}

/** @param {string} folder */
async function install(folder) {
  await Promise.all(FILES.map((name) => copyFile(join(WANTED, name), join(folder, name))))
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const ending = await run(npm, args, { cwd: folder, timeoutMs: INSTALL_MS })
  if (ending.code !== 0) throw new Error(`\`npm ${args.join(' ')}\` failed:\n${lastLines(ending)}`)
}

/**
 * npm writes its own list last: where it is there, everything else is.
 * @param {string} folder @param {string} version @returns {Promise<string | null>}
 */
async function problemOf(folder, version) {
  const path = join(folder, 'node_modules', '.package-lock.json')
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return 'Unleash is not installed'
  const found = JSON.parse(text).packages?.['node_modules/unleash-server']?.version
  return found === version ? null : `${folder} holds Unleash ${found}`
}
