import type { FullRule } from './full-rules.ts'
import type { Goal } from './goals.ts'
import type { Cell, Table } from './tables.ts'

const OURS: readonly (readonly [FullRule, string])[] = [
  ['full-ours', 'Sluice 1x at .05'],
  ['full-ours-1.5x', 'Sluice 1.5x at .01'],
  ['full-ours-release', '1.5x, no record'],
]
const PEERS: readonly (readonly [FullRule, string])[] = [
  ['full-fixed', '3x, 4 minutes'],
  ['full-z', 'z-test'],
  ['full-kayenta', 'Kayenta'],
]

const WEEKS = [
  ['errors: alarms in 52 weeks', 'full-errors-week'],
  ['orders: alarms in 52 weeks', 'full-orders-week'],
  ['latency: alarms in 52 weeks', 'full-latency-week'],
] as const

const CHANGES = [
  ['errors x2: minutes', 'full-errors-x2'],
  ['errors x3', 'full-errors-x3'],
  ['errors x5', 'full-errors-x5'],
  ['errors x10', 'full-errors-x10'],
  ['errors to 50%', 'full-errors-50%'],
  ['errors to 100%, no answers', 'full-errors-100%'],
  ['orders x.7', 'full-orders-x.7'],
  ['orders x.5', 'full-orders-x.5'],
  ['orders x.1', 'full-orders-x.1'],
  ['all x1.5 as slow', 'full-latency-x1.5'],
  ['all x2 as slow', 'full-latency-x2'],
  ['all x4 as slow', 'full-latency-x4'],
] as const

/** What a version that everybody is on is judged by, when there is no stable to compare it with. */
export function fullTable(): Table {
  const none: Cell = { show: 'text', text: '' }
  return {
    title: 'With everybody on the new version',
    notes: [
      'A promoted version is watched for a week: 50 requests/s, daily rhythm +-60%, weekends, 30% growth a year, own noise of',
      'CV .3 per minute and .2 per hour (errors .5%; orders 3%, .15 and .1; latency +-25%, .1 and .08), 6 incidents of',
      'upstream a year (x2 to x8, up to an hour). Known: stable, one hour before, and 28 days of record. Below: median minutes',
      'from a change a day later (in brackets the share found within 12 h); the peers, which would not have lived so long,',
      'begin at the change. Looks of 10 s then, of a minute else.',
    ],
    columns: [...OURS, ...PEERS].map(([, head]) => head),
    rows: [
      ...WEEKS.map(([label, scenario]) => ({
        label,
        cells: [...OURS, ...PEERS].map(([rule]): Cell => ({ show: 'perYear', scenario, rule })),
      })),
      { label: 'goal for each of these', cells: OURS.map((): Cell => ({ show: 'text', text: '<= 1' })) },
      ...CHANGES.map(([label, scenario]) => ({
        label,
        cells: [
          ...OURS.map(([rule]): Cell => ({ show: 'minutes', scenario, rule })),
          ...PEERS.map(
            ([rule]): Cell => (scenario.startsWith('full-errors') ? { show: 'minutes', scenario, rule } : none),
          ),
        ],
      })),
    ],
  }
}

export const FULL_GOALS: readonly Goal[] = [
  ...WEEKS.flatMap(([label, scenario]) =>
    OURS.map(([rule, name]): Goal => ({ what: `100%, ${label}, ${name}`, unit: 'perYear', most: 1, scenario, rule })),
  ),
  ...(['full-errors-50%', 'full-errors-100%'] as const).flatMap((scenario) =>
    OURS.map(
      ([rule, name]): Goal => ({
        ...{ what: `100%, ${scenario.slice(5)}: two looks, ${name}`, unit: 'minutes', most: 20 / 60, scenario, rule },
      }),
    ),
  ),
  { what: '100%, errors x10, 1x', unit: 'minutes', most: 15, scenario: 'full-errors-x10', rule: 'full-ours' },
  { what: '100%, errors x3, 1x', unit: 'minutes', most: 150, scenario: 'full-errors-x3', rule: 'full-ours' },
]
