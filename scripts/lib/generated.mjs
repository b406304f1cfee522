import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes generated files, or only looks whether they are as they should be.
 * @param {Readonly<Record<string, string>>} files contents by path
 * @param {{ check: boolean }} options
 * @returns {Promise<readonly string[]>} the paths whose content was another
 */
export async function writeGenerated(files, { check }) {
  const changed = []
  for (const [path, content] of Object.entries(files)) {
    const now = await readFile(path, 'utf8').catch(() => null)
    if (now === content) continue
    changed.push(path)
    if (check) continue
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  return changed
}

/**
 * Replaces what stands between `<!-- table: name -->` and `<!-- /table -->`.
 * @param {string} text
 * @param {Readonly<Record<string, string>>} tables Markdown by name
 * @returns {{ text: string, used: readonly string[] }} throws for a name without a table and for a marker without its end
 */
export function fillTables(text, tables) {
  const used = /** @type {string[]} */ ([])
  const filled = text.replaceAll(/<!-- table: ([\w-]+) -->\n(?:(?!<!-- table: )[^])*?<!-- \/table -->/g, (_, name) => {
    const table = tables[name]
    if (table === undefined) throw new Error(`there is no table "${name}"; there are ${Object.keys(tables).join(', ')}`)
    used.push(name)
    return `<!-- table: ${name} -->\n${table.trim()}\n<!-- /table -->`
  })
  const openings = text.match(/<!-- table: /g)?.length ?? 0
  if (openings !== used.length) throw new Error('a `<!-- table: name -->` has no `<!-- /table -->`')
  return { text: filled, used }
}
