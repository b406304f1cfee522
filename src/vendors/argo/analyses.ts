import { z } from 'zod'
import { dryRunMetrics } from '../../analysis/argo/run-phase.ts'
import type { DraftCheck } from '../draft.ts'
import type { Manifest, Spot } from '../manifest.ts'
import type { ImportOptions } from '../options.ts'
import { pathText } from '../path-text.ts'
import type { ImportReport } from '../report.ts'
import {
  type Argument,
  argSchema,
  dryRunSchema,
  readTemplate,
  type Template,
  templateNames,
} from './analysis-template.ts'
import { fieldAt, keysOf } from './field-path.ts'
import { type Args, checkOf, PLACEHOLDER, whyForeign } from './metric-check.ts'

/** What a Rollout says of an analysis, wherever it does. */
export const analysisSchema = z.object({
  templates: templateNames.min(1),
  args: z.array(argSchema).optional(),
  dryRun: dryRunSchema,
})

type AnalysisBlock = z.infer<typeof analysisSchema>

/** The templates of all files, each read once. */
interface Templates {
  readonly named: (name: string, isCluster: boolean, spot: Spot) => Template | null
  readonly all: () => readonly Template[]
  /** Those that nothing has asked for. */
  readonly unused: () => readonly Template[]
}

export function createTemplates(manifests: readonly Manifest[], report: ImportReport): Templates {
  const read = manifests.flatMap((manifest) => readTemplate(manifest, report) ?? [])
  const used = new Set<Template>()
  const scope = (isCluster: boolean) => (isCluster ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate')
  return {
    all: () => read,
    unused: () => read.filter((template) => !used.has(template)),
    named(name, isCluster, spot) {
      const fitting = read.filter(({ manifest }) => manifest.name === name && manifest.kind === scope(isCluster))
      const [first, second] = fitting
      for (const template of fitting) used.add(template)
      if (second !== undefined) {
        report.problem(
          { manifest: second.manifest, path: ['metadata', 'name'] },
          {
            message: `two templates are called ${name}`,
            received: name,
            expected: `one ${scope(isCluster)} of this name`,
            fix: 'remove one of them, or leave its file out',
          },
        )
      }
      if (first !== undefined) return first
      // One that cannot be read has been complained of.
      if (manifests.some((one) => one.name === name && one.kind === scope(isCluster))) return null
      const other = read.find(({ manifest }) => manifest.name === name && manifest.kind === scope(!isCluster))
      report.problem(spot, {
        message: `there is no ${scope(isCluster)} ${name} in these files`,
        received: name,
        expected: `a file that holds the ${scope(isCluster)} ${name}`,
        fix:
          other === undefined
            ? 'give its file as well'
            : `there is one as ${scope(!isCluster)}: ${isCluster ? 'remove clusterScope' : 'write clusterScope: true'}`,
      })
      return null
    },
  }
}

/** What an analysis is converted with. */
export interface AnalysisContext {
  readonly templates: Templates
  /** The Rollout that asks for it; null for templates alone. */
  readonly rollout: Manifest | null
  readonly options: ImportOptions
  readonly report: ImportReport
}

/** The checks of an analysis of a Rollout; what cannot be asked here is left out with a word. */
export function checksOf(block: AnalysisBlock, spot: Spot, context: AnalysisContext): readonly DraftCheck[] {
  const found = block.templates.flatMap(({ templateName, clusterScope = false }, index) => {
    const at = { ...spot, path: [...spot.path, 'templates', index, 'templateName'] }
    return templateTree(templateName, clusterScope, at, context)
  })
  const given = (block.args ?? []).map((arg, index) => ({
    arg,
    spot: { ...spot, path: [...spot.path, 'args', index] },
  }))
  const dryRun = (block.dryRun ?? []).map(({ metricName }, index) => ({
    ...{ rule: metricName, spot: { ...spot, path: [...spot.path, 'dryRun', index] } },
  }))
  return merged([...new Set(found)], given, dryRun, context)
}

/** The checks of one template or run by itself. */
export function checksOfTemplate(template: Template, context: AnalysisContext): readonly DraftCheck[] {
  const further = template.named.flatMap(({ name, isCluster, spot }) => templateTree(name, isCluster, spot, context))
  return merged([...new Set([template, ...further])], [], [], context)
}

/** A template with those that it names, each once, however they name each other. */
function templateTree(
  name: string,
  isCluster: boolean,
  spot: Spot,
  { templates }: AnalysisContext,
): readonly Template[] {
  const found = new Set<Template>()
  const open = [{ name, isCluster, spot }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const template = templates.named(next.name, next.isCluster, next.spot)
    if (template === null || found.has(template)) continue
    found.add(template)
    open.push(...template.named)
  }
  return [...found]
}

interface PlacedArgument {
  readonly arg: Argument
  readonly spot: Spot
}

interface PlacedRule {
  readonly rule: string
  readonly spot: Spot
}

/** Several templates are one run: their metrics together, their arguments by name. */
function merged(
  templates: readonly Template[],
  given: readonly PlacedArgument[],
  ownDryRun: readonly PlacedRule[],
  context: AnalysisContext,
): readonly DraftCheck[] {
  const { report, options } = context
  const metrics = templates.flatMap((template) => template.metrics)
  reportTwice(metrics, report)
  const stable = new Set<string>()
  const values = argumentValues(templates, given, stable, context)
  const isNamed = (metric: unknown, arg: string) => argsIn(metric).has(arg)
  const kept = metrics.flatMap(({ metric, spot }) => {
    const compared = [...stable].find((arg) => isNamed(metric, arg))
    const foreign = whyForeign(metric) ?? (compared === undefined ? null : STABLE_TEXT)
    if (foreign === null) return [{ metric, spot }]
    const at = { ...spot, path: [...spot.path, 'provider'] }
    const fix =
      compared === undefined ? WAYS_OUT : 'write a check that compares, such as errorRate: { notWorseThan: 1.5x }'
    report.note('left-out', at, `${metric.name}: ${foreign}`, fix)
    return []
  })
  const args = neededValues(templates, values, kept, stable, context)
  const dry = dryNames(metrics, [...templates.flatMap(({ dryRun }) => dryRun), ...ownDryRun], report)
  return kept.map(({ metric, spot }) => checkOf({ metric, spot, args, isDry: dry.has(metric.name), options, report }))
}

const STABLE_TEXT = 'it compares with stable by the hash of its pods, which has no counterpart here'
const WAYS_OUT = 'ask Prometheus for the same, or have it asked by a gate: { call: … } of the plan'

function reportTwice(metrics: Template['metrics'], report: ImportReport): void {
  const names = new Set<string>()
  for (const { metric, spot } of metrics) {
    if (names.has(metric.name))
      report.problem(
        { ...spot, path: [...spot.path, 'name'] },
        {
          message: `a second metric of this analysis is called '${metric.name}'`,
          received: metric.name,
          expected: 'each name once, as Argo Rollouts demands',
          fix: 'rename one of them',
        },
      )
    names.add(metric.name)
  }
}

function argsIn(value: unknown): ReadonlySet<string> {
  const inner = [...(JSON.stringify(value) ?? '').matchAll(PLACEHOLDER)].map(([, text = '']) => text.trim())
  return new Set(inner.flatMap((text) => (text.startsWith('args.') ? [text.slice('args.'.length)] : [])))
}

/** Values by name: `--arg` before the Rollout's before the template's own. Those for stable's pods are added to `stable`. */
function argumentValues(
  templates: readonly Template[],
  given: readonly PlacedArgument[],
  stable: Set<string>,
  { rollout, options, report }: AnalysisContext,
): Args {
  const values = new Map<string, string>()
  const declared = new Map<string, string | undefined>()
  for (const { arg, spot } of templates.flatMap(({ args }) => args)) {
    const before = declared.get(arg.name)
    if (before !== undefined && arg.value !== undefined && before !== arg.value)
      report.problem(spot, {
        message: `the argument '${arg.name}' has two values, ${before} and ${arg.value}`,
        received: arg.value,
        expected: 'one value in all templates of an analysis, as Argo Rollouts demands',
        fix: 'give it in the Rollout, or rename one of them',
      })
    declared.set(arg.name, arg.value ?? before)
    if (arg.value !== undefined) values.set(arg.name, arg.value)
    if (arg.valueFrom?.['podTemplateHashValue'] === 'Stable') stable.add(arg.name)
  }
  for (const { arg, spot } of given) {
    if (!declared.has(arg.name)) {
      report.note(
        'not-needed',
        spot,
        `${pathText(spot.path)}: no template of this analysis has an argument '${arg.name}'`,
      )
      continue
    }
    const value = valueOf(arg, spot, rollout, stable, report)
    if (value !== null) values.set(arg.name, value)
  }
  for (const [name, value] of Object.entries(options.args)) if (declared.has(name)) values.set(name, value)
  return values
}

function valueOf(
  { name, value, valueFrom }: Argument,
  spot: Spot,
  rollout: Manifest | null,
  stable: Set<string>,
  report: ImportReport,
): string | null {
  if (value !== undefined || valueFrom === undefined) return value ?? null
  const hash = valueFrom['podTemplateHashValue']
  if (hash === 'Stable') stable.add(name)
  if (hash === 'Latest') {
    report.note(
      'differs',
      spot,
      `the argument '${name}' is the hash of the new pods; here it is $pool, the canary's pool`,
    )
    return '$pool'
  }
  if (hash !== undefined) return null
  const ref = valueFrom['fieldRef']
  const path = typeof ref === 'object' && ref !== null && 'fieldPath' in ref ? ref.fieldPath : undefined
  const keys = typeof path === 'string' ? keysOf(path) : null
  const found = keys === null || rollout === null ? null : fieldAt(rollout.value, keys)
  if (found !== null) return found
  report.problem(spot, {
    message: `the value of '${name}' cannot be found: ${typeof path === 'string' ? `this Rollout has no ${path}` : 'its valueFrom is none that Argo Rollouts has'}`,
    ...(typeof path === 'string' && { received: path }),
    expected: 'podTemplateHashValue, or the path of a field that stands in this file',
    fix: `give it a value, or --arg ${name}=…`,
  })
  return null
}

/** The values, with a problem for each argument that some metric needs and that has none. */
function neededValues(
  templates: readonly Template[],
  values: Args,
  kept: Template['metrics'],
  stable: ReadonlySet<string>,
  { report }: AnalysisContext,
): Args {
  const all = templates.flatMap(({ metrics }) => metrics)
  const lost = all.filter(({ metric }) => !kept.some((one) => one.metric === metric))
  const isIn = (metrics: Template['metrics'], name: string) => metrics.some(({ metric }) => argsIn(metric).has(name))
  for (const { arg, spot } of templates.flatMap(({ args }) => args)) {
    const isNeeded = isIn(kept, arg.name) || !(isIn(lost, arg.name) || stable.has(arg.name))
    if (values.has(arg.name) || !isNeeded) continue
    report.problem(spot, {
      message: `the argument '${arg.name}' has no value`,
      expected: 'a value in the Rollout, in the template or by --arg',
      fix: fixFor(arg),
    })
  }
  return values
}

function fixFor({ name, valueFrom }: Argument): string {
  if (valueFrom?.['podTemplateHashValue'] === 'Latest')
    return `it is the hash of the canary's pods: --arg ${name}='$pool' puts the name of the canary's pool there`
  if (valueFrom?.['secretKeyRef'] !== undefined)
    return `a secret belongs to the metric source in sluice.yaml; for anything else --arg ${name}=…`
  return `add --arg ${name}=…`
}

function dryNames(
  metrics: Template['metrics'],
  rules: readonly PlacedRule[],
  report: ImportReport,
): ReadonlySet<string> {
  const [first] = rules
  const dry = dryRunMetrics(
    metrics.map(({ metric }) => metric.name),
    rules.map(({ rule }) => rule),
  )
  if (dry.ok) return dry.names
  if (first !== undefined)
    report.problem(first.spot, {
      message: dry.problem,
      expected: 'regular expressions that match a metric each; Argo Rollouts ends such a run in Error',
      fix: 'write rules that match: .* stands for every metric',
    })
  return new Set()
}
