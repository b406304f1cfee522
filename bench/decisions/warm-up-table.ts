import type { ErrorRule } from './error-rules.ts'
import type { Goal } from './goals.ts'
import type { LatencyRule } from './latency-rules.ts'
import { type Column, ERROR_PEERS, type Row, ruleTable } from './rule-table.ts'
import type { Table } from './tables.ts'

/** What a warm-up spares good releases, for errors and for latency, and what it costs with bad ones. */
export function warmUpTables(): readonly Table[] {
  return [errorTable(), latencyTable()]
}

function errorTable(): Table {
  const rules: readonly Row<ErrorRule>[] = [
    ...ERROR_PEERS,
    ['ours', 'Sluice at .05, warmUp: 0s'],
    ['ours-warm', 'Sluice at .05'],
    ['ours-readme', "README's plan, warmUp: 0s"],
    ['ours-readme-warm', "README's plan"],
  ]
  const columns: readonly Column[] = [
    ['flat', 'flat', 'share'],
    ['x5, 60 s', 'warm-up-errors', 'share'],
    ['x3, 5 x 30 s', 'warm-up-ramp', 'share'],
    ['to 1%', 'flat-to-1', 'minutes'],
    ['to 2%', 'flat-to-2', 'minutes'],
    ['to 5%', 'flat-to-5', 'minutes'],
    ['slow rise', 'slow-rise', 'minutes'],
  ]
  const notes = [
    'As the first table at 100 requests/s, 5% (x3: the ramp of the second table). x5, 60 s: a good canary with five times',
    'the errors in its first minute; x3, 5 x 30 s: three times in the first half minute of each weight: share of good',
    'releases rolled back. Others: median minutes from the first request; slow rise: 0.5 to 2% within ten minutes.',
    "Sluice has its default warm-up, 1 min, unless it says 0s. README's plan: 1.5x at .005, half of its budget.",
  ]
  return ruleTable('Error rate while the canary warms up', notes, columns, rules)
}

function latencyTable(): Table {
  const rules: readonly Row<LatencyRule>[] = [
    ['p99-limit-1', 'p99 < 500 ms, 1 fail'],
    ['p99-limit-10', 'p99 < 500 ms, 10 fails'],
    ['kayenta-p99', 'Kayenta on p99 per minute'],
    ['quantile-p50', 'quantile A/B, p50'],
    ['quantile-p99', 'quantile A/B, p99'],
    ['stochastic-order', 'stochastic order (DKW band)'],
    ['ours-latency', 'Sluice at .05, warmUp: 0s'],
    ['ours-latency-warm', 'Sluice at .05'],
    ['ours-latency-readme', "README's plan, warmUp: 0s"],
    ['ours-latency-readme-warm', "README's plan"],
  ]
  const columns: readonly Column[] = [
    ['no change', 'latency-same', 'share'],
    ['x3, 60 s', 'latency-warm-up', 'share'],
    ['all +25%', 'latency-all-25%', 'minutes'],
    ['slow rise', 'latency-slow-rise', 'minutes'],
  ]
  const notes = [
    'As the table of latency; x3, 60 s and slow rise: 100 requests/s, 20% on the canary. x3, 60 s: every request of the',
    'first minute takes three times as long. slow rise: all requests slower by up to a half within ten minutes.',
    "README's plan: 1.25x at .005.",
  ]
  return ruleTable('Latency while the canary warms up', notes, columns, rules)
}

const GOOD_RELEASES = [
  ['x5 errors for 60 s', 'warm-up-errors', ['ours-warm', 'ours-readme-warm']],
  ['x3 errors for 30 s, five steps', 'warm-up-ramp', ['ours-warm', 'ours-readme-warm']],
  ['x3 as slow for 60 s', 'latency-warm-up', ['ours-latency-warm', 'ours-latency-readme-warm']],
] as const

export const WARM_UP_GOALS: readonly Goal[] = GOOD_RELEASES.flatMap(([name, scenario, rules]) =>
  rules.map((rule, index) => ({
    ...({ what: `warm-up, ${index === 0 ? 'at .05' : "README's plan"}: ${name}`, unit: 'share', most: 0.05 } as const),
    ...{ scenario, rule },
  })),
)
