import { BUDGET_GOALS } from './budget-tables.ts'
import { CLUMP_GOALS } from './clump-table.ts'
import { NOISES } from './error-traffic.ts'
import { FULL_GOALS } from './full-tables.ts'
import { LOW_TRAFFIC_GOALS } from './low-traffic-table.ts'
import { align, printMinutes, printPerYear, printShare, WEEKS_A_YEAR } from './print.ts'
import type { Results } from './results.ts'
import { calibratedRule, type Proposals } from './tables.ts'
import { USER_GOALS } from './user-tables.ts'
import { WARM_UP_GOALS } from './warm-up-table.ts'

/** A figure to reach, with what was measured. */
export interface Goal {
  readonly what: string
  readonly unit: 'share' | 'minutes' | 'perYear' | 'mean' | 'times' | 'sooner'
  readonly most: number
  readonly scenario: string
  /** Null when there is no such rule, because calibration proposed none: then the goal is missed. */
  readonly rule: string | null
  /** The rule that it is compared with: by `times` of its mean, or by the part of its median that is `sooner`. */
  readonly against?: string
}

const GOOD_RELEASES = [
  ['flat', 'one weight, flat'],
  ['drift', 'one weight, drift'],
  ['ramp', 'ramp, flat'],
  ['ramp-drift', 'ramp, drift'],
  ['ramp-incident', 'ramp, late incident'],
] as const

const GOALS: readonly Goal[] = [
  minutes('median for 0.5 -> 2%, 100 requests/s, 5%', 1.3, 'flat-to-2', 'ours'),
  minutes('median for 0.5 -> 5%, 100 requests/s, 5%', 20 / 60, 'flat-to-5', 'ours'),
  ...GOOD_RELEASES.map(([scenario, name]) => share(`false alarms at .05: ${name}`, 0.05, scenario, 'ours')),
  ...GOOD_RELEASES.map(([scenario, name]) => share(`false alarms at .01: ${name}`, 0.01, scenario, 'ours-1%')),
  minutes('latency: median for all +25%', 2, 'latency-all-25%', 'ours-latency'),
  minutes('latency: median for 3% of requests x3', 8, 'latency-3%-x3', 'ours-latency'),
  share('latency: false alarms at .05', 0.05, 'latency-same', 'ours-latency'),
  share('latency: false alarms at .05, 11 buckets', 0.05, 'latency-same', 'ours-latency-coarse'),
  ...WARM_UP_GOALS,
  ...CLUMP_GOALS,
  ...LOW_TRAFFIC_GOALS,
]

/** All goals; those about noise need the rules that calibration proposes. */
export function goalsWith(proposals: Proposals): readonly Goal[] {
  const noisy = NOISES.filter(({ variation }) => variation === 0.5).map(({ name, label }) =>
    share(`false alarms, ${label}, calibrated at .05`, 0.1, `${name}-flat`, calibratedRule(proposals, `${name}-flat`)),
  )
  const recorded = NOISES.map(({ name, label, most }) =>
    share(`false alarms, ${label}, with a record at .05`, most, `${name}-flat`, 'ours-recorded'),
  )
  return [...GOALS, ...recorded, ...noisy, ...USER_GOALS, ...FULL_GOALS, ...BUDGET_GOALS]
}

const PRINTS = {
  ...{ share: printShare, minutes: printMinutes, perYear: printPerYear },
  ...{ mean: printMinutes, times: printMinutes, sooner: printMinutes },
} as const

/** All goals beside what was measured. */
export function printGoals(goals: readonly Goal[], results: Results): string {
  const lines = goals.map((goal) => {
    const measured = measure(goal, results)
    const print = PRINTS[goal.unit]
    const unit = goal.unit === 'minutes' ? ' min' : ''
    const isReached = measured <= goal.most + 1e-9
    return [goal.what, `<= ${print(goal.most)}${unit}`, `${print(measured)}${unit}`, isReached ? 'reached' : 'MISSED']
  })
  return ['Goals of Sluice', '', align([['', 'goal', 'measured', ''], ...lines])].join('\n')
}

/** The figure a goal is about; Infinity without a rule. */
function measure({ scenario, rule, unit, against = '' }: Goal, results: Results): number {
  if (rule === null) return Number.POSITIVE_INFINITY
  const { share: seen, median, mean } = results.of(scenario, rule)
  switch (unit) {
    case 'times':
      return mean / results.of(scenario, against).mean
    case 'sooner':
      return median / results.of(scenario, against).median
    case 'share':
      return seen
    case 'perYear':
      return WEEKS_A_YEAR * seen
    case 'minutes':
      return median
    case 'mean':
      return mean
  }
}

const POOLED = ['z', 'growthbook', 'statsig', 'eppo'] as const
const SEQUENTIAL = ['obrien-fleming', 'growthbook', 'eppo', 'statsig', 'lindon-malek', 'truncated', 'kayenta'] as const
const ALPHA = 0.05

/** What must hold whatever the sample: empty when the ordering of the rules is as it should be. */
export function brokenOrder(results: Results): readonly string[] {
  return [...falseAlarmsOfOurs(results), ...slowerThanValid(results), ...quietPooled(results)]
}

function falseAlarmsOfOurs(results: Results): readonly string[] {
  return [...GOALS, ...USER_GOALS]
    .filter((goal) => goal.unit === 'share')
    .flatMap(({ what, most, scenario, rule }) => {
      if (rule === null) return []
      const { share: seen, runs } = results.of(scenario, rule)
      const limit = most + 3 * Math.sqrt((most * (1 - most)) / runs)
      return seen <= limit ? [] : [`${what}: ${printShare(seen)} is more than ${printShare(limit)}`]
    })
}

/** A rule is valid when it keeps its stated error probability at one weight; over ramps no pooled rule does. */
function slowerThanValid(results: Results): readonly string[] {
  const valid = SEQUENTIAL.filter((rule) =>
    ['flat', 'drift'].every((scenario) => {
      const { share: seen, runs } = results.of(scenario, rule)
      return seen <= ALPHA + 3 * Math.sqrt((ALPHA * (1 - ALPHA)) / runs)
    }),
  )
  return ['flat-to-2', 'flat-to-5'].flatMap((scenario) =>
    valid.flatMap((rule) => {
      const [ours, theirs] = [results.of(scenario, 'ours').median, results.of(scenario, rule).median]
      return ours <= theirs + 1e-9
        ? []
        : [`${scenario}: ours ${printMinutes(ours)} min, ${rule} ${printMinutes(theirs)} min`]
    }),
  )
}

function quietPooled(results: Results): readonly string[] {
  return ['ramp-drift', 'ramp-incident'].flatMap((scenario) =>
    POOLED.flatMap((rule) => {
      const seen = results.of(scenario, rule).share
      return seen > 0.9 ? [] : [`${scenario}: ${rule} was expected to alarm in over .9, it did in ${printShare(seen)}`]
    }),
  )
}

function minutes(what: string, most: number, scenario: string, rule: string): Goal {
  return { what, unit: 'minutes', most, scenario, rule }
}

function share(what: string, most: number, scenario: string, rule: string | null): Goal {
  return { what, unit: 'share', most, scenario, rule }
}
