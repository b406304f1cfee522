import type { ErrorRule } from './error-rules.ts'
import type { ErrorScenario } from './error-traffic.ts'
import type { Goal } from './goals.ts'
import { type Column, ERROR_PEERS, type Row, ruleTable } from './rule-table.ts'
import type { Table } from './tables.ts'

/** What can be said where a canary gets three requests a minute. */
export function lowTrafficTable(): Table {
  const rules: readonly Row<ErrorRule>[] = [...ERROR_PEERS, ['ours', 'Sluice at .05'], ['ours-readme', "README's plan"]]
  const columns: readonly Column<ErrorScenario>[] = [
    ['flat', 'low-flat', 'share'],
    ['to 5%', 'low-to-5', 'minutes'],
    ['to 50%', 'low-to-50', 'minutes'],
    ['50:50, flat', 'low-half-flat', 'share'],
    ['50:50, to 5%', 'low-half-to-5', 'minutes'],
  ]
  const notes = [
    '0.5% errors on stable, one request/s, 5% on the canary unless the column says otherwise, watched for 120 min. flat: share',
    'of good releases rolled back; others: median minutes to the rollback, in brackets the share rolled back.',
  ]
  return ruleTable('Low traffic', notes, columns, rules)
}

export const LOW_TRAFFIC_GOALS: readonly Goal[] = (['low-flat', 'low-half-flat'] as const).map((scenario) => ({
  ...({ what: `false alarms at .05, one request/s: ${scenario}`, unit: 'share', most: 0.05 } as const),
  ...{ scenario, rule: 'ours' },
}))
