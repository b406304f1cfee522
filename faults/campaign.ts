import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from './check/measure.ts'
import { checkRecord } from './check/rules.ts'
import { createCampaign } from './drive/campaign.ts'
import { FAULT_NAMES } from './kinds.ts'
import { type CampaignOptions, readOptions, USAGE } from './options.ts'
import { clearStage, readKept, writePage, writeResult } from './report/keep.ts'
import { linesOf } from './report/progress.ts'
import type { Result } from './report/result.ts'
import { storyOf } from './report/story.ts'
import { resultTables } from './report/tables.ts'
import { openWorld } from './world/world.ts'

/** The fault campaign as a program: `npm run faults`. Exit status 1 when anything was violated, 2 when it was not asked rightly. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), Math.floor(Date.now() / 1_000) % 100_000)
  if ('problem' in options) {
    process.stderr.write(`${options.problem}\n${USAGE}\n`)
    return 2
  }
  if (options.kinds) {
    await writePage(null)
    return 0
  }
  return options.check === null ? play(options) : checkKept(options.check)
}

async function play(options: CampaignOptions): Promise<number> {
  const began = Number(process.env['SLUICE_FAULTS_BEGAN'] ?? Date.now())
  const time = new Date(began).toISOString().slice(0, 19).replaceAll(/\D/g, '')
  const folder = join(process.cwd(), '.sluice', 'faults', `${time}-${options.seed}`)
  const say = (text: string) => void process.stdout.write(`${text}\n`)
  say(`seed ${options.seed}, ${options.parallel} releases at a time, what is kept goes to ${folder}`)
  // The paths of sockets have to be short.
  const stage = await mkdtemp(join(tmpdir(), 'sluice-faults-'))
  const world = await openWorld({
    ...{ folder: stage, services: options.parallel, rate: options.rate },
    programs: {
      temporal: setting('SLUICE_TEMPORAL_CLI'),
      haproxy: setting('SLUICE_HAPROXY'),
      prometheus: setting('SLUICE_PROMETHEUS'),
    },
  })
  const campaign = createCampaign({ world, options, folder, began, say })
  process.once('SIGTERM', campaign.stop)
  const result = await campaign.run()
  await world.close()
  await clearStage(stage, hasViolations(result) ? join(folder, 'logs') : null)
  return report(result, options, folder)
}

async function report(result: Result, options: CampaignOptions, folder: string): Promise<number> {
  await writeResult(folder, result)
  if (options.write && result.releases > 0) await writePage(result)
  process.stdout.write(`\n${resultTables(result)}\n`)
  const missing = FAULT_NAMES.filter((name) => result.carriedOut[name] === undefined)
  if (missing.length > 0) process.stdout.write(`\nnot carried out: ${missing.join(', ')}\n`)
  const violations = Object.values(result.violations).reduce((sum, count) => sum + count, 0)
  process.stdout.write(`\n${violations} violations in ${result.releases} releases\n`)
  return hasViolations(result) ? 1 : 0
}

function hasViolations({ violations }: Result): boolean {
  return Object.values(violations).some((count) => count > 0)
}

async function checkKept(path: string): Promise<number> {
  const record = await readKept(path)
  const checked = { record, violations: checkRecord(record), measured: measure(record) }
  process.stdout.write(`${storyOf(record, checked.violations)}\n${linesOf(checked).join('\n')}\n`)
  return checked.violations.length === 0 ? 0 : 1
}

function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: run this with npm run faults`)
  return value
}

// Whoever started this is gone: so is everything else.
process.on('disconnect', () => process.kill(0, 'SIGKILL'))
process.exit(await main())
