import { z } from 'zod'
import { issueTexts } from '../../domain/plan/plan-issues.ts'
import type { MetricRules } from './classifier.ts'

/** A Kayenta canary config, read strictly: a word Kayenta would quietly take as its default is a problem here. */
export interface CanaryConfig {
  readonly name: string
  readonly metrics: readonly CanaryMetric[]
  /** Percent by group; when every group has one they add up to 100. */
  readonly groupWeights: Readonly<Record<string, number>>
}

/** One metric of a canary config with every default filled in. */
interface CanaryMetric {
  readonly name: string
  readonly groups: readonly string[]
  readonly muted: boolean
  readonly rules: MetricRules
}

/** The config, or every problem in it as `path: sentence`. */
type ParsedCanaryConfig =
  | { readonly ok: true; readonly config: CanaryConfig }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Most metrics of one config: the points of all of them travel in the state of the check. */
const MOST_METRICS = 100

const effectSizeSchema = z.strictObject({
  measure: z.enum(['meanRatio', 'cles']).optional(),
  allowedIncrease: z.number().optional(),
  allowedDecrease: z.number().optional(),
  criticalIncrease: z.number().optional(),
  criticalDecrease: z.number().optional(),
})

const analysisSchema = z.strictObject({
  direction: z.enum(['increase', 'decrease', 'either']).optional(),
  nanStrategy: z.enum(['remove', 'replace']).optional(),
  critical: z.boolean().optional(),
  mustHaveData: z.boolean().optional(),
  muted: z.boolean().optional(),
  effectSize: effectSizeSchema.optional(),
  outliers: z
    .strictObject({ strategy: z.enum(['keep', 'remove']).optional(), outlierFactor: z.number().positive().optional() })
    .optional(),
})

const metricSchema = z.strictObject({
  name: z.string().min(1),
  // Vendor-specific, and not what is asked here: the check names its own queries.
  query: z.record(z.string(), z.unknown()),
  groups: z.array(z.string().min(1)).min(1),
  analysisConfigurations: z.strictObject({ canary: analysisSchema.optional() }).optional(),
  scopeName: z.string().min(1).optional(),
})

/** A Kayenta canary config as its users have it. */
export const canaryConfigSchema = z
  .strictObject({
    id: z.string().optional(),
    name: z.string().min(1),
    description: z.string().optional(),
    configVersion: z.union([z.string(), z.number()]).optional(),
    createdTimestamp: z.number().optional(),
    updatedTimestamp: z.number().optional(),
    createdTimestampIso: z.string().optional(),
    updatedTimestampIso: z.string().optional(),
    isNew: z.boolean().optional(),
    applications: z.array(z.string()).optional(),
    judge: z.strictObject({
      name: z.literal('NetflixACAJudge-v1.0'),
      judgeConfigurations: z.strictObject({}).optional(),
    }),
    metrics: z.array(metricSchema).min(1).max(MOST_METRICS),
    templates: z.record(z.string(), z.string()).optional(),
    classifier: z.strictObject({
      groupWeights: z.record(z.string(), z.number().min(0).max(100)).optional(),
      scoreThresholds: z.strictObject({ pass: z.number(), marginal: z.number() }).optional(),
    }),
  })
  .superRefine((config, context) => {
    for (const [path, message] of problemsBetween(config)) context.addIssue({ code: 'custom', path, message })
  })

/** Reads a canary config (already parsed JSON or YAML). Never throws. */
export function parseCanaryConfig(value: unknown): ParsedCanaryConfig {
  const parsed = canaryConfigSchema.safeParse(value)
  if (!parsed.success) {
    const said = (issue: z.core.$ZodIssue) =>
      issue.code === 'custom'
        ? [`${issue.path.join('.') || 'config'}: ${issue.message}`]
        : issueTexts([issue], value, 'config')
    return { ok: false, problems: parsed.error.issues.flatMap(said) }
  }
  const { name, metrics, classifier } = parsed.data
  return { ok: true, config: { name, metrics: metrics.map(metricOf), groupWeights: classifier.groupWeights ?? {} } }
}

type Config = {
  readonly metrics: readonly { readonly name: string; readonly groups: readonly string[] }[]
  readonly classifier: { readonly groupWeights?: Readonly<Record<string, number>> | undefined }
}

function* problemsBetween(config: Config): Generator<readonly [(string | number)[], string]> {
  const names = new Set<string>()
  for (const [index, metric] of config.metrics.entries()) {
    if (names.has(metric.name)) yield [['metrics', index, 'name'], `a second metric is called '${metric.name}'`]
    names.add(metric.name)
  }
  const weights = config.classifier.groupWeights ?? {}
  const groups = new Set(config.metrics.flatMap((metric) => metric.groups))
  for (const group of Object.keys(weights)) {
    if (!groups.has(group)) yield [['classifier', 'groupWeights', group], `no metric belongs to group '${group}'`]
  }
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  const complete = [...groups].every((group) => Object.hasOwn(weights, group))
  if (sum > 100.001 || (complete && sum < 99.999)) {
    yield [['classifier', 'groupWeights'], `the weights must add up to 100, these give ${sum}`]
  }
}

function metricOf(metric: z.infer<typeof metricSchema>): CanaryMetric {
  const analysis = metric.analysisConfigurations?.canary ?? {}
  const effect = analysis.effectSize ?? {}
  const measure = effect.measure ?? 'meanRatio'
  const neutral = measure === 'cles' ? 0.5 : 1
  return {
    name: metric.name,
    groups: [...new Set(metric.groups)],
    muted: analysis.muted ?? false,
    rules: {
      direction: analysis.direction ?? 'either',
      nanStrategy: analysis.nanStrategy ?? 'remove',
      mustHaveData: analysis.mustHaveData ?? false,
      critical: analysis.critical ?? false,
      effect: {
        measure,
        allowedIncrease: effect.allowedIncrease ?? neutral,
        allowedDecrease: effect.allowedDecrease ?? neutral,
        criticalIncrease: effect.criticalIncrease ?? neutral,
        criticalDecrease: effect.criticalDecrease ?? neutral,
      },
      outlierFactor: analysis.outliers?.strategy === 'remove' ? (analysis.outliers.outlierFactor ?? 3) : null,
    },
  }
}
