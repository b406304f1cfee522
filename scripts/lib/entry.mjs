import { fileURLToPath } from 'node:url'
import { createReport } from './report.mjs'

/** The checkout that these scripts belong to. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')

/**
 * Runs what a script does and turns a rejection into a message without a stack and exit status 1.
 * @param {(report: import('./report.mjs').Report) => Promise<number | void>} main
 * @param {import('./report.mjs').Report} [report]
 */
export async function runMain(main, report = createReport()) {
  try {
    requireNode(process.versions.node)
    process.exitCode = (await main(report)) ?? 0
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

/** @param {string} version */
function requireNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new Error(`Sluice needs Node 20.19 or newer; this is ${version} (${process.execPath})`)
}

/**
 * Shows one piece of work as a step: its outcome, or that it failed.
 * @param {import('./report.mjs').Report} report
 * @param {string} title
 * @param {(step: import('./report.mjs').Step) => Promise<string>} work returns what to show when it is done
 */
export async function asStep(report, title, work) {
  const step = report.begin(title)
  try {
    step.done(await work(step))
  } catch (error) {
    step.fail('failed')
    throw error
  }
}
