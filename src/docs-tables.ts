import { CHECK_KINDS } from './catalog.ts'
import { environmentSchema } from './config/environment.ts'
import { installationSchema } from './config/installation-schema.ts'
import { ERROR_CODES } from './domain/error-codes.ts'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS } from './domain/pipeline/pipeline-verbs.ts'
import { STEP_KINDS } from './domain/plan/steps/index.ts'
import { policySchema } from './domain/policy/policy.ts'
import { COMMAND_VERBS, SENDERS, VERBS } from './domain/release/verbs.ts'
import { templateSchema } from './domain/template/template.ts'
import { formatWeight } from './domain/units.ts'
import { FLAG_STORES } from './flags/index.ts'
import { METRIC_SOURCES } from './metrics/index.ts'
import { type MetricRow, metricRows } from './reference/metric-rows.ts'
import { type OptionRow, optionRows } from './reference/option-rows.ts'
import { ROUTERS } from './routers/index.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { RUN_FIELDS, TEMPLATE_FIELDS } from './vendors/argo/analysis-fields.ts'
import { ROLLOUT_FIELDS } from './vendors/argo/rollout-fields.ts'
import type { FieldRow, FieldTable } from './vendors/fields.ts'
import { CANARY_FIELDS, METRIC_TEMPLATE_FIELDS } from './vendors/flagger/canary-fields.ts'

/**
 * The tables of README.md and docs/, as Markdown by name, made from the lists that the code itself runs on. Links are
 * absolute paths in the repository, so that a table can stand on any page.
 */
export function docsTables(): Readonly<Record<string, string>> {
  return {
    ...kindTables(),
    verbs: verbsTable(),
    'pipeline-verbs': pipelineVerbsTable(),
    'sluice-yaml': settingsTable(optionRows(installationSchema, { isDeep: true })),
    ...Object.fromEntries(ROUTERS.map(({ kind, options }) => [`router-${kind}`, settingsTable(optionRows(options))])),
    ...Object.fromEntries(
      METRIC_SOURCES.map(({ kind, options }) => [`source-${kind}`, settingsTable(optionRows(options))]),
    ),
    ...Object.fromEntries(
      FLAG_STORES.map(({ kind, options }) => [`flags-${kind}`, settingsTable(optionRows(options))]),
    ),
    'argo-rollout': fieldsTable(ROLLOUT_FIELDS),
    'argo-template': fieldsTable({ ...TEMPLATE_FIELDS, ...RUN_FIELDS }),
    'flagger-canary': fieldsTable(CANARY_FIELDS),
    'flagger-metric-template': fieldsTable(METRIC_TEMPLATE_FIELDS),
    policy: settingsTable(optionRows(policySchema, { isDeep: true })),
    template: settingsTable(optionRows(templateSchema)),
    environment: environmentTable(),
    'api-metrics': metricTable(metricRows(createMetrics({ isBare: true }).registry)),
  }
}

/** The tables of kinds: each row leads to a page. */
export function kindTables(): Readonly<
  Record<'steps' | 'checks' | 'routers' | 'metrics' | 'flags' | 'errors', string>
> {
  return {
    steps: stepsTable(),
    checks: checksTable(),
    routers: routersTable(),
    metrics: metricsTable(),
    flags: flagsTable(),
    errors: errorsTable(),
  }
}

function stepsTable(): string {
  const rows = STEP_KINDS.map(({ kind, summary }) => [page('steps', kind), summary])
  return table(['step', 'what it does'], rows)
}

function verbsTable(): string {
  const rows = COMMAND_VERBS.map((verb) => {
    const { does, taken, by, meansStep } = VERBS[verb]
    return [`\`${verb}\``, does, taken, SENDERS[by], meansStep ? 'the step' : 'the release']
  })
  return table(['command', 'what it does', 'when it is accepted', 'from whom', 'what it refers to'], rows)
}

function pipelineVerbsTable(): string {
  const rows = PIPELINE_VERB_NAMES.map((verb) => {
    const { does, taken, by, meansStage } = PIPELINE_VERBS[verb]
    return [`\`${verb}\``, does, taken, SENDERS[by], meansStage ? 'a stage' : 'the pipeline']
  })
  return table(['command', 'what it does', 'when it is accepted', 'from whom', 'what it refers to'], rows)
}

function checksTable(): string {
  const rows = CHECK_KINDS.map(({ kind, summary }) => [page('checks', kind), summary])
  return table(['check', 'what it asks'], rows)
}

function routersTable(): string {
  const head = [
    'router',
    'smallest step',
    'cohorts',
    'users stay',
    'confirms by',
    'one atomic change',
    'mirrors requests',
    'survives its restart',
  ]
  const rows = ROUTERS.map(({ kind, capabilities }) => {
    const { weightStep, cohorts, sticky, readBack, atomic, mirror = false, survivesRestart } = capabilities
    const marks = [sticky === 'none' ? '–' : sticky, readBack, yesNo(atomic), yesNo(mirror), yesNo(survivesRestart)]
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

function flagsTable(): string {
  const rows = FLAG_STORES.map(({ kind, capabilities: { weightStep, cohorts, readBack }, summary }) => {
    return [page('flags', kind), formatWeight(weightStep), yesNo(cohorts), readBack, summary]
  })
  return table(['flag store', 'smallest step', 'cohorts', 'confirms by', 'what it is'], rows)
}

function errorsTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { title, status, retry }]) => {
    return [page('errors', code), title, String(status), retry === 'later' ? 'yes' : 'no']
  })
  return table(['code', 'meaning', 'HTTP status', 'the same call may succeed later'], rows)
}

const EFFECTS: Readonly<Record<FieldRow['effect'], string>> = {
  carried: 'carried over',
  differs: 'means something else',
  added: 'written out',
  'left-out': '**left out**',
  'not-needed': 'not needed',
}

/** What becomes of the fields of another tool's manifests; those with the same fate below one field stand in one row. */
function fieldsTable(fields: FieldTable): string {
  const rows = new Map<string, { paths: string[]; row: FieldRow }>()
  for (const [path, row] of Object.entries(fields)) {
    if (row.becomes === 'see below') continue
    const above = path.replace(/\.[^.]*$/, '')
    const key = JSON.stringify([above, row.effect, row.becomes])
    const before = rows.get(key)
    if (before === undefined) rows.set(key, { paths: [path], row })
    else before.paths.push(path)
  }
  return table(
    ['field', 'is', 'what becomes of it'],
    [...rows.values()].map(({ paths, row }) => [
      paths.map((path) => `\`${path}\``).join(', '),
      EFFECTS[row.effect],
      row.fix === undefined ? row.becomes : `${row.becomes}: ${row.fix}`,
    ]),
  )
}

function settingsTable(options: readonly OptionRow[]): string {
  const rows = options.map(({ key, takes, otherwise, meaning }) => [`\`${key}\``, takes, otherwise, meaning])
  return table(['key', 'takes', 'when left out', 'meaning'], rows)
}

function environmentTable(): string {
  const rows = optionRows(environmentSchema).map(({ key, otherwise, meaning }) => [`\`${key}\``, otherwise, meaning])
  return table(['variable', 'when left out', 'who reads it, and for what'], rows)
}

/** Metrics of one process as a table; a test makes those of other processes with it. */
export function metricTable(metrics: readonly MetricRow[]): string {
  const rows = metrics.map(({ name, type, labels, meaning }) => {
    return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', ') || '–', meaning]
  })
  return table(['metric', 'type', 'labels', 'meaning'], rows)
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
