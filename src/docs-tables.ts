import { ALL_CHECK_KINDS } from './catalog.ts'
import { ERROR_CODES } from './domain/error-codes.ts'
import { STEP_KINDS } from './domain/plan/steps/index.ts'
import { COMMAND_VERBS, VERBS } from './domain/release/verbs.ts'
import { formatWeight } from './domain/units.ts'
import { METRIC_SOURCES } from './metrics/index.ts'
import { ROUTERS } from './routers/index.ts'

/**
 * The tables of README.md and docs/, as Markdown by name, made from the lists that the code itself runs on. Links are
 * absolute paths in the repository, so that a table can stand on any page.
 */
export function docsTables(): Readonly<
  Record<'steps' | 'checks' | 'routers' | 'metrics' | 'errors' | 'verbs', string>
> {
  return {
    steps: stepsTable(),
    checks: checksTable(),
    routers: routersTable(),
    metrics: metricsTable(),
    errors: errorsTable(),
    verbs: verbsTable(),
  }
}

function stepsTable(): string {
  const rows = STEP_KINDS.map(({ kind, summary }) => [page('steps', kind), summary])
  return table(['step', 'what it does'], rows)
}

function verbsTable(): string {
  const rows = COMMAND_VERBS.map((verb) => {
    const { does, taken, meansStep } = VERBS[verb]
    return [`\`${verb}\``, does, taken, meansStep ? 'the step' : 'the release']
  })
  return table(['command', 'what it does', 'when it is taken', 'what it means'], rows)
}

function checksTable(): string {
  const rows = ALL_CHECK_KINDS.map(({ kind, summary }) => [page('checks', kind), summary])
  return table(['check', 'what it asks'], rows)
}

function routersTable(): string {
  const head = [
    'router',
    'smallest step',
    'cohorts',
    'users stay',
    'read back',
    'one atomic change',
    'survives its restart',
  ]
  const rows = ROUTERS.map(({ kind, capabilities }) => {
    const { weightStep, cohorts, sticky, readBack, atomic, survivesRestart } = capabilities
    const marks = [sticky === 'none' ? '–' : sticky, readBack, yesNo(atomic), yesNo(survivesRestart)]
    return [page('routers', kind), formatWeight(weightStep), yesNo(cohorts), ...marks]
  })
  return table(head, rows)
}

function metricsTable(): string {
  const head = ['metric source', 'requests, errors, events', 'latency', 'free queries', 'the past', 'what it is']
  const rows = METRIC_SOURCES.map(({ kind, capabilities, summary }) => {
    const { counts, latency, queries, records } = capabilities
    return [page('metrics', kind), yesNo(counts), yesNo(latency), queries ?? '–', yesNo(records), summary]
  })
  return table(head, rows)
}

function errorsTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { title, status, retry }]) => {
    return [page('errors', code), title, String(status), retry === 'later' ? 'yes' : 'no']
  })
  return table(['code', 'meaning', 'HTTP status', 'the same call may succeed later'], rows)
}

function page(folder: string, name: string): string {
  return `[\`${name}\`](/docs/${folder}/${name}.md)`
}

function yesNo(can: boolean): string {
  return can ? 'yes' : '–'
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
