import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from './cache.mjs'
import { lastLines, run } from './run.mjs'

const INSTALL_MS = 15 * 60_000
const STAMP = '.sluice-lock'

/** @typedef {{ packages: Readonly<Record<string, { version?: string, optional?: boolean, link?: boolean }>> }} Tree */

/**
 * Installs the packages of package-lock.json when node_modules is missing or holds other versions.
 * @param {{ root: string, step: import('./report.mjs').Step }} options
 * @returns {Promise<'installed' | 'up to date'>} rejects with the last lines of npm
 */
export async function ensurePackages({ root, step }) {
  if (await isCurrent(root)) return 'up to date'
  return withLock(
    join(root, '.sluice', 'packages.lock'),
    async () => {
      if (await isCurrent(root)) return 'up to date'
      step.tell('npm ci')
      const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
      const ending = await run(npm, ['ci', '--no-audit', '--no-fund'], { cwd: root, timeoutMs: INSTALL_MS })
      if (ending.code !== 0) {
        throw new Error(
          [
            '`npm ci` failed:',
            lastLines(ending, 15),
            'Expected: the versions of package-lock.json in node_modules. Is the npm registry reachable (`npm ping`)?',
            'If package.json was changed by hand, run `npm install` and then `npm run lock:complete`.',
          ].join('\n'),
        )
      }
      await writeStamp(root)
      return 'installed'
    },
    { onWait: () => step.tell('another process is installing, waiting') },
  )
}

/** @param {string} root */
async function isCurrent(root) {
  const stamp = await readFile(join(root, 'node_modules', STAMP), 'utf8').catch(() => null)
  if (stamp === (await stampOf(root))) return true
  if (!holdsVersionsOf(await readTree(join(root, 'package-lock.json')), await installedTree(root))) return false
  await writeStamp(root)
  return true
}

/** @param {string} root */
async function stampOf(root) {
  const lock = await readFile(join(root, 'package-lock.json'))
  const platform = `${process.platform} ${process.arch} ${process.versions.modules}`
  return `${createHash('sha256').update(lock).digest('hex')} ${platform}\n`
}

/** @param {string} root */
async function writeStamp(root) {
  await writeFile(join(root, 'node_modules', STAMP), await stampOf(root))
}

/**
 * What npm says it has installed.
 * @param {string} root
 */
async function installedTree(root) {
  return readTree(join(root, 'node_modules', '.package-lock.json')).catch(() => ({ packages: {} }))
}

/** @param {string} file @returns {Promise<Tree>} */
async function readTree(file) {
  return JSON.parse(await readFile(file, 'utf8'))
}

/**
 * Whether everything a lock file asks for is installed in the very version. Binary packages of other platforms may be absent;
 * that one of this platform is there, npm has seen to.
 * @param {Tree} lock
 * @param {Tree} installed
 */
export function holdsVersionsOf(lock, installed) {
  return Object.entries(lock.packages).every(([place, { version, optional, link }]) => {
    if (place === '' || link === true) return true
    const found = installed.packages[place]
    return found === undefined ? optional === true : found.version === version
  })
}
