import { describe, expect, it } from 'vitest'
import { tableOf, widest } from '../../src/cli/table.ts'

describe('a table', () => {
  it('has columns as wide as what is in them, and numbers end alike', () => {
    const rows = [
      ['errors', '7'],
      ['日本', '120'],
    ]
    expect(tableOf(['CHECK', 'N'], rows, { endsAlike: (column) => column === 1 })).toEqual([
      'CHECK     N',
      'errors    7',
      '日本    120',
    ])
  })

  it('colours cells after they are filled up', () => {
    const paint = (cell: string, row: number, column: number) => (row === 1 && column === 0 ? `<${cell}>` : cell)
    expect(
      tableOf(
        ['A', 'B'],
        [
          ['abc', 'x'],
          ['a', 'y'],
        ],
        { paint },
      ),
    ).toEqual(['A    B', 'abc  x', '<a  >  y'])
  })

  it('lets a row of fewer cells take the room it needs', () => {
    expect(
      tableOf(
        ['A', 'B', 'C'],
        [
          ['1', '2', '3'],
          ['', 'a whole sentence'],
        ],
      ),
    ).toEqual(['A  B  C', '1  2  3', '   a whole sentence'])
  })

  it('measures in columns of a terminal', () => {
    expect([widest([]), widest(['ab', '日本'])]).toEqual([0, 4])
  })
})
