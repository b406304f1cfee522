import { ERROR_SCENARIOS, type ErrorTraffic, NOISES } from './error-traffic.ts'
import type { Goal } from './goals.ts'
import { RAMP_PLANS, RAMP_RATES, type RampPlanName } from './ramp-plans.ts'
import type { RampRule, RampTraffic } from './simulate-ramp.ts'
import type { Cell, Table } from './tables.ts'

const WORSE = [2, 4, 10, 40] as const
/** Each costs more at 50% than the budget allows. */
const OVER = [2.5, 4, 10] as const
const SPEND = RAMP_PLANS.ramp[0]?.raise?.spend ?? 0

/** What good releases meet that their evidence must not be fooled by; the drifts of the league go on for as long as they last. */
const FOOLING = [
  { label: 'drift', of: 'drift' },
  { label: 'rising rate', of: 'ramp-drift' },
  { label: 'late incident', of: 'ramp-incident' },
  ...NOISES.map(({ name, label }) => ({ label, of: `${name}-flat` })),
  ...NOISES.map(({ name, label }) => ({
    label: `${label}, no record`,
    of: `${name}-flat`,
    isUnrecorded: true as const,
  })),
].map(({ label, of, ...record }) => ({
  label,
  of,
  record,
  as: `budget-${of}${'isUnrecorded' in record ? '-unrecorded' : ''}`,
}))

function traffic(requestsPerSecond: number, ratio: number): ErrorTraffic {
  const steady = { minutes: 0, canaryShare: () => 0, errorShare: () => 0.005, noise: null }
  return { ...steady, requestsPerSecond, ratio }
}

export const BUDGET_SCENARIOS: Readonly<Record<string, RampTraffic>> = {
  ...Object.fromEntries(
    RAMP_RATES.flatMap((rate) => [1, ...WORSE].map((ratio) => [`budget-${rate}-x${ratio}`, traffic(rate, ratio)])),
  ),
  ...Object.fromEntries(FOOLING.flatMap(foolingOf)),
}

function foolingOf({ of, as, record }: (typeof FOOLING)[number]): readonly (readonly [string, RampTraffic])[] {
  const found = ERROR_SCENARIOS[of]
  if (found === undefined) throw new Error(`the league has no ${of}`)
  return [1, ...OVER].map((ratio) => [`${as}-x${ratio}`, { ...found, ratio, ...record }] as const)
}

/** How soon half of the users have a healthy version, and what a bad one costs, by the shape of the plan. */
export function budgetTables(): readonly Table[] {
  return [
    {
      title: 'A ramp with a budget: half of the users',
      notes: [
        'One check, 1.5x at .01, .5% errors on stable. 1/5/10/25/50: the fixed weights of a careful plan; 10/50: the shape of',
        'CodeDeploy; ramp: from 1% by `ramp: { to: 50% }`. All go on for 10 min at 50%; a ramp that has held for 15 min goes back.',
        '50% at: median minutes for a healthy version. x2 ... x40: further failures of a bad one, mean, and in brackets the',
        'share that its check rolled back.',
      ],
      columns: ['50% at', ...WORSE.flatMap((ratio) => [`x${ratio}`, '(back)'])],
      rows: RAMP_RATES.flatMap((rate) =>
        (
          [
            ['fixed-10m', '1/5/10/25/50, 10 min each'],
            ['fixed-5m', '1/5/10/25/50, 5 min each'],
            ['codedeploy', '10/50, after 5 min'],
            ['ramp', 'ramp'],
          ] as const
        ).map(([name, label]) => ({ label: `${rate}/s: ${label}`, cells: cellsOf(rate, name) })),
      ),
    },
    {
      title: 'A ramp with a budget: what must not fool it',
      notes: [
        '100 requests/s; drift, rise, incident and noise (with a record of the day before, or without) are those of the tables',
        'above. Good releases: share rolled back, and minutes to 50%. Versions that fail so many times as often, for which 50%',
        `costs more than the budget of ${SPEND}: what it cost on average, nothing where a release did not get there.`,
      ],
      columns: ['rolled back', '50% at', ...OVER.map((ratio) => `x${ratio}: cost`)],
      rows: FOOLING.map(({ label, as }) => ({
        label,
        cells: [
          { show: 'share', scenario: `${as}-x1`, rule: rule('ramp', 'caught') },
          { show: 'minutes', scenario: `${as}-x1`, rule: rule('ramp', 'half') },
          ...OVER.map((ratio): Cell => ({ show: 'mean', scenario: `${as}-x${ratio}`, rule: rule('ramp', 'cost') })),
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
  ...RAMP_RATES.flatMap((rate): readonly Goal[] => [
    {
      ...{ what: `ramp, ${rate}/s: part of the time of the fixed plan to 50%`, unit: 'sooner', most: 1 / 6 },
      ...{ scenario: `budget-${rate}-x1`, rule: rule('ramp', 'half'), against: rule('fixed-10m', 'half') },
    },
    ...WORSE.map(
      (ratio): Goal => ({
        ...{ what: `ramp, ${rate}/s: times the further failures of x${ratio}`, unit: 'times', most: 1.1 },
        ...{ scenario: `budget-${rate}-x${ratio}`, rule: rule('ramp', 'extra'), against: rule('fixed-10m', 'extra') },
      }),
    ),
  ]),
  ...FOOLING.flatMap(({ label, as, record }): readonly Goal[] => [
    // What noise without a record makes of good releases is a matter of the check: see its table.
    ...('isUnrecorded' in record
      ? []
      : [{ ...backGoal(label), scenario: `${as}-x1`, rule: rule('ramp', 'caught') } as const]),
    {
      ...{ what: `ramp, ${label}: cost of x${OVER[0]} on average`, unit: 'mean', most: SPEND },
      ...{ scenario: `${as}-x${OVER[0]}`, rule: rule('ramp', 'cost') },
    },
  ]),
]

function backGoal(label: string) {
  return { what: `ramp, ${label}: good releases rolled back`, unit: 'share', most: 0.01 } as const
}

function rule(plan: RampPlanName, figure: 'half' | 'caught' | 'extra' | 'cost'): RampRule {
  return `${plan}/${figure}`
}
