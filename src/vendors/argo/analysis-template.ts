import { z } from 'zod'
import { isRecord } from '../../domain/json.ts'
import { reportFields } from '../fields.ts'
import type { Manifest, Spot } from '../manifest.ts'
import type { ImportReport } from '../report.ts'
import { RUN_FIELDS, TEMPLATE_FIELDS } from './analysis-fields.ts'

const intOrString = z.union([z.number(), z.string()])

const metricSchema = z.object({
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

export const argSchema = z.object({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: z.record(z.string(), z.unknown()).optional(),
})

export const dryRunSchema = z.array(z.object({ metricName: z.string() })).optional()

export const templateNames = z.array(
  z.object({ templateName: z.string().min(1), clusterScope: z.boolean().optional() }),
)

const templateSchema = z.object({
  spec: z.object({
    args: z.array(argSchema).optional(),
    metrics: z.array(metricSchema).min(1).optional(),
    templates: templateNames.min(1).optional(),
    dryRun: dryRunSchema,
  }),
})

/** One metric of a template. */
export type Metric = z.infer<typeof metricSchema>
export type Argument = z.infer<typeof argSchema>

/** A template or a run, as far as its own text goes. */
export interface Template {
  readonly manifest: Manifest
  readonly args: readonly { readonly arg: Argument; readonly spot: Spot }[]
  readonly metrics: readonly { readonly metric: Metric; readonly spot: Spot }[]
  readonly dryRun: readonly { readonly rule: string; readonly spot: Spot }[]
  /** Further templates that belong to it. */
  readonly named: readonly { readonly name: string; readonly isCluster: boolean; readonly spot: Spot }[]
}

/** Reads a template or a run; null when it cannot be read, with every fault reported. */
export function readTemplate(manifest: Manifest, report: ImportReport): Template | null {
  const isRun = manifest.kind === 'AnalysisRun'
  reportFields(manifest, isRun ? RUN_FIELDS : TEMPLATE_FIELDS, report)
  const read = report.read(templateSchema, manifest.value, { manifest, path: [] })
  if (read === null) return null
  const { args = [], metrics = [], templates = [], dryRun = [] } = read.spec
  if (metrics.length === 0 && templates.length === 0) {
    report.problem(
      { manifest, path: ['spec'] },
      { message: 'this template has no metrics', expected: 'at least one', fix: 'add metrics, or remove the template' },
    )
  }
  const at = (...path: (string | number)[]): Spot => ({ manifest, path: ['spec', ...path] })
  return {
    manifest,
    args: args.map((arg, index) => ({ arg, spot: at('args', index) })),
    metrics: metrics.map((metric, index) => ({ metric, spot: at('metrics', index) })),
    dryRun: dryRun.map(({ metricName }, index) => ({ rule: metricName, spot: at('dryRun', index) })),
    named: templates.map(({ templateName, clusterScope = false }, index) => ({
      ...{ name: templateName, isCluster: clusterScope, spot: at('templates', index) },
    })),
  }
}

/** True for an object that measures something: it says so, or says nothing and has the form. */
export function isTemplate({ kind, value }: Manifest): boolean {
  if (kind === null) return isRecord(value['spec']) && 'metrics' in value['spec']
  return kind === 'AnalysisTemplate' || kind === 'ClusterAnalysisTemplate' || kind === 'AnalysisRun'
}
