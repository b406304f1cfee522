import { existsSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { findProgram, lastLines, run } from './run.mjs'
import { isAtLeast } from './versions.mjs'

/**
 * A program that some tests start.
 * @typedef {{
 *   name: string,
 *   binary: string,
 *   package: string,
 *   minimum: string,
 *   versionArgs: readonly string[],
 *   services: readonly string[],
 *   suites: string,
 * }} Server
 */

/** @type {readonly Server[]} */
export const SERVERS = [
  {
    name: 'haproxy',
    binary: 'haproxy',
    package: 'haproxy',
    minimum: '2.6.0',
    versionArgs: ['-v'],
    services: ['haproxy'],
    suites: 'the HAProxy router against a real HAProxy',
  },
  {
    name: 'prometheus',
    binary: 'prometheus',
    package: 'prometheus',
    minimum: '2.42.0',
    versionArgs: ['--version'],
    services: ['prometheus', 'prometheus-node-exporter'],
    suites: 'the Prometheus metric source against a real Prometheus',
  },
  {
    name: 'postgresql',
    binary: 'postgres',
    package: 'postgresql',
    minimum: '13.0',
    versionArgs: ['--version'],
    services: ['postgresql'],
    suites: 'the Unleash flag store against a real Unleash',
  },
  {
    name: 'java',
    binary: 'java',
    package: 'default-jre-headless',
    minimum: '11.0',
    versionArgs: ['-version'],
    services: [],
    suites: 'workflows on the time-skipping server',
  },
  {
    name: 'maven',
    binary: 'mvn',
    package: 'maven',
    minimum: '3.6.0',
    versionArgs: ['--version'],
    services: [],
    suites: 'workflows on the time-skipping server',
  },
]

/** Debian keeps servers where only root's PATH looks, and PostgreSQL in a folder per version. */
export const SERVER_FOLDERS = [
  ...['/usr/sbin', '/usr/local/sbin'],
  ...[18, 17, 16, 15, 14, 13].map((version) => `/usr/lib/postgresql/${version}/bin`),
]

const VERSION_MS = 60_000
const INSTALL_MS = 10 * 60_000

/** @typedef {{ server: Server, reason: string }} Missing */

/**
 * What is missing or too old.
 * @param {readonly Server[]} servers
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<readonly Missing[]>}
 */
export async function missingServers(servers, env) {
  const reasons = await Promise.all(servers.map((server) => whyMissing(server, env)))
  return servers.flatMap((server, index) => {
    const reason = reasons[index] ?? null
    return reason === null ? [] : [{ server, reason }]
  })
}

/** @param {Server} server @param {NodeJS.ProcessEnv} env */
async function whyMissing({ binary, minimum, versionArgs }, env) {
  const path = findProgram(binary, env, SERVER_FOLDERS)
  if (path === null) return `${binary} is not installed`
  const ending = await run(path, versionArgs, { timeoutMs: VERSION_MS })
  const text = stripVTControlCharacters(ending.output)
  if (isAtLeast(text, minimum)) return null
  return `${path} is ${text.split('\n')[0] || 'not runnable'}; ${minimum} or newer is needed`
}

/**
 * Installs missing servers with apt-get where that is possible: on Debian and its kin, as root, or in CI with a sudo that asks
 * nothing. `SLUICE_INSTALL=never` turns it off. Says first what it does.
 * @param {{ env: NodeJS.ProcessEnv, step: import('./report.mjs').Step, servers?: readonly Server[] }} options
 * @returns {Promise<readonly Missing[]>} what is still missing afterwards
 */
export async function prepareServers({ env, step, servers = SERVERS }) {
  const missing = await missingServers(servers, env)
  if (missing.length === 0) return []
  const obstacle = env['SLUICE_INSTALL'] === 'never' ? 'SLUICE_INSTALL=never' : null
  const apt = obstacle === null ? await aptCommand(env) : { obstacle }
  if ('obstacle' in apt) {
    return missing.map(({ server, reason }) => ({ server, reason: `${reason} (not installed: ${apt.obstacle})` }))
  }
  const packages = missing.map(({ server }) => server.package)
  step.tell(`installing ${packages.join(', ')} with apt-get (SLUICE_INSTALL=never to forbid)`)
  const problem = await install(apt.command, packages)
  await stopServices(
    apt.command,
    missing.flatMap(({ server }) => server.services),
  )
  const still = await missingServers(servers, env)
  return still.map(({ server, reason }) => ({ server, reason: problem === null ? reason : `${reason}\n${problem}` }))
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ command: readonly string[] } | { obstacle: string }>} what to put before `apt-get`
 */
async function aptCommand(env) {
  if (findProgram('apt-get', env) === null) return { obstacle: 'this is no Debian' }
  if (process.getuid?.() === 0) return { command: [] }
  const sudo = env['CI'] ? findProgram('sudo', env) : null
  if (sudo !== null && (await run(sudo, ['-n', 'true'])).code === 0) return { command: [sudo, '-n'] }
  return { obstacle: 'not root' }
}

/** @param {readonly string[]} prefix @param {readonly string[]} packages @returns {Promise<string | null>} the problem */
async function install(prefix, packages) {
  const update = await runAs(prefix, ['apt-get', 'update', '-q'])
  const ending = await runAs(prefix, ['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...packages])
  if (ending.code === 0) return null
  return [
    `apt-get install ${packages.join(' ')} failed:`,
    lastLines(ending),
    update.code === 0 ? '' : lastLines(update),
  ]
    .filter((line) => line !== '')
    .join('\n')
}

/**
 * Debian starts a server when it installs it; the tests start their own.
 * @param {readonly string[]} prefix
 * @param {readonly string[]} services
 */
async function stopServices(prefix, services) {
  const bySystemd = existsSync('/run/systemd/system')
  for (const service of services) {
    if (!existsSync(`/etc/init.d/${service}`) && !existsSync(`/lib/systemd/system/${service}.service`)) continue
    await runAs(prefix, bySystemd ? ['systemctl', 'disable', '--now', service] : ['service', service, 'stop'])
  }
}

/** @param {readonly string[]} prefix @param {readonly string[]} command */
function runAs(prefix, command) {
  const [program, ...args] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command]
  return run(/** @type {string} */ (program), args, { timeoutMs: INSTALL_MS })
}
