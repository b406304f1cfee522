import { describe, expect, it } from 'vitest'
import { columnsOf, pad, wrap } from '../../src/cli/text.ts'

const FAMILY = '👩‍👩‍👧'

describe('columns of a text', () => {
  it.each([
    ['plain letters', 'abc', 3],
    ['wide characters', '日本', 4],
    ['an emoji', '🟢', 2],
    ['an emoji of several characters', FAMILY, 2],
    ['an emoji that asks for its picture', '⚠️', 2],
    ['a letter with a mark of its own', 'e\u0301', 1],
  ])('count %s as a terminal shows them', (_, text, columns) => {
    expect(columnsOf(text)).toBe(columns)
  })

  it('are filled up to the same width, whatever a cell holds', () => {
    expect(['abc', '日本', FAMILY].map((text) => columnsOf(pad(text, 6)))).toEqual([6, 6, 6])
  })

  it('never cut an emoji in two', () => {
    expect(wrap(FAMILY.repeat(6), 8)).toEqual([FAMILY.repeat(4), FAMILY.repeat(2)])
  })
})
