import { ERROR_SCENARIOS, type ErrorTraffic, NOISES } from './error-traffic.ts'
import type { Goal } from './goals.ts'
import { RAMP_RATES, type RampPlanName } from './ramp-plans.ts'
import type { RampRule } from './simulate-ramp.ts'
import type { Cell, Table } from './tables.ts'

const WORSE = [2, 4, 10, 40] as const
/** So many times as many failures cost more at 50% than the budget allows. */
const OVER = 2.5
const FOOLED: RampPlanName = 'ramp-0.5x'

/** What good releases meet that their evidence must not be fooled by; the drifts of the league go on for as long as they last. */
const FOOLING = [
  { label: 'drift', of: 'drift' },
  { label: 'ramp, drift', of: 'ramp-drift' },
  { label: 'ramp, late incident', of: 'ramp-incident' },
  ...NOISES.map(({ name, label }) => ({ label, of: `${name}-flat` })),
] as const

function traffic(requestsPerSecond: number, ratio: number): ErrorTraffic {
  const steady = { minutes: 0, canaryShare: () => 0, errorShare: () => 0.005, noise: null }
  return { ...steady, requestsPerSecond, ratio }
}

export const BUDGET_SCENARIOS: Readonly<Record<string, ErrorTraffic>> = {
  ...Object.fromEntries(
    RAMP_RATES.flatMap(({ requestsPerSecond: rate }) =>
      [1, ...WORSE].map((ratio) => [`budget-${rate}-x${ratio}`, traffic(rate, ratio)]),
    ),
  ),
  ...Object.fromEntries(FOOLING.flatMap(({ of }) => foolingOf(of))),
}

function foolingOf(name: string): readonly (readonly [string, ErrorTraffic])[] {
  const found = ERROR_SCENARIOS[name]
  if (found === undefined) throw new Error(`the league has no ${name}`)
  return [1, OVER].map((ratio) => [`budget-${name}-x${ratio}`, { ...found, ratio }] as const)
}

/** How soon half of the users have a healthy version, and what a bad one costs, by the shape of the plan. */
export function budgetTables(): readonly Table[] {
  return [
    {
      title: 'A ramp with a budget: half of the users',
      notes: [
        'One check, 1.5x at .01, .5% errors on stable. 1/5/10/25/50: the fixed weights of a careful plan; 10/50: the shape of',
        'CodeDeploy; ramp: from 1% to 50% by its budget. All go on for 10 min at 50%; a ramp that has held for 15 min goes back.',
        '50% at: median minutes for a healthy version. x2 ... x40: further failures of a bad one, mean, and in brackets the',
        'share that its check rolled back.',
      ],
      columns: ['50% at', ...WORSE.flatMap((ratio) => [`x${ratio}`, '(back)'])],
      rows: RAMP_RATES.flatMap(({ requestsPerSecond: rate, plan }) =>
        (
          [
            ['fixed-10m', '1/5/10/25/50, 10 min each'],
            ['fixed-5m', '1/5/10/25/50, 5 min each'],
            ['codedeploy', '10/50, after 5 min'],
            [plan, `ramp, ${plan.slice('ramp-'.length)}, 5 min or more`],
          ] as const
        ).map(([name, label]) => ({ label: `${rate}/s: ${label}`, cells: cellsOf(rate, name) })),
      ),
    },
    {
      title: 'A ramp with a budget: what must not fool it',
      notes: [
        `100 requests/s, ${FOOLED}; drift, ramp and noise (with a record of the day before) are those of the tables above. Good`,
        'releases: share rolled back, and minutes to 50%. Versions that fail 2.5 times as often, for which 50% costs more than the',
        'budget: share that got there all the same.',
      ],
      columns: ['rolled back', '50% at', `x${OVER}: over budget`],
      rows: FOOLING.map(({ label, of }) => ({
        label,
        cells: [
          { show: 'share', scenario: `budget-${of}-x1`, rule: rule(FOOLED, 'caught') },
          { show: 'minutes', scenario: `budget-${of}-x1`, rule: rule(FOOLED, 'half') },
          { show: 'share', scenario: `budget-${of}-x${OVER}`, rule: rule(FOOLED, 'over') },
        ],
      })),
    },
  ]
}

function cellsOf(rate: number, plan: RampPlanName): readonly Cell[] {
  return [
    { show: 'minutes', scenario: `budget-${rate}-x1`, rule: rule(plan, 'half') },
    ...WORSE.flatMap((ratio): Cell[] => {
      const scenario = `budget-${rate}-x${ratio}`
      return [
        { show: 'mean', scenario, rule: rule(plan, 'extra') },
        { show: 'share', scenario, rule: rule(plan, 'caught') },
      ]
    }),
  ]
}

export const BUDGET_GOALS: readonly Goal[] = [
  ...RAMP_RATES.flatMap(({ requestsPerSecond: rate, plan }): readonly Goal[] => [
    {
      ...{ what: `ramp, ${rate}/s: part of the time of the fixed plan to 50%`, unit: 'sooner', most: 1 / 6 },
      ...{ scenario: `budget-${rate}-x1`, rule: rule(plan, 'half'), against: rule('fixed-10m', 'half') },
    },
    ...WORSE.map(
      (ratio): Goal => ({
        ...{ what: `ramp, ${rate}/s: times the further failures of x${ratio}`, unit: 'times', most: 1.1 },
        ...{ scenario: `budget-${rate}-x${ratio}`, rule: rule(plan, 'extra'), against: rule('fixed-10m', 'extra') },
      }),
    ),
  ]),
  ...(['drift', 'ramp-drift', 'ramp-incident'] as const).flatMap((of): readonly Goal[] => [
    {
      ...{ what: `ramp, ${of}: good releases rolled back`, unit: 'share', most: 0.01 },
      ...{ scenario: `budget-${of}-x1`, rule: rule(FOOLED, 'caught') },
    },
    {
      ...{ what: `ramp, ${of}: over the budget`, unit: 'share', most: 0.05 },
      ...{ scenario: `budget-${of}-x${OVER}`, rule: rule(FOOLED, 'over') },
    },
  ]),
]

function rule(plan: RampPlanName, figure: 'half' | 'caught' | 'extra' | 'over'): RampRule {
  return `${plan}/${figure}`
}
