import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, compile } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { exitCodeOf, findProgram } from './lib/run.mjs'
import { prepareServers, SERVER_FOLDERS, SERVERS } from './lib/servers.mjs'
import { findTemporal } from './lib/temporal.mjs'

const PROGRAMS = SERVERS.filter(({ name }) => name === 'haproxy' || name === 'prometheus')
/** How long a campaign that was told to end may take to say what it has seen. */
const PATIENCE_MS = 8_000
const ENDING_SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

const began = Date.now()

await runMain(async (report) => {
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  await asStep(report, 'Campaign', async () => {
    await compile(ROOT, 'tsconfig.faults.json')
    return 'compiled'
  })
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, SLUICE_FAULTS_BEGAN: String(began) }
  await asStep(report, 'Temporal', async (step) => {
    const { path, from } = await findTemporal({ env: process.env, step, note: report.note })
    env['SLUICE_TEMPORAL_CLI'] = path
    return from
  })
  await asStep(report, 'HAProxy and Prometheus', async (step) => {
    const missing = await prepareServers({ env: process.env, step, servers: PROGRAMS })
    if (missing.length > 0) throw new Error(missing.map(({ reason }) => reason).join('\n'))
    for (const { binary } of PROGRAMS) {
      env[`SLUICE_${binary.toUpperCase()}`] = findProgram(binary, process.env, SERVER_FOLDERS) ?? binary
    }
    return 'here'
  })
  return campaign(process.argv.slice(2), env)
})

/**
 * Runs the campaign as the leader of a process group of its own, which goes as a whole when it or this script ends.
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function campaign(args, env) {
  const file = join(ROOT, '.sluice', 'faults', 'build', 'faults', 'campaign.js')
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], {
    ...{ cwd: ROOT, env, detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  })
  const killGroup = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nobody is left of it.
    }
  }
  process.on('exit', killGroup)
  for (const signal of ENDING_SIGNALS) {
    process.on(signal, () => {
      child.kill('SIGTERM')
      setTimeout(() => process.exit(exitCodeOf(signal)), PATIENCE_MS).unref()
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      killGroup()
      resolve(code ?? (signal === null ? 1 : exitCodeOf(signal)))
    })
  })
}
