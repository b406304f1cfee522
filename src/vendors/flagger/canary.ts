import { z } from 'zod'
import { isRecord } from '../../domain/json.ts'
import { FULL_WEIGHT, LONGEST_DURATION, type Milliseconds } from '../../domain/units.ts'
import { type Draft, type DraftStep, MIRRORS_READS, NOT_MIRRORED, paced, planName } from '../draft.ts'
import { reportFields } from '../fields.ts'
import { parseGoDuration } from '../go-values.ts'
import type { Manifest, Spot } from '../manifest.ts'
import type { ImportOptions } from '../options.ts'
import type { ImportReport } from '../report.ts'
import { CANARY_FIELDS } from './canary-fields.ts'
import { checkOf, metricSchema } from './metric-check.ts'
import type { MetricTemplates } from './metric-template.ts'

const percent = z.number().min(0).max(100)
const webhookSchema = z.object({ name: z.string().min(1), type: z.string().optional() })

const analysisSchema = z.object({
  interval: z.string().optional(),
  threshold: z.int().min(0).optional(),
  maxWeight: percent.optional(),
  stepWeight: percent.optional(),
  stepWeights: z.array(percent).min(1).optional(),
  iterations: z.int().min(0).optional(),
  match: z.array(z.unknown()).optional(),
  mirror: z.boolean().optional(),
  mirrorWeight: percent.optional(),
  metrics: z.array(metricSchema).optional(),
  webhooks: z.array(webhookSchema).optional(),
})

type Analysis = z.infer<typeof analysisSchema>

interface Conversion {
  readonly canary: Manifest
  readonly templates: MetricTemplates
  readonly options: ImportOptions
  readonly report: ImportReport
}

const MINUTE: Milliseconds = 60_000
/** Flagger looks no more often. */
const SHORTEST: Milliseconds = 10_000
/** A ramp of a plan has no more weights. */
const MOST_WEIGHTS = 100

/** A Canary as a plan to be; null when there is nothing to follow. What is wrong is reported. */
export function draftOfCanary(conversion: Conversion): Draft | null {
  const { canary, options, report } = conversion
  reportFields(canary, CANARY_FIELDS, report)
  const spec = canary.value['spec']
  const key =
    isRecord(spec) && spec['analysis'] === undefined && spec['canaryAnalysis'] !== undefined
      ? 'canaryAnalysis'
      : 'analysis'
  const spot: Spot = { manifest: canary, path: ['spec', key] }
  const value = isRecord(spec) ? spec[key] : undefined
  if (value === undefined || (isRecord(spec) && spec['skipAnalysis'] === true)) {
    report.problem(
      { manifest: canary, path: value === undefined ? ['spec'] : ['spec', 'skipAnalysis'] },
      {
        message: 'nothing watches this release, so there is nothing to carry over',
        received: value === undefined ? 'no analysis' : 'skipAnalysis: true',
        expected: 'spec.analysis',
        fix: value === undefined ? 'add spec.analysis' : 'remove skipAnalysis, or write a plan with weight: 100% alone',
      },
    )
    return null
  }
  const analysis = report.read(analysisSchema, value, spot)
  const service = serviceOf(conversion)
  if (analysis === null || service === null) return null
  const interval = intervalOf(analysis, spot, conversion)
  const steps = stepsOf(analysis, interval, spot, conversion)
  const looks = steps.reduce((sum, step) => sum + looksIn(step, interval), 0)
  const context = { ...conversion, interval, threshold: Math.max(1, analysis.threshold ?? 1), looks }
  const checks = (analysis.metrics ?? []).flatMap((metric, index) => {
    return checkOf(metric, { ...spot, path: [...spot.path, 'metrics', index] }, context) ?? []
  })
  if (options.faster > 1 && interval < SHORTEST) return { service, steps, checks, interval }
  return { service, steps, checks, interval: Math.min(interval, 3_600_000) }
}

function serviceOf({ canary, options, report }: Conversion): string | null {
  const service = options.service ?? planName(canary.name ?? '')
  if (service === null)
    report.problem(
      { manifest: canary, path: ['metadata'] },
      {
        message: 'this Canary has no name that a service can have',
        received: canary.name ?? 'none',
        expected: 'lower-case letters, digits and dashes, at most 63',
        fix: 'add --service with the name of the service in sluice.yaml',
      },
    )
  return service
}

function intervalOf({ interval }: Analysis, spot: Spot, { report, options }: Conversion): Milliseconds {
  const read = interval === undefined ? MINUTE : parseGoDuration(interval)
  const at = { ...spot, path: [...spot.path, 'interval'] }
  if (read === null || read > LONGEST_DURATION)
    report.problem(at, {
      message: 'this is not a duration that a release can wait',
      received: interval ?? '',
      expected: 'a duration such as 30s or 1m',
      fix: 'write it with its unit',
    })
  if (read !== null && read < SHORTEST)
    report.note('differs', at, 'interval: Flagger looks every 10s at the most often, and so does this plan')
  return paced(Math.max(SHORTEST, read ?? MINUTE), options)
}

function stepsOf(analysis: Analysis, interval: Milliseconds, spot: Spot, conversion: Conversion): readonly DraftStep[] {
  const hooks = hooksOf(analysis, spot, conversion)
  return [
    ...hooks('confirm-rollout'),
    ...exposures(analysis, interval, spot, conversion),
    ...hooks('confirm-promotion'),
    { kind: 'weight', weight: FULL_WEIGHT, spot },
  ]
}

/** Weight by weight, or a cohort for so many looks. */
function exposures(
  { iterations = 0, match = [], ...analysis }: Analysis,
  interval: Milliseconds,
  spot: Spot,
  { report, options }: Conversion,
): readonly DraftStep[] {
  const at = (key: string) => ({ ...spot, path: [...spot.path, key] })
  const copies = copiesOf(analysis, at('mirror'), { report, options })
  if (iterations === 0) {
    const first = copies.map((step) => [step, { kind: 'bake', duration: interval, spot: step.spot }] as const)
    return [...first.flat(), ...rampOf(analysis, interval, spot, report)]
  }
  const duration = Math.min(LONGEST_DURATION, iterations * interval)
  const looks = { kind: 'bake', duration, spot: at('iterations') } as const
  if (copies.length > 0 && match.length === 0) return [...copies, looks]
  const cohort = match.length > 0 ? options.cohorts['match'] : options.preview
  if (cohort === undefined) {
    const isMatch = match.length > 0
    report.problem(at(isMatch ? 'match' : 'iterations'), {
      message: isMatch
        ? 'these users get the new version first, and a plan names them as a cohort'
        : 'the new version is looked at before anybody has it, and here nothing is judged without users',
      received: isMatch ? 'no cohort' : `${iterations} iterations`,
      expected: 'a cohort of the target',
      fix: isMatch
        ? 'add --cohort match= with the name of the cohort'
        : 'add --preview with the cohort that is to see it first, or mirror: true with --mirror',
    })
    return []
  }
  return [...copies, { kind: 'cohort', cohorts: [cohort], spot: at(match.length > 0 ? 'match' : 'iterations') }, looks]
}

/** The step that begins to send copies, or none. */
function copiesOf(
  { mirror = false, mirrorWeight = 100 }: Analysis,
  spot: Spot,
  { report, options }: Pick<Conversion, 'report' | 'options'>,
): readonly DraftStep[] {
  if (!mirror || mirrorWeight === 0) return []
  if (options.mirror !== true) {
    report.note('left-out', spot, `mirror: ${NOT_MIRRORED.becomes}`, NOT_MIRRORED.fix)
    return []
  }
  report.note('differs', spot, `mirror: ${MIRRORS_READS}`)
  return [{ kind: 'mirror', share: Math.round(mirrorWeight * 100), spot }]
}

function rampOf(
  { stepWeight = 0, stepWeights, maxWeight = 100 }: Analysis,
  interval: Milliseconds,
  spot: Spot,
  report: ImportReport,
): readonly DraftStep[] {
  const at = { ...spot, path: [...spot.path, stepWeights === undefined ? 'stepWeight' : 'stepWeights'] }
  if (stepWeights === undefined && stepWeight <= 0) {
    report.problem(spot, {
      message: 'this analysis has no steps',
      received: 'neither stepWeight nor stepWeights nor iterations',
      expected: 'one of them',
      fix: 'write stepWeight and maxWeight, such as 10 and 50',
    })
    return []
  }
  const count = stepWeight > 0 ? Math.ceil(maxWeight / stepWeight) : 0
  const written =
    stepWeights ??
    Array.from({ length: Math.min(count, 200) }, (_, index) => Math.min(maxWeight, (index + 1) * stepWeight))
  const weights = written.map((weight) => Math.round(Math.min(weight, 100) * 100))
  const isRising = weights.every((weight, index) => weight > (weights[index - 1] ?? 0))
  if (!isRising || count > MOST_WEIGHTS || weights.length > MOST_WEIGHTS) {
    report.problem(at, {
      message: isRising ? 'these are too many weights for a plan' : 'these weights do not rise from step to step',
      received: stepWeights === undefined ? String(stepWeight) : stepWeights.slice(0, 10).join(', '),
      expected: isRising ? `at most ${MOST_WEIGHTS}` : 'weights above 0 that rise',
      fix: isRising ? 'take larger steps' : 'let weights rise; only a rollback lowers them',
    })
    return []
  }
  const below = weights.filter((weight) => weight < FULL_WEIGHT)
  return below.length === 0 ? [] : [{ kind: 'ramp', through: below, bake: interval, spot: at }]
}

function looksIn(step: DraftStep, interval: Milliseconds): number {
  if (step.kind === 'ramp') return step.through.length
  return step.kind === 'bake' ? Math.ceil(step.duration / interval) : 0
}

/** Who is asked before it begins or ends; every other hook is told of. */
function hooksOf({ webhooks = [] }: Analysis, spot: Spot, { report, options }: Conversion) {
  const { approvers } = options
  const steps = webhooks.flatMap(({ name, type = 'rollout' }, index): { type: string; step: DraftStep }[] => {
    const at = { ...spot, path: [...spot.path, 'webhooks', index] }
    if (type === 'event') report.note('differs', at, `the hook ${name}: events are told in Slack and by the API`)
    else if (approvers !== undefined && (type === 'confirm-rollout' || type === 'confirm-promotion')) {
      report.note('differs', at, `the hook ${name}: no address is asked, people of ${approvers} say yes`)
      return [{ type, step: { kind: 'approve', by: approvers, spot: at } }]
    } else {
      const asksPeople = type.startsWith('confirm-')
      report.note(
        'left-out',
        at,
        `the hook ${name} (${type}): a plan calls no address`,
        asksPeople
          ? 'add --approvers with a group, or write a gate: { call } in its place'
          : 'write a hook: { call } in its place, with a call of sluice.yaml',
      )
    }
    return []
  })
  return (type: string): readonly DraftStep[] => steps.filter((one) => one.type === type).map(({ step }) => step)
}
