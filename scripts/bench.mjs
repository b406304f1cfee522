import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build, compile } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { run } from './lib/run.mjs'
import { findTemporal } from './lib/temporal.mjs'
import { findTestServer } from './lib/test-server.mjs'
import { findUnleash } from './lib/unleash.mjs'

await runMain(async (report) => {
  const { names, args } = split(process.argv.slice(2))
  const known = await knownBenches()
  const unknown = names.filter((name) => !known.includes(name))
  if (names.length === 0 || unknown.length > 0) {
    const problem = unknown.length > 0 ? `there is no bench ${unknown.join(', ')}\n` : ''
    throw new Error(`${problem}usage: npm run bench -- <name…> [options]\nbenches: ${known.join(', ')}`)
  }
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  await asStep(report, 'Benches', async () => {
    await compile(ROOT, 'tsconfig.bench.json')
    return 'compiled'
  })
  const env = await serversFor(names, report)
  for (const name of names) {
    const file = join(ROOT, '.sluice', 'bench', 'bench', `${name}.js`)
    const ending = await run(process.execPath, ['--enable-source-maps', file, ...args], { cwd: ROOT, show: true, env })
    if (ending.code !== 0) return ending.code ?? 1
  }
  return 0
})

/**
 * Where the servers are that the benches of workflows use.
 * @param {readonly string[]} names
 * @param {import("./lib/report.mjs").Report} report
 */
async function serversFor(names, report) {
  if (names.every((name) => name === 'decisions')) return process.env
  const found = { ...process.env }
  if (names.includes('flag-kill')) {
    await asStep(report, 'Unleash', async (step) => {
      const unleash = await findUnleash({ env: process.env, step })
      if (!('path' in unleash)) throw new Error(unleash.reason)
      found.SLUICE_UNLEASH = unleash.path
      return unleash.from
    })
  }
  if (names.every((name) => name === 'decisions' || name === 'flag-kill')) return found
  await asStep(report, 'Temporal', async (step) => {
    const { path, from } = await findTemporal({ env: process.env, step, note: report.note })
    found.SLUICE_TEMPORAL_CLI = path
    return from
  })
  await asStep(report, 'Time-skipping server', async (step) => {
    const server = await findTestServer({ env: process.env, step })
    if ('path' in server) found.SLUICE_TEST_SERVER = server.path
    return 'path' in server ? 'found' : server.reason
  })
  return found
}

/** The names come first; everything from the first `-…` on is for the benches. @param {readonly string[]} words */
function split(words) {
  const end = words.findIndex((word) => word.startsWith('-'))
  return end < 0 ? { names: words, args: [] } : { names: words.slice(0, end), args: words.slice(end) }
}

/** A bench is a file right in `bench/`; what they share lies in folders. */
async function knownBenches() {
  const entries = await readdir(join(ROOT, 'bench'), { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => entry.name.slice(0, -'.ts'.length))
}
