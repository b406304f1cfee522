import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fillTables, writeGenerated } from '../../scripts/lib/generated.mjs'

describe('fillTables', () => {
  const page = 'Before\n<!-- table: steps -->\nold\n<!-- /table -->\nAfter\n'

  it('replaces what stands between the markers and nothing else', () => {
    const { text, used } = fillTables(page, { steps: '| a |\n' })
    expect(text).toBe('Before\n<!-- table: steps -->\n| a |\n<!-- /table -->\nAfter\n')
    expect(used).toEqual(['steps'])
  })

  it('changes nothing the second time', () => {
    const { text } = fillTables(page, { steps: '| a |\n' })
    expect(fillTables(text, { steps: '| a |\n' }).text).toBe(text)
  })

  it('takes dollar signs in a table as they are', () => {
    expect(fillTables(page, { steps: '$& $1' }).text).toContain('$& $1')
  })

  it('refuses an unknown table and a marker without its end', () => {
    expect(() => fillTables(page, { other: '' })).toThrow('no table "steps"')
    expect(() => fillTables('<!-- table: steps -->\n', { steps: '' })).toThrow('has no')
    expect(() => fillTables(`<!-- table: steps -->\n${page}`, { steps: '' })).toThrow('has no')
  })
})

describe('writeGenerated', () => {
  it('writes what differs, and with check only names it', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sluice-generated-test-'))
    const file = join(root, 'folder', 'a.json')
    try {
      expect(await writeGenerated({ [file]: '1' }, { check: true })).toEqual([file])
      await expect(readFile(file)).rejects.toThrow('ENOENT')
      expect(await writeGenerated({ [file]: '1' }, { check: false })).toEqual([file])
      expect(await readFile(file, 'utf8')).toBe('1')
      expect(await writeGenerated({ [file]: '1' }, { check: true })).toEqual([])
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
})
