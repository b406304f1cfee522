import type { ErrorRule } from './error-rules.ts'
import type { Goal } from './goals.ts'
import type { LatencyRule } from './latency-rules.ts'
import type { SplitRule } from './split-rules.ts'
import type { Cell, Table } from './tables.ts'

const COUNTS = [40, 200] as const

const ERROR_RULES: readonly (readonly [ErrorRule, string])[] = [
  ['ours', 'Sluice 1x'],
  ['ours-1.5x', '1.5x'],
  ['ours-2x', '2x'],
  ['z', 'z, peeked'],
  ['obrien-fleming', "O'B.-Fleming"],
  ['growthbook', 'GrowthBook'],
  ['lindon-malek', 'Lindon-Malek'],
  ['kayenta', 'Kayenta'],
]
const LATENCY_RULES: readonly (readonly [LatencyRule, string])[] = [
  ['ours-latency', 'Sluice 1x'],
  ['ours-latency-1.25x', '1.25x'],
  ['kayenta-p99', 'Kayenta p99'],
  ['quantile-p50', 'quantile A/B, p50'],
  ['quantile-p95', 'p95'],
]
const SPLIT_RULES: readonly (readonly [SplitRule, string])[] = [
  ['split-promised', 'Sluice, sticky'],
  ['split-ratio', 'by request, .5 at .001'],
  ['split-ratio-strict', 'by request, .1 at .05'],
  ['split-chi-square', 'chi-square at .001'],
]

const SETTING = [
  "Users who keep their version by a hash, at a weight of 20%; they ask by Zipf's law, 20 min at a time in the mean, and",
]

/** How rules hold when a few users make the traffic. */
export function userTables(): readonly Table[] {
  return [
    {
      title: 'Few users: error rate',
      notes: [
        ...SETTING,
        "then sleep as long, so that the canary's share of the requests is not its weight and changes. .5% errors, 100",
        "requests/s, 60 min. own shares: each user's is log-normal, CV .5: what the canary's users have of their own cannot be",
        'told from what the canary does, by no rule. Share of good releases rolled back; last rows: minutes for .5 -> 2%.',
      ],
      columns: ERROR_RULES.map(([, head]) => head),
      rows: [
        ...rowsOf(ERROR_RULES, 'same share', 'errors-same', 'share'),
        ...rowsOf(ERROR_RULES, 'own shares', 'errors-own', 'share'),
        ...rowsOf(ERROR_RULES, 'to 2%', 'errors-to-2', 'minutes'),
      ],
    },
    {
      title: 'Few users: latency',
      notes: [
        "The same users, 10 requests/s together. own latency: each user's is another, log-normal with CV .3, which cannot be told",
        "from the canary's either. Share of good releases rolled back.",
      ],
      columns: LATENCY_RULES.map(([, head]) => head),
      rows: [
        ...rowsOf(LATENCY_RULES, 'same latency', 'latency-same', 'share'),
        ...rowsOf(LATENCY_RULES, 'own latency', 'latency-own', 'share'),
      ],
    },
    {
      title: 'Few users: is the split wrong?',
      notes: [
        'The same users. Share of hours in which a split that is right was called wrong (only the first rule is asked of a router',
        'that holds users to their version; the second of one that does not), and minutes until a canary that gets nothing is.',
      ],
      columns: SPLIT_RULES.map(([, head]) => head),
      rows: [
        ...rowsOf(SPLIT_RULES, 'right', 'split', 'share'),
        ...rowsOf(SPLIT_RULES, 'nothing arrives', 'split-none', 'minutes'),
      ],
    },
  ]
}

function rowsOf(
  rules: readonly (readonly [string, string])[],
  label: string,
  scenario: string,
  show: 'share' | 'minutes',
): Table['rows'] {
  return COUNTS.map((users) => ({
    label: `${users} users, ${label}`,
    cells: rules.map(([rule]): Cell => ({ show, scenario: `users-${users}-${scenario}`, rule })),
  }))
}

export const USER_GOALS: readonly Goal[] = COUNTS.flatMap((users) => [
  goal(`${users} users, same share of errors, 1x`, `users-${users}-errors-same`, 'ours'),
  goal(`${users} users, same latency, 1x`, `users-${users}-latency-same`, 'ours-latency'),
  goal(`${users} users, the split`, `users-${users}-split`, 'split-promised'),
])

function goal(what: string, scenario: string, rule: string): Goal {
  return { what: `false alarms, ${what}`, unit: 'share', most: 0.05, scenario, rule }
}
