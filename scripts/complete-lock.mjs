import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, runMain } from './lib/entry.mjs'
import { completeLock, withIntegrity } from './lib/lock-file.mjs'
import { lastLines, run } from './lib/run.mjs'

const ASK_MS = 60_000

await runMain(async (report) => {
  const file = join(ROOT, 'package-lock.json')
  const { lock, added } = completeLock(JSON.parse(await readFile(file, 'utf8')))
  const { lock: complete, found } = await withIntegrity(lock, askRegistry)
  const changes = [...added, ...found.map((name) => `integrity of ${name}`)]
  if (changes.length > 0) await writeFile(file, `${JSON.stringify(complete, null, 2)}\n`)
  report.note(
    changes.length === 0 ? 'package-lock.json is complete' : `added to package-lock.json: ${changes.join(', ')}`,
  )
})

/** @param {string} name @param {string} version */
async function askRegistry(name, version) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const ending = await run(npm, ['view', `${name}@${version}`, 'dist.integrity'], { timeoutMs: ASK_MS })
  if (ending.code === 0) return ending.output.trim()
  throw new Error(`the registry does not say the integrity of ${name}@${version}:\n${lastLines(ending)}`)
}
