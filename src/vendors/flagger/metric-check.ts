import { z } from 'zod'
import { checkCondition } from '../../analysis/argo/condition.ts'
import { queryTypeOf } from '../../analysis/argo/query-type.ts'
import { isRecord } from '../../domain/json.ts'
import { type Milliseconds, writeDuration } from '../../domain/units.ts'
import type { DraftCheck } from '../draft.ts'
import type { Manifest, Spot } from '../manifest.ts'
import type { ImportOptions } from '../options.ts'
import type { ImportReport } from '../report.ts'
import type { MetricTemplates } from './metric-template.ts'

export const metricSchema = z.object({
  name: z.string().min(1),
  interval: z.string().optional(),
  threshold: z.number().optional(),
  thresholdRange: z.object({ min: z.number().optional(), max: z.number().optional() }).optional(),
  query: z.string().optional(),
  templateRef: z.object({ name: z.string().min(1) }).optional(),
  templateVariables: z.record(z.string(), z.string()).optional(),
})

type Metric = z.infer<typeof metricSchema>

/** The Canary that metrics belong to, and how often it looks. */
interface CanaryContext {
  readonly canary: Manifest
  readonly interval: Milliseconds
  /** Failed looks that roll back. */
  readonly threshold: number
  /** Looks of the whole analysis. */
  readonly looks: number
  readonly templates: MetricTemplates
  readonly options: ImportOptions
  readonly report: ImportReport
}

const MOST_LOOKS = 100

/** A metric as a check; null when it cannot be asked here, which is then said. */
export function checkOf(metric: Metric, spot: Spot, context: CanaryContext): DraftCheck | null {
  const form = formOf(metric, spot, context)
  if (form === null) return null
  return { name: metric.name, form, spot, interval: context.interval, lasts: () => null }
}

function formOf(metric: Metric, spot: Spot, context: CanaryContext): DraftCheck['form'] | null {
  const { templateRef, query } = metric
  const { report, options, threshold } = context
  if (templateRef === undefined && query === undefined) return builtIn(metric, spot, context)
  const at = { ...spot, path: [...spot.path, 'templateRef', 'name'] }
  const template = templateRef === undefined ? null : context.templates.named(templateRef.name, at)
  if (templateRef !== undefined && template === null) return null
  if (template !== null && template.provider !== 'prometheus') {
    report.note(
      'left-out',
      spot,
      `${metric.name}: only prometheus can be asked, not ${template.provider}`,
      'ask Prometheus for the same, or have it asked by a gate: { call: … } of the plan',
    )
    return null
  }
  const place =
    template === null
      ? { ...spot, path: [...spot.path, 'query'] }
      : { manifest: template.manifest, path: ['spec', 'query'] }
  const promql = filled(template?.query ?? query ?? '', metric, place, context)
  const range = rangeOf(metric, spot, context)
  if (range === null) return null
  const value = queryTypeOf(promql) === 'scalar' ? 'result' : 'last(result)'
  const successCondition = [
    ...(value === 'result' ? [] : ['len(result) > 0']),
    ...(range.min === undefined ? [] : [`${value} >= ${range.min}`]),
    ...(range.max === undefined ? [] : [`${value} <= ${range.max}`]),
  ].join(' && ')
  const checked = checkCondition(successCondition, queryTypeOf(promql))
  if (!checked.ok) report.problem(spot, { message: checked.message, fix: 'write the range as plain numbers' })
  if (!promql.includes('$pool')) {
    report.note(
      'differs',
      place,
      `the query of ${metric.name} names no pool, so it sees what it names`,
      "write $pool where the name of the canary's pool belongs, or --arg target='$pool'",
    )
  }
  const every = writeDuration(context.interval)
  // The first look of Flagger is one interval after the first weight; a failed query is a failed look.
  const limits = { ...(threshold > 1 && { failureLimit: threshold - 1 }), consecutiveErrorLimit: threshold - 1 }
  return {
    argo: { source: options.source, promql, successCondition, interval: every, initialDelay: every, ...limits },
  }
}

/** The two metrics that Flagger asks by itself: here they are kinds of checks, over what the metric source counts. */
function builtIn(metric: Metric, spot: Spot, context: CanaryContext): DraftCheck['form'] | null {
  const { report, options, threshold, looks } = context
  const common = {
    source: options.source,
    ...{
      failures: Math.min(threshold, MOST_LOOKS),
      of: Math.min(MOST_LOOKS, Math.max(threshold, looks)),
      minRequests: 1,
    },
  }
  const { min, max } = metric.thresholdRange ?? {}
  if (metric.name === 'request-success-rate') {
    const least = min ?? metric.threshold
    if (least === undefined || least < 0 || least > 100)
      return noLimit(metric, spot, 'thresholdRange.min from 0 to 100', context)
    report.note('differs', spot, 'request-success-rate: requests are counted as the metric source says, not by a mesh')
    return { errorRate: { max: `${Number((100 - least).toFixed(4))}%`, ...common } }
  }
  if (metric.name === 'request-duration') {
    const most = max ?? metric.threshold
    if (most === undefined || most <= 0) return noLimit(metric, spot, 'thresholdRange.max in milliseconds', context)
    report.note('differs', spot, 'request-duration: p99 is read as the metric source says, not from a mesh')
    return { latency: { quantiles: ['p99'], max: writeDuration(Math.max(1, Math.round(most))), ...common } }
  }
  report.problem(spot, {
    message: `no metric is called ${metric.name} by Flagger itself`,
    received: metric.name,
    expected: 'request-success-rate, request-duration, or a templateRef',
    fix: 'name its MetricTemplate: templateRef: { name: … }',
  })
  return null
}

function rangeOf(metric: Metric, spot: Spot, context: CanaryContext) {
  const { thresholdRange, threshold } = metric
  if (thresholdRange?.min !== undefined || thresholdRange?.max !== undefined) return thresholdRange
  if (threshold !== undefined) return { min: undefined, max: threshold }
  return noLimit(metric, spot, 'thresholdRange with min, max or both', context)
}

function noLimit({ name }: Metric, spot: Spot, expected: string, { report }: CanaryContext): null {
  report.problem(spot, { message: `the metric ${name} has no limit`, received: 'none', expected, fix: 'add its range' })
  return null
}

const VARIABLE = /\{\{-?\s*([^{}]*?)\s*-?\}\}/g

function filled(query: string, metric: Metric, spot: Spot, { canary, options, report }: CanaryContext): string {
  const spec = canary.value['spec']
  const metadata = canary.value['metadata']
  const nameIn = (key: string) => textAt(isRecord(spec) ? spec[key] : undefined, 'name')
  const target = nameIn('targetRef')
  const known: Readonly<Record<string, string | undefined>> = {
    name: canary.name ?? undefined,
    namespace: textAt(metadata, 'namespace') ?? 'default',
    target,
    service: nameIn('service') ?? target,
    ingress: nameIn('ingressRef'),
    interval: metric.interval ?? '1m',
    ...Object.fromEntries(
      Object.entries(metric.templateVariables ?? {}).map(([key, value]) => [`variables.${key}`, value]),
    ),
    ...options.args,
  }
  return query.replaceAll(VARIABLE, (whole, name: string) => {
    const value = Object.hasOwn(known, name) ? known[name] : undefined
    if (value !== undefined) return value
    report.problem(spot, {
      message: `'${whole}' has no value`,
      received: whole,
      expected: 'name, namespace, target, service, ingress, interval or a variable of the metric',
      fix: `add --arg ${/^[\w.-]+$/.test(name) ? name : 'name'}=…`,
    })
    return whole
  })
}

function textAt(value: unknown, key: string): string | undefined {
  const found = isRecord(value) ? value[key] : undefined
  return typeof found === 'string' && found !== '' ? found : undefined
}
