import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { chainToPackageManager, isWhole } from './lib/ancestors.mjs'
import { build } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { exitCodeOf } from './lib/run.mjs'
import { findTemporal } from './lib/temporal.mjs'

/** Terminal, npm and the person may each send the same signal for one Ctrl-C. */
const SAME_SIGNAL_MS = 500
const LOOK_MS = 500

await endWithPackageManager()
await runMain(async (report) => {
  let temporal = ''
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  await asStep(report, 'Temporal', async (step) => {
    const found = await findTemporal({ env: process.env, step, note: report.note })
    temporal = found.path
    return found.from
  })
  return runToEnd([join(ROOT, 'dist', 'embedded', 'main.js'), ...process.argv.slice(2)], temporal)
})

/**
 * A package manager that is killed tells nobody. Its end is taken for a wish to end us, at whatever we are.
 */
async function endWithPackageManager() {
  const chain = await chainToPackageManager(process.env, process.ppid)
  if (chain.length === 0) return
  const look = async () => {
    if (await isWhole(chain, process.ppid)) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }
  const timer = setInterval(() => void look(), LOOK_MS)
  timer.unref()
}

/**
 * Runs Sluice in a process group of its own, so that a Ctrl-C reaches it once, through us.
 * @param {readonly string[]} args
 * @param {string} temporal path of the command-line tool
 * @returns {Promise<number>} its exit status
 */
function runToEnd(args, temporal) {
  return new Promise((resolve, reject) => {
    // The channel closes with this process, however it ends: that is how Sluice notices.
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, TEMPORAL_CLI: temporal },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      detached: true,
    })
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      let last = Number.NEGATIVE_INFINITY
      process.on(signal, () => {
        if (Date.now() - last > SAME_SIGNAL_MS) child.kill(signal)
        last = Date.now()
      })
    }
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : exitCodeOf(signal)))
  }).finally(() => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal)
  })
}
