import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { run } from './lib/run.mjs'
import { prepareServers } from './lib/servers.mjs'
import { secondTries, summarize } from './lib/summary.mjs'
import { findTemporal } from './lib/temporal.mjs'
import { findTestServer } from './lib/test-server.mjs'
import { findUnleash } from './lib/unleash.mjs'

await runMain(async (report) => {
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  const skipped = await prepareTestServers(report)
  const found = await findServers(report, skipped)
  const skips = skipped.length === 0 ? {} : { SLUICE_TEST_SERVERS: 'skip', SLUICE_SKIP_SERVERS: skipped.join(',') }
  const env = { ...process.env, ...found, ...skips }
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  const { line, exitCode } = await runVitest(process.argv.slice(2), env)
  process.stdout.write(`\n${line}\n`)
  return exitCode
})

/**
 * @param {import('./lib/report.mjs').Report} report
 * @returns {Promise<string[]>} the names of servers that this machine cannot have
 */
async function prepareTestServers(report) {
  const step = report.begin("Tests' servers")
  const missing = await prepareServers({ env: process.env, step })
  if (missing.length === 0) {
    step.done('all here')
    return []
  }
  const reasons = missing.map(({ server, reason }) => `${server.suites}: ${reason}`)
  if (process.env['CI']) {
    step.fail('missing')
    throw new Error(`CI skips nothing, but these tests cannot run:\n${reasons.map((text) => `  - ${text}`).join('\n')}`)
  }
  step.skip('some are missing, their tests will be skipped')
  for (const text of reasons) report.note(text)
  return missing.map(({ server }) => server.name)
}

/**
 * @param {import('./lib/report.mjs').Report} report
 * @param {string[]} skipped gets the names of those that cannot be had
 */
async function findServers(report, skipped) {
  const env = /** @type {NodeJS.ProcessEnv} */ ({})
  await asStep(report, 'Temporal', async (step) => {
    const found = await findTemporal({ env: process.env, step, note: report.note })
    env['SLUICE_TEMPORAL_CLI'] = found.path
    return found.from
  })
  await findOrSkip(report, skipped, {
    ...{ title: 'Time-skipping server', name: 'time-skipping', variable: 'SLUICE_TEST_SERVER', find: findTestServer },
    ...{ env },
  })
  await findOrSkip(report, skipped, {
    ...{ title: 'Unleash', name: 'unleash', variable: 'SLUICE_UNLEASH', find: findUnleash, env },
  })
  return env
}

/**
 * @param {import('./lib/report.mjs').Report} report
 * @param {string[]} skipped gets the name when the server cannot be had
 * @param {{ title: string, name: string, variable: string, find: typeof findTestServer, env: NodeJS.ProcessEnv }} server
 */
async function findOrSkip(report, skipped, { title, name, variable, find, env }) {
  const step = report.begin(title)
  const found = await find({ env: process.env, step })
  if ('path' in found) {
    env[variable] = found.path
    step.done(found.from)
  } else if (process.env['CI']) {
    step.fail('missing')
    throw new Error(`CI skips nothing, but the tests need ${title}: ${found.reason}`)
  } else {
    step.skip(`${found.reason}; its tests will be skipped`)
    skipped.push(name)
  }
}

/** @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
async function runVitest(args, env) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const results = join(folder, 'results.json')
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  try {
    const ending = await run(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: ROOT, env, show: true })
    const text = await readFile(results, 'utf8').catch(() => 'null')
    const result = JSON.parse(text)
    for (const sentence of secondTries(result)) process.stdout.write(`\n${sentence}\n`)
    return summarize(result, ending.code)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
