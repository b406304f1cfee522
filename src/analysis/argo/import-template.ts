import { z } from 'zod'
import { isRecord } from '../../domain/json.ts'
import { LONGEST_DURATION, writeDuration } from '../../domain/units.ts'
import type { ArgoCheck } from './argo-judge.ts'
import { checkCondition } from './condition.ts'
import { parseGoDuration, parseIntOrString } from './go-values.ts'
import { type QueryType, queryTypeOf } from './query-type.ts'
import { dryRunMetrics } from './run-phase.ts'

/** Where the imported checks ask, and the values of the template's arguments. */
export interface ImportOptions {
  /** Name of the metric source; a template's own address and credentials are never taken over. */
  readonly source: string
  readonly args?: Readonly<Record<string, string>>
}

/**
 * The checks, the metrics that are lost (`name: why`) and what was left out because it does not change a verdict, or every
 * problem as `path: sentence`.
 */
export type ImportedTemplate =
  | {
      readonly ok: true
      readonly checks: readonly ArgoCheck[]
      readonly leftOut: readonly string[]
      readonly notes: readonly string[]
    }
  | { readonly ok: false; readonly problems: readonly string[] }

const intOrString = z.union([z.number(), z.string()])

const prometheusSchema = z.strictObject({
  query: z.string().min(1),
  address: z.string().optional(),
  insecure: z.boolean().optional(),
  timeout: intOrString.optional(),
  authentication: z.unknown().optional(),
  headers: z.unknown().optional(),
  rangeQuery: z.unknown().optional(),
})

const metricSchema = z.strictObject({
  name: z.string().min(1),
  interval: z.string().optional(),
  initialDelay: z.string().optional(),
  count: intOrString.optional(),
  successCondition: z.string().optional(),
  failureCondition: z.string().optional(),
  failureLimit: intOrString.optional(),
  inconclusiveLimit: intOrString.optional(),
  consecutiveErrorLimit: intOrString.optional(),
  consecutiveSuccessLimit: intOrString.optional(),
  provider: z.record(z.string(), z.unknown()),
})

const argSchema = z.strictObject({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: z.unknown().optional(),
})

/** An AnalysisTemplate or ClusterAnalysisTemplate of Argo Rollouts, as far as it can be imported. */
export const analysisTemplateSchema = z.strictObject({
  apiVersion: z.literal('argoproj.io/v1alpha1').optional(),
  kind: z.enum(['AnalysisTemplate', 'ClusterAnalysisTemplate']).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  spec: z.strictObject({
    args: z.array(argSchema).optional(),
    metrics: z.array(metricSchema).min(1),
    dryRun: z.array(z.strictObject({ metricName: z.string() })).optional(),
    measurementRetention: z.array(z.unknown()).optional(),
  }),
})

type Template = z.infer<typeof analysisTemplateSchema>
type Metric = z.infer<typeof metricSchema>

/**
 * Turns an AnalysisTemplate (already parsed YAML) with Prometheus metrics into checks with the same verdicts. Metrics that
 * ask something else are left out, as long as one stays. Strict with the others: an unknown key, a value that is no number
 * or duration, a condition without a form here, an argument without a value are problems, and all of them are listed.
 * Conditions stay in Argo's language.
 */
export function importTemplate(template: unknown, options: ImportOptions): ImportedTemplate {
  const parsed = analysisTemplateSchema.safeParse(template)
  if (!parsed.success) {
    return {
      ok: false,
      problems: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'template'}: ${issue.message}`),
    }
  }
  const report: Report = { problems: [], notes: [] }
  const { spec } = parsed.data
  checkNames(spec.metrics, report)
  const foreign = whyForeign(parsed.data)
  const kept = spec.metrics.filter((_metric, index) => foreign[index] === null)
  const lost = spec.metrics.filter((metric) => !kept.includes(metric))
  if (kept.length === 0)
    for (const [index, why] of foreign.entries()) report.problems.push(`spec.metrics.${index}.provider: ${why}`)
  const needed = (spec.args ?? []).map((arg) => !isNamedIn(lost, arg.name) || isNamedIn(kept, arg.name))
  const args = argumentsOf(spec.args ?? [], needed, options, report)
  const checks = spec.metrics.map((metric, index) =>
    foreign[index] === null ? checkOf(metric, `spec.metrics.${index}`, args, options.source, report) : null,
  )
  const dry = dryRunMetrics(
    spec.metrics.map((metric) => metric.name),
    (spec.dryRun ?? []).map((rule) => rule.metricName),
  )
  if (!dry.ok) report.problems.push(`spec.dryRun: ${dry.problem}`)
  if (spec.measurementRetention !== undefined) report.notes.push('spec.measurementRetention has no effect here')
  if (report.problems.length > 0 || !dry.ok) return { ok: false, problems: report.problems }
  for (const name of dry.names) report.notes.push(`metric '${name}' is dry-run: it never decides and is left out`)
  const deciding = checks.flatMap((check) => (check === null || dry.names.has(check.name) ? [] : [check]))
  const leftOut = spec.metrics.flatMap(({ name }, index) =>
    foreign[index] === null || dry.names.has(name) ? [] : [`${name}: ${foreign[index]}`],
  )
  if (deciding.length === 0 && leftOut.length > 0) return { ok: false, problems: leftOut }
  return { ok: true, checks: deciding, leftOut, notes: report.notes }
}

/** Why each metric cannot be asked here at all, whatever else it says; null for one that can. */
export function whyForeign({ spec }: Template): readonly (string | null)[] {
  const stableHashes = (spec.args ?? []).filter(({ valueFrom }) => hashOf(valueFrom) === 'Stable')
  return spec.metrics.map((metric) => {
    const foreign = foreignProvider(metric)
    if (foreign !== null || !stableHashes.some(({ name }) => isNamedIn([metric], name))) return foreign
    return 'it compares with stable by the hash of its pods, which has no counterpart here; the checks errorRate, latency and rate compare with stable, such as errorRate: { notWorseThan: 1.5x }'
  })
}

function foreignProvider({ provider }: Metric): string | null {
  const names = Object.keys(provider)
  const [only] = names
  if (names.length !== 1 || only === undefined)
    return `exactly one provider is needed, this has ${names.length === 0 ? 'none' : names.join(', ')}`
  if (only !== 'prometheus') return `only prometheus can be imported, not ${only}`
  const { data } = prometheusSchema.safeParse(provider[only])
  return data?.rangeQuery === undefined ? null : 'range queries cannot be imported'
}

/** Which pods' hash an argument stands for in a Rollout. */
function hashOf(valueFrom: unknown): 'Stable' | 'Latest' | null {
  const hash = isRecord(valueFrom) ? valueFrom['podTemplateHashValue'] : undefined
  return hash === 'Stable' || hash === 'Latest' ? hash : null
}

function isNamedIn(metrics: readonly Metric[], arg: string): boolean {
  const named = [...JSON.stringify(metrics).matchAll(PLACEHOLDER)].map(([, inner = '']) => inner.trim())
  return named.includes(`args.${arg}`)
}

interface Report {
  readonly problems: string[]
  readonly notes: string[]
}

type Args = ReadonlyMap<string, string>

/** An argument that only metrics which are left out would use needs no value. */
function argumentsOf(
  declared: NonNullable<Template['spec']['args']>,
  needed: readonly boolean[],
  options: ImportOptions,
  report: Report,
): Args {
  const args = new Map<string, string>()
  const given = options.args ?? {}
  for (const [index, arg] of declared.entries()) {
    const value = Object.hasOwn(given, arg.name) ? given[arg.name] : arg.value
    if (value === undefined && needed[index] === false) continue
    if (value === undefined)
      report.problems.push(`spec.args.${index}: the argument '${arg.name}' has no value${hintFor(arg)}`)
    else if (args.has(arg.name)) report.problems.push(`spec.args.${index}: a second argument is called '${arg.name}'`)
    else args.set(arg.name, value)
  }
  return args
}

function hintFor({ name, valueFrom }: NonNullable<Template['spec']['args']>[number]): string {
  if (hashOf(valueFrom) !== 'Latest') return ''
  return `; it is the hash of the canary's pods: --arg ${name}='$pool' puts the name of the canary's pool there`
}

function checkNames(metrics: readonly Metric[], report: Report): void {
  const names = new Set<string>()
  for (const [index, metric] of metrics.entries()) {
    if (names.has(metric.name))
      report.problems.push(`spec.metrics.${index}.name: a second metric is called '${metric.name}'`)
    names.add(metric.name)
  }
}

function checkOf(metric: Metric, path: string, args: Args, source: string, report: Report): ArgoCheck | null {
  const filled = (key: string, text: string): string => substituted(text, args, `${path}.${key}`, report)
  const whole = (key: NumberKey, otherwise: number, least: number): number =>
    wholeNumber(metric, key, otherwise, least, path, filled, report)
  const written = queryOf(metric, path, report)
  const query = written === null ? '' : filled('provider.prometheus.query', written)
  if (query.includes('$stable'))
    report.problems.push(`${path}.provider.prometheus.query: there is no $stable; errorRate compares with stable`)
  const type = queryTypeOf(query)
  const check: ArgoCheck = {
    kind: 'argo',
    name: metric.name,
    source,
    query,
    successCondition: conditionOf(metric, 'successCondition', path, type, filled, report),
    failureCondition: conditionOf(metric, 'failureCondition', path, type, filled, report),
    interval:
      metric.interval === undefined ? null : duration(filled('interval', metric.interval), `${path}.interval`, report),
    initialDelay:
      metric.initialDelay === undefined
        ? 0
        : duration(filled('initialDelay', metric.initialDelay), `${path}.initialDelay`, report),
    count: metric.count === undefined ? null : whole('count', 0, 0),
    failureLimit: whole('failureLimit', 0, -1),
    inconclusiveLimit: whole('inconclusiveLimit', 0, 0),
    consecutiveErrorLimit: whole('consecutiveErrorLimit', 4, 0),
    consecutiveSuccessLimit: whole('consecutiveSuccessLimit', 0, 0),
  }
  for (const problem of limitProblems(check)) report.problems.push(`${path}: ${problem}`)
  return written === null ? null : check
}

function queryOf(metric: Metric, path: string, report: Report): string | null {
  const parsed = prometheusSchema.safeParse(metric.provider['prometheus'])
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      report.problems.push(`${[path, 'provider.prometheus', ...issue.path].join('.')}: ${issue.message}`)
    return null
  }
  for (const key of ['address', 'insecure', 'timeout', 'authentication', 'headers'] as const) {
    if (parsed.data[key] !== undefined)
      report.notes.push(`${path}.provider.prometheus.${key}: the metric source's own setting is used`)
  }
  return parsed.data.query
}

type Fill = (key: string, text: string) => string

function conditionOf(
  metric: Metric,
  key: 'successCondition' | 'failureCondition',
  path: string,
  type: QueryType,
  filled: Fill,
  report: Report,
): string | null {
  const text = metric[key]
  // An empty condition is none in Argo.
  if (text === undefined || text === '') return null
  const condition = filled(key, text)
  const check = checkCondition(condition)
  const typed = checkCondition(condition, type)
  if (!check.ok) report.problems.push(`${path}.${key}: ${check.message}`)
  else if (!typed.ok) report.notes.push(`${path}.${key}: ${typed.message}, or the plan will be refused`)
  return condition
}

type NumberKey = 'count' | 'failureLimit' | 'inconclusiveLimit' | 'consecutiveErrorLimit' | 'consecutiveSuccessLimit'

function wholeNumber(
  metric: Metric,
  key: NumberKey,
  otherwise: number,
  least: number,
  path: string,
  filled: Fill,
  report: Report,
): number {
  const value = metric[key]
  if (value === undefined) return otherwise
  const number = parseIntOrString(typeof value === 'string' ? filled(key, value) : value)
  if (number !== null && number >= least) return number
  report.problems.push(
    `${path}.${key}: expected a whole number of at least ${least}, received ${JSON.stringify(value)}`,
  )
  return otherwise
}

function duration(text: string, path: string, report: Report): number {
  const value = parseGoDuration(text)
  if (value !== null && value <= LONGEST_DURATION) return value
  if (value !== null) {
    report.problems.push(
      `${path}: expected at most ${writeDuration(LONGEST_DURATION)}, received ${JSON.stringify(text)}`,
    )
    return 0
  }
  report.problems.push(`${path}: expected a duration such as 90s or 1h30m, received ${JSON.stringify(text)}`)
  return 0
}

/** The limits of a metric that depend on each other. */
export type Limits = Pick<
  ArgoCheck,
  'count' | 'failureLimit' | 'consecutiveSuccessLimit' | 'inconclusiveLimit' | 'interval'
>

/** What Argo Rollouts refuses about the limits of a metric together, each as a sentence. */
export function* limitProblems(limits: Limits): Generator<string> {
  const { count, failureLimit, consecutiveSuccessLimit, inconclusiveLimit, interval } = limits
  if (failureLimit === -1 && consecutiveSuccessLimit === 0)
    yield 'failureLimit and consecutiveSuccessLimit cannot both be switched off'
  if (count === null || count === 0) return
  if (failureLimit >= 0 && count < failureLimit + consecutiveSuccessLimit) {
    yield `count ${count} must be at least failureLimit ${failureLimit} + consecutiveSuccessLimit ${consecutiveSuccessLimit}`
  }
  if (count < inconclusiveLimit) yield `count ${count} must be at least inconclusiveLimit ${inconclusiveLimit}`
  if (count > 1 && interval === null) yield `count ${count} needs an interval`
}

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g

function substituted(text: string, args: Args, path: string, report: Report): string {
  return text.replaceAll(PLACEHOLDER, (whole, inner: string) => {
    const [, name] = /^\s*args\.([\w.-]+)\s*$/.exec(inner) ?? []
    const value = name === undefined ? undefined : args.get(name)
    if (value !== undefined) return value
    report.problems.push(`${path}: '${whole}' has no value`)
    return whole
  })
}
