import type { ErrorRule } from './error-rules.ts'
import type { Cell, Table } from './tables.ts'

/** A column: its head, the scenario and what its cells show of it. */
export type Column<Scenario extends string = string> = readonly [
  head: string,
  scenario: Scenario,
  show: 'share' | 'minutes',
]

/** A row: a rule, and what it is called. */
export type Row<Rule extends string = string> = readonly [rule: Rule, label: string]

/** What other tools do with errors: the rows that stand above Sluice's own. */
export const ERROR_PEERS = [
  ['flagger-10', 'Flagger, threshold 10'],
  ['fixed-3', 'fixed 1%, failureLimit 3'],
  ['z', 'z-test at .05, peeked'],
  ['obrien-fleming', "O'Brien-Fleming, 60 looks"],
  ['growthbook', 'GrowthBook, one-sided'],
  ['eppo', 'Eppo GAVI'],
  ['statsig', 'Statsig mSPRT, one-sided'],
  ['lindon-malek', 'Lindon-Malek, k = 100'],
  ['truncated', 'truncated one-sided, k = 20'],
  ['kayenta', 'Kayenta, judged every 5 min'],
] as const satisfies readonly Row<ErrorRule>[]

/** A table with one rule per row and one scenario per column, and what stands below. */
export function ruleTable(
  title: string,
  notes: readonly string[],
  columns: readonly Column[],
  rows: readonly Row[],
  below: Table['rows'] = [],
): Table {
  return {
    ...{ title, notes, columns: columns.map(([head]) => head) },
    rows: [
      ...rows.map(([rule, label]) => ({
        label,
        cells: columns.map(([, scenario, show]): Cell => ({ show, scenario, rule })),
      })),
      ...below,
    ],
  }
}
