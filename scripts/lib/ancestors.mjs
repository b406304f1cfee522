import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ash', 'ksh'])

/**
 * The processes between us and the package manager that runs us as a script, ours first: it starts a shell, which starts
 * us or becomes us. Empty when none runs us: whoever typed our name may have left on purpose (`nohup`).
 * @param {NodeJS.ProcessEnv} env
 * @param {number} parent our parent's number
 * @returns {Promise<readonly number[]>}
 */
export async function chainToPackageManager(env, parent) {
  if (env['npm_lifecycle_event'] === undefined) return []
  const found = await look(parent)
  return found === null || !isScriptShell(found.args) ? [parent] : [parent, found.parent]
}

/**
 * True while each of them is still the parent of the one before. Who has lost a parent gets another one.
 * @param {readonly number[]} chain
 * @param {number} parent our parent's number now
 */
export async function isWhole(chain, parent) {
  let child = parent
  for (const [index, pid] of chain.entries()) {
    if (child !== pid) return false
    if (index === chain.length - 1) return true
    child = (await look(pid))?.parent ?? 0
  }
  return true
}

/** @param {readonly string[]} args */
function isScriptShell([command = '', flag]) {
  return SHELLS.has(basename(command)) && flag === '-c'
}

/**
 * @param {number} pid
 * @returns {Promise<{ parent: number, args: readonly string[] } | null>} null when there is no such process
 */
async function look(pid) {
  return process.platform === 'linux' ? lookOnLinux(pid) : lookElsewhere(pid)
}

/** @param {number} pid */
async function lookOnLinux(pid) {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    // The name of the program comes second, in brackets, and may hold anything; then the state, then the parent.
    return { parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), args }
  } catch {
    return null
  }
}

/** @param {number} pid */
async function lookElsewhere(pid) {
  const told = await promisify(execFile)('ps', ['-o', 'ppid=,command=', '-p', String(pid)]).catch(() => null)
  const [parent = '', ...args] = (told?.stdout ?? '').trim().split(/\s+/)
  return parent === '' ? null : { parent: Number(parent), args }
}
