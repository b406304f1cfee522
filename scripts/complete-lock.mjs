import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, runMain } from './lib/entry.mjs'
import { completeLock } from './lib/lock-file.mjs'

await runMain(async (report) => {
  const file = join(ROOT, 'package-lock.json')
  const { lock, added } = completeLock(JSON.parse(await readFile(file, 'utf8')))
  if (added.length > 0) await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`)
  report.note(added.length === 0 ? 'package-lock.json is complete' : `added to package-lock.json: ${added.join(', ')}`)
})
