import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { RULES } from '../../../faults/check/rules.ts'
import { USAGE } from '../../../faults/options.ts'
import { fillPlace, kindsTable } from '../../../faults/report/tables.ts'

const page = readFileSync(fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url)), 'utf8')

describe('docs/reliability.md', () => {
  it('lists the kinds of faults that there are (else: npm run faults -- --kinds)', () => {
    expect(fillPlace(page, 'kinds', kindsTable())).toBe(page)
  })

  it('has a place for results, and explains every rule and every file', () => {
    expect(fillPlace(page, 'results', 'x')).toContain('<!-- campaign: results -->\nx\n<!-- /campaign -->')
    for (const rule of Object.keys(RULES)) expect(page).toContain(`| \`${rule}\` |`)
  })

  it('names options that there are', () => {
    const options = [...page.matchAll(/npm run faults -- ([^\n`]*)/g)].flatMap(
      ([, text = '']) => text.match(/--\w+/g) ?? [],
    )
    expect(options.length).toBeGreaterThan(4)
    for (const option of options) expect(USAGE).toContain(option)
  })
})

describe('a place of a page', () => {
  it('is filled between its marks alone, and has to be there', () => {
    const text = 'a\n<!-- campaign: x -->\nold\n<!-- /campaign -->\nb'
    expect(fillPlace(text, 'x', 'new')).toBe('a\n<!-- campaign: x -->\nnew\n<!-- /campaign -->\nb')
    expect(() => fillPlace(text, 'y', 'new')).toThrow('no place for y')
  })
})
