import type { ErrorRule } from './error-rules.ts'
import type { ErrorScenario } from './error-traffic.ts'
import type { Goal } from './goals.ts'
import { type Column, ERROR_PEERS, type Row, ruleTable } from './rule-table.ts'
import type { Table } from './tables.ts'

/** How rules hold when errors depend on one another, and what Sluice's caution costs. */
export function clumpTable(): Table {
  const rules: readonly Row<ErrorRule>[] = [...ERROR_PEERS, ['ours', 'Sluice at .05'], ['ours-readme', "README's plan"]]
  const columns: readonly Column<ErrorScenario>[] = [
    ['by 5', 'clumps-5', 'share'],
    ['by 20', 'clumps-20', 'share'],
    ['by 20, ramp', 'clumps-20-ramp', 'share'],
    ['CV .3', 'cv.3-flat', 'share'],
    ['CV .5', 'cv.5-flat', 'share'],
    ['by 5, x4', 'clumps-5-to-2', 'minutes'],
    ['by 20, x10', 'clumps-20-to-5', 'minutes'],
    ['x4 after 60', 'late-to-2', 'minutes'],
  ]
  const notes = [
    'As the first table at 100 requests/s, 5% (ramp: as the second). by 5, by 20: a user who fails does so 5 or 20 times in a',
    'row, on both versions alike; CV: noise of each arm on its own, per minute: share of good releases rolled back. x4,',
    'x10: so many times as many such users on the canary; x4 after 60: four times the errors after an hour of health, one',
    'by one: median minutes (from the start). No calibration.',
  ]
  return ruleTable('Errors that depend on one another', notes, columns, rules)
}

const GOOD_RELEASES = [
  ['failures 5 in a row', 'clumps-5', 0.05],
  ['failures 20 in a row', 'clumps-20', 0.08],
  ['CV .3 per minute', 'cv.3-flat', 0.08],
  ['CV .5 per minute', 'cv.5-flat', 0.1],
] as const

export const CLUMP_GOALS: readonly Goal[] = [
  ...GOOD_RELEASES.map(
    ([name, scenario, most]) =>
      ({ what: `dependence at .05, no calibration: ${name}`, unit: 'share', most, scenario, rule: 'ours' }) as const,
  ),
  ...(
    [
      ['flat-to-1', '0.5 -> 1%', 5.67],
      ['flat-to-2', '0.5 -> 2%', 1],
      ['flat-to-5', '0.5 -> 5%', 0.34],
      ['small-to-2', '0.5 -> 2%, 10 requests/s', 8.67],
      ['small-to-5', '0.5 -> 5%, 10 requests/s', 2.17],
      ['half-to-1', '0.5 -> 1% at 50%', 1.34],
    ] as const
  ).map(
    ([scenario, name, before]) =>
      ({
        ...({ what: `price for independent errors: ${name}`, unit: 'minutes', most: 1.25 * before } as const),
        ...{ scenario, rule: 'ours' },
      }) as const,
  ),
]
