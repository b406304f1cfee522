import { clean, columnsOf, pad } from './text.ts'

/** What there is to say of a table beside its cells. */
interface TableStyle {
  /** True for columns that end alike, as numbers do; none when absent. */
  readonly endsAlike?: (column: number) => boolean
  /** Colours a cell that is filled up already; row 0 is the first below the heads. */
  readonly paint?: (cell: string, row: number, column: number) => string
}

/**
 * The heads and then the rows, columns as wide as what is in them. Of foreign words in the cells nothing is
 * left that a terminal would obey. A row of fewer cells than heads takes what room it needs.
 */
export function tableOf(
  heads: readonly string[],
  foreign: readonly (readonly string[])[],
  { endsAlike = () => false, paint = (cell) => cell }: TableStyle = {},
): readonly string[] {
  const rows = foreign.map((row) => row.map(clean))
  const whole = rows.filter((row) => row.length >= heads.length)
  const widths = heads.map((head, column) => widest([head, ...whole.map((row) => row[column] ?? '')]))
  const fill = (cell: string, column: number) => pad(cell, widths[column] ?? 0, endsAlike(column) ? 'start' : 'end')
  return [
    heads.map(fill).join('  '),
    ...rows.map((cells, row) => cells.map((cell, column) => paint(fill(cell, column), row, column)).join('  ')),
  ].map((line) => line.trimEnd())
}

/** Columns of the widest of them. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, columnsOf(text)), 0)
}
