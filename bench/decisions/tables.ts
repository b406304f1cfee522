import { budgetTables } from './budget-tables.ts'
import type { Proposal } from './calibration.ts'
import { clumpTable } from './clump-table.ts'
import type { ErrorRule } from './error-rules.ts'
import { type ErrorScenario, NOISES } from './error-traffic.ts'
import { fullTable } from './full-tables.ts'
import type { LatencyRule } from './latency-rules.ts'
import type { LatencyScenario } from './latency-traffic.ts'
import { lowTrafficTable } from './low-traffic-table.ts'
import { type Column, ERROR_PEERS, type Row, ruleTable } from './rule-table.ts'
import { userTables } from './user-tables.ts'
import { warmUpTables } from './warm-up-table.ts'

/** What one cell shows: the share of false alarms (also as alarms in 52 weeks), the median minutes to it, both, or a mean. */
export type Cell =
  | { readonly show: 'share' | 'minutes' | 'perYear' | 'mean'; readonly scenario: string; readonly rule: string }
  | {
      readonly show: 'both'
      readonly same: string
      readonly worse: string
      readonly rule: string
      readonly prefix: string
    }
  | { readonly show: 'text'; readonly text: string }

export interface Table {
  readonly title: string
  readonly notes: readonly string[]
  readonly columns: readonly string[]
  readonly rows: readonly { readonly label: string; readonly cells: readonly Cell[] }[]
}

/** What calibration proposes, by scenario of good releases. */
export type Proposals = ReadonlyMap<string, Proposal>

export function tablesWith(proposals: Proposals): readonly Table[] {
  return [
    leagueTable(),
    rampTable(),
    noiseTable(proposals),
    latencyTable(),
    clumpTable(),
    lowTrafficTable(),
    ...warmUpTables(),
    ...userTables(),
    fullTable(),
    ...budgetTables(),
  ]
}

/** The rule that calibration proposes for a scenario; null when it proposes none. */
export function calibratedRule(proposals: Proposals, scenario: string): ErrorRule | null {
  const proposal = proposals.get(scenario) ?? null
  return proposal === null ? null : `ours:${proposal.notWorseThan}:${proposal.alpha}`
}

/** The scenarios that calibration is asked about. */
export const CALIBRATED_SCENARIOS: readonly ErrorScenario[] = [
  'flat',
  ...NOISES.map(({ name }) => `${name}-flat` as const),
]

function leagueTable(): Table {
  const [flagger, ...others] = ERROR_PEERS
  const rules: readonly Row<ErrorRule>[] = [
    ['flagger-1', 'Flagger, threshold 1'],
    flagger,
    ['fixed-0', 'fixed 1%, failureLimit 0'],
    ...others,
    ['ours', 'Sluice at .05'],
    ['ours-1%', 'Sluice at .01'],
    ['ours-1.5x', 'Sluice at .05, up to 1.5x'],
  ]
  const columns: readonly Column<ErrorScenario>[] = [
    ['flat', 'flat', 'share'],
    ['drift', 'drift', 'share'],
    ['to 1%', 'flat-to-1', 'minutes'],
    ['to 2%', 'flat-to-2', 'minutes'],
    ['to 5%', 'flat-to-5', 'minutes'],
    ['10rps 2%', 'small-to-2', 'minutes'],
    ['10rps 5%', 'small-to-5', 'minutes'],
    ['50:50 1%', 'half-to-1', 'minutes'],
  ]
  const notes = [
    '0.5% errors on stable, 100 requests/s, 5% on the canary unless the column says otherwise, watched for 60 min,',
    'a look every 10 s (fixed limits: 1 min). flat, drift: share of good releases rolled back, drift being +-80% on',
    'both arms. Others: median minutes to the rollback, in brackets the share rolled back when not all were.',
  ]
  return ruleTable('Error rate at one weight', notes, columns, rules, [
    goalRow('goal for Sluice at .05', ['<= .050', '<= .050', '', '<= 1.3', '<= 0.33', '', '', '']),
  ])
}

function rampTable(): Table {
  const columns: readonly (readonly [string, ErrorRule])[] = [
    ['z, peeked', 'z'],
    ['GrowthBook', 'growthbook'],
    ['Statsig', 'statsig'],
    ['Eppo', 'eppo'],
    ['truncated', 'truncated'],
    ['Sluice .05', 'ours'],
    ['Sluice .01', 'ours-1%'],
  ]
  const rows: readonly (readonly [string, ErrorScenario, 'share' | 'minutes'])[] = [
    ['false: 0.5% all the time', 'ramp', 'share'],
    ['false: both arms 0.3 -> 1%', 'ramp-drift', 'share'],
    ['false: both 3% in the last 10 min', 'ramp-incident', 'share'],
    ['canary twice as bad: minutes', 'ramp-worse', 'minutes'],
  ]
  return {
    title: 'Error rate over a ramp 1, 5, 10, 25, 50%',
    notes: [
      'Ten minutes per weight, 100 requests/s, a look every 10 s. All but Sluice compare the sums of all weights so far.',
    ],
    columns: columns.map(([head]) => head),
    rows: [
      ...rows.map(([label, scenario, show]) => ({
        label,
        cells: columns.map(([, rule]): Cell => ({ show, scenario, rule })),
      })),
      goalRow('goal for each false row', ['', '', '', '', '', '<= .050', '<= .010']),
    ],
  }
}

function noiseTable(proposals: Proposals): Table {
  const rules: readonly (readonly [string, ErrorRule])[] = [
    ['Sluice 1x', 'ours'],
    ['Sluice 1.5x', 'ours-1.5x'],
    ['Sluice 2x', 'ours-2x'],
    ['Sluice 1x, record', 'ours-recorded'],
    ['GrowthBook', 'growthbook'],
    ["O'B.-Fleming", 'obrien-fleming'],
  ]
  const scenarios: readonly (readonly [string, ErrorScenario, ErrorScenario])[] = [
    ['none', 'flat', 'flat-to-2'],
    ...NOISES.map(({ name, label }) => [label, `${name}-flat`, `${name}-to-2`] as const),
  ]
  return {
    title: 'Error rate when each arm has noise of its own',
    notes: [
      'As the first table at 100 requests/s, 5%; every minute each arm draws its own log-normal factor, which no test of',
      'counts expects. Share of good releases rolled back / median minutes for 0.5 -> 2%. 1.5x, 2x: accepted ratio;',
      'record: the metric source keeps a record, of which the guard reads the day before the release by itself;',
      'calibrated: with the record, and the ratio (or part of the budget) that replays of a day of stable alone propose.',
    ],
    columns: [...rules.map(([head]) => head), 'Sluice calibrated'],
    rows: scenarios.map(([label, same, worse]) => ({
      label,
      cells: [
        ...rules.map(([, rule]): Cell => ({ show: 'both', same, worse, rule, prefix: '' })),
        calibratedCell(proposals, same, worse),
      ],
    })),
  }
}

function calibratedCell(proposals: Proposals, same: string, worse: string): Cell {
  const rule = calibratedRule(proposals, same)
  if (rule === null) return { show: 'text', text: 'none proposed' }
  const proposal = proposals.get(same)
  const budget = proposal?.alpha === 0.05 ? '' : ` at ${proposal?.alpha}`
  return { show: 'both', same, worse, rule, prefix: `${proposal?.notWorseThan}x${budget}: ` }
}

function latencyTable(): Table {
  const rules: readonly Row<LatencyRule>[] = [
    ['p99-limit-1', 'p99 < 500 ms, 1 fail'],
    ['p99-limit-10', 'p99 < 500 ms, 10 fails'],
    ['kayenta-p99', 'Kayenta on p99 per minute'],
    ['kayenta-p50', 'Kayenta on p50 per minute'],
    ['quantile-p50', 'quantile A/B, p50'],
    ['quantile-p95', 'quantile A/B, p95'],
    ['quantile-p99', 'quantile A/B, p99'],
    ['stochastic-order', 'stochastic order (DKW band)'],
    ['exceedance-p99', 'split above the true p99'],
    ['ours-latency', 'Sluice at .05'],
    ['ours-latency-1%', 'Sluice at .01'],
    ['ours-latency-coarse', 'Sluice at .05, 11 buckets'],
    ['ours-latency-1.25x', 'Sluice at .05, up to 1.25x'],
  ]
  const columns: readonly Column<LatencyScenario>[] = [
    ['no change', 'latency-same', 'share'],
    ['all +10%', 'latency-all-10%', 'minutes'],
    ['all +25%', 'latency-all-25%', 'minutes'],
    ['3% x3', 'latency-3%-x3', 'minutes'],
    ['1% x10', 'latency-1%-x10', 'minutes'],
  ]
  const notes = [
    'Log-normal, median 100 ms, sigma 0.6, 5 requests/s on each arm, watched for 60 min, a look every 30 s. Sluice sees',
    'histograms of 9 buckets per power of ten, or the 11 default ones of Prometheus clients; the others see raw values.',
    'First column: share of good releases rolled back; others: median minutes. 1.25x accepts all that is +25% or less.',
  ]
  return ruleTable('Latency', notes, columns, rules, [
    goalRow('goal for Sluice at .05', ['<= .050', '', '<= 2', '<= 8', '']),
  ])
}

function goalRow(label: string, texts: readonly string[]): Table['rows'][number] {
  return { label, cells: texts.map((text): Cell => ({ show: 'text', text })) }
}
