import type { Results, RuleResult } from './results.ts'
import type { Cell, Table } from './tables.ts'

/** The table as text of at most 120 columns, with its Monte-Carlo error. */
export function printTable(table: Table, results: Results): string {
  const lines = table.rows.map(({ label, cells }) => [label, ...cells.map((cell) => printCell(cell, results))])
  return [table.title, ...table.notes, '', align([['', ...table.columns], ...lines]), errorLine(table, results)].join(
    '\n',
  )
}

/** Columns as wide as they need, the first to the left, the others to the right. */
export function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const print = (line: readonly string[]): string =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ')
  const [head = [], ...rest] = lines
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2))
  return [print(head), rule, ...rest.map(print)].map((line) => line.trimEnd()).join('\n')
}

/** A probability with three digits and no leading 0. */
export function printShare(share: number): string {
  if (!Number.isFinite(share)) return 'none'
  return share.toFixed(3).replace(/^0/, '')
}

/** Minutes, or a dash for never. */
export function printMinutes(minutes: number): string {
  if (!Number.isFinite(minutes)) return '-'
  return minutes < 10 ? minutes.toFixed(2) : minutes.toFixed(1)
}

/** Alarms in a year of weekly watches. */
export const WEEKS_A_YEAR = 52

/** Alarms a year, with one digit. */
export function printPerYear(alarms: number): string {
  return alarms.toFixed(1)
}

function printCell(cell: Cell, results: Results): string {
  switch (cell.show) {
    case 'text':
      return cell.text
    case 'share':
      return printShare(results.of(cell.scenario, cell.rule).share)
    case 'perYear':
      return printPerYear(WEEKS_A_YEAR * results.of(cell.scenario, cell.rule).share)
    case 'mean':
      return printMinutes(results.of(cell.scenario, cell.rule).mean)
    case 'minutes':
      return printDetection(results.of(cell.scenario, cell.rule))
    case 'both':
      return `${cell.prefix}${printShare(results.of(cell.same, cell.rule).share)} / ${printDetection(results.of(cell.worse, cell.rule))}`
  }
}

function printDetection({ median, share }: RuleResult): string {
  const missed = share < 0.995 ? ` (${share.toFixed(2).replace(/^0/, '')})` : ''
  return `${printMinutes(median)}${missed}`
}

function errorLine(table: Table, results: Results): string {
  const cells = table.rows.flatMap((row) => row.cells)
  const shares = cells.flatMap((cell) => {
    if (cell.show === 'share' || cell.show === 'perYear') return [results.of(cell.scenario, cell.rule)]
    return cell.show === 'both' ? [results.of(cell.same, cell.rule)] : []
  })
  const medians = cells.flatMap((cell) => {
    if (cell.show === 'minutes') return [results.of(cell.scenario, cell.rule)]
    return cell.show === 'both' ? [results.of(cell.worse, cell.rule)] : []
  })
  const runs = [...new Set([...shares, ...medians].map((result) => result.runs))].sort((left, right) => left - right)
  const shareError = Math.max(...shares.map((result) => result.shareError))
  const relative = medians.map(({ median, medianError }) => medianError / median).filter(Number.isFinite)
  return [
    `Monte-Carlo error at most: shares +-${printShare(shareError)} (standard error),`,
    `medians +-${Math.ceil(100 * Math.max(0, ...relative))}% (95% interval).`,
    `Releases per cell: ${runs.join(', ')}.`,
  ].join(' ')
}
