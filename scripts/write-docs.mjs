import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { fillTables, writeGenerated } from './lib/generated.mjs'
import { ensurePackages } from './lib/packages.mjs'

await runMain(async (report) => {
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  const check = process.argv.includes('--check')
  const { docsTables } = await import(pathToFileURL(join(ROOT, 'dist', 'docs-tables.js')).href)
  const changed = await writeGenerated(await filledPages(docsTables()), { check })
  const names = changed.map((path) => relative(ROOT, path)).join(', ')
  if (check && changed.length > 0) {
    throw new Error(`tables in ${names} are not what the code says. Run \`npm run docs\` and commit them.`)
  }
  report.note(changed.length === 0 ? 'the tables in the docs are up to date' : `wrote tables in ${names}`)
})

/**
 * README.md and every page of docs/ that has a table, filled.
 * @param {Readonly<Record<string, string>>} tables
 */
async function filledPages(tables) {
  const pages = await readdir(join(ROOT, 'docs'), { recursive: true })
  const paths = ['README.md', ...pages.filter((page) => page.endsWith('.md')).map((page) => join('docs', page))]
  const used = new Set()
  const files = /** @type {Record<string, string>} */ ({})
  for (const path of paths) {
    const before = await readFile(join(ROOT, path), 'utf8')
    const after = fillTables(before, tables)
    for (const name of after.used) used.add(name)
    if (after.used.length > 0) files[join(ROOT, path)] = after.text
  }
  const unused = Object.keys(tables).filter((name) => !used.has(name))
  if (unused.length > 0) throw new Error(`no page shows the table ${unused.join(', ')}`)
  return files
}
