import { z } from 'zod'
import { isRecord } from '../../domain/json.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { type Draft, type DraftStep, paced, planName } from '../draft.ts'
import { reportFields } from '../fields.ts'
import type { Manifest, Spot } from '../manifest.ts'
import { type AnalysisContext, analysisSchema, checksOf } from './analyses.ts'
import { analysisSteps, approval, canarySteps } from './canary-steps.ts'
import { ROLLOUT_FIELDS } from './rollout-fields.ts'

const seconds = z.int().min(0).max(2_147_483_647)

const canarySchema = z.object({
  steps: z.array(z.record(z.string(), z.unknown())).optional(),
  analysis: analysisSchema.extend({ startingStep: z.int().min(0).optional() }).optional(),
  trafficRouting: z.object({ maxTrafficWeight: z.int().min(1).optional() }).optional(),
  scaleDownDelaySeconds: seconds.optional(),
})

const blueGreenSchema = z.object({
  previewService: z.string().optional(),
  autoPromotionEnabled: z.boolean().optional(),
  autoPromotionSeconds: seconds.optional(),
  scaleDownDelaySeconds: seconds.optional(),
  prePromotionAnalysis: analysisSchema.optional(),
  postPromotionAnalysis: analysisSchema.optional(),
})

type Canary = z.infer<typeof canarySchema>
type BlueGreen = z.infer<typeof blueGreenSchema>

/** A Rollout as a plan to be; null when there is no strategy to follow. What is wrong is reported. */
export function draftOfRollout(rollout: Manifest, context: AnalysisContext): Draft | null {
  const { report, options } = context
  reportFields(rollout, ROLLOUT_FIELDS, report)
  const service = options.service ?? planName(rollout.name ?? '')
  if (service === null) reportNameless(rollout, context)
  const spec = rollout.value['spec']
  const strategy = isRecord(spec) ? spec['strategy'] : undefined
  const { canary, blueGreen } = isRecord(strategy) ? strategy : {}
  const isBoth = canary !== undefined && blueGreen !== undefined
  if (isBoth || (!isRecord(canary) && !isRecord(blueGreen))) {
    const path = strategy === undefined ? ['spec'] : ['spec', 'strategy']
    report.problem(
      { manifest: rollout, path },
      {
        message: isBoth ? 'this Rollout has two strategies' : 'this Rollout has no strategy, so there are no steps',
        received: isBoth ? 'canary and blueGreen' : 'none',
        expected: 'spec.strategy with either canary or blueGreen',
        fix: isBoth ? 'remove one of them' : 'write spec.strategy.canary.steps, or spec.strategy.blueGreen',
      },
    )
    return null
  }
  const draft = isRecord(canary)
    ? draftOfCanary(canary, rollout, context)
    : draftOfBlueGreen(blueGreen, rollout, context)
  return draft === null || service === null ? null : { ...draft, service }
}

type Parts = Omit<Draft, 'service'>

function draftOfCanary(value: unknown, rollout: Manifest, context: AnalysisContext): Parts | null {
  const spot: Spot = { manifest: rollout, path: ['spec', 'strategy', 'canary'] }
  const read = context.report.read(canarySchema, value, spot)
  if (read === null) return null
  const { steps = [], trafficRouting, scaleDownDelaySeconds } = read
  if (steps.length === 0) {
    context.report.problem(spot, {
      message: 'a canary without steps replaces pods and moves no traffic, so nothing of it can be carried over',
      received: 'no steps',
      expected: 'at least one step',
      fix: 'write steps such as setWeight and pause, or blueGreen for one change of everybody',
    })
    return null
  }
  const background = backgroundOf(read, spot, steps.length, context)
  const most = trafficRouting?.maxTrafficWeight ?? 100
  return {
    steps: [...canarySteps(steps, spot, most, context, background.begin), ...background.end],
    checks: [],
    ...keepOf(scaleDownDelaySeconds, spot, context),
  }
}

interface Background {
  readonly begin: (step: number) => readonly DraftStep[]
  readonly end: readonly DraftStep[]
}

const BACKGROUND = 'background'

/** The analysis that goes on beside the steps. */
function backgroundOf({ analysis }: Canary, canary: Spot, steps: number, context: AnalysisContext): Background {
  const nothing: Background = { begin: () => [], end: [] }
  if (analysis === undefined) return nothing
  const spot = { ...canary, path: [...canary.path, 'analysis'] }
  const checks = checksOf(analysis, spot, context)
  const from = analysis.startingStep ?? 0
  if (checks.length === 0) {
    context.report.note('left-out', spot, 'no metric of the analysis in the background can be asked here')
    return nothing
  }
  if (from >= steps) {
    context.report.problem(
      { ...spot, path: [...spot.path, 'startingStep'] },
      {
        message: 'this analysis would begin after the last step',
        received: String(from),
        expected: `a step from 0 to ${steps - 1}`,
        fix: 'let it begin at one of the steps',
      },
    )
    return nothing
  }
  for (const check of checks)
    if (check.lasts(1_000) !== null && check.form['onFail'] !== 'warn')
      context.report.note(
        'differs',
        check.spot,
        `${check.name}: in the background, the release waits at its end until all of it is measured; Argo Rollouts would not`,
      )
  return {
    begin: (step) => (step === from ? [{ kind: 'begin', name: BACKGROUND, checks, spot }] : []),
    end: [{ kind: 'passed', name: BACKGROUND, spot }],
  }
}

function draftOfBlueGreen(value: unknown, rollout: Manifest, context: AnalysisContext): Parts | null {
  const spot: Spot = { manifest: rollout, path: ['spec', 'strategy', 'blueGreen'] }
  const read = context.report.read(blueGreenSchema, value, spot)
  if (read === null) return null
  const { postPromotionAnalysis, scaleDownDelaySeconds } = read
  const at = (key: string) => ({ ...spot, path: [...spot.path, key] })
  const post = at('postPromotionAnalysis')
  return {
    steps: [
      ...beforeTheChange(read, spot, context),
      { kind: 'weight', weight: FULL_WEIGHT, spot },
      ...(postPromotionAnalysis === undefined
        ? []
        : analysisSteps(checksOf(postPromotionAnalysis, post, context), post, 'this analysis', context)),
    ],
    checks: [],
    ...keepOf(scaleDownDelaySeconds, spot, context),
  }
}

/** What happens while everybody still has the old version. */
function beforeTheChange(blueGreen: BlueGreen, spot: Spot, context: AnalysisContext): readonly DraftStep[] {
  const { previewService, prePromotionAnalysis, autoPromotionEnabled = true, autoPromotionSeconds = 0 } = blueGreen
  const { preview } = context.options
  const at = (key: string) => ({ ...spot, path: [...spot.path, key] })
  const [pre, service] = [at('prePromotionAnalysis'), at('previewService')]
  const steps: DraftStep[] = []
  if (preview !== undefined)
    steps.push({ kind: 'cohort', cohorts: [preview], spot: previewService === undefined ? spot : service })
  else if (previewService !== undefined)
    context.report.note(
      'left-out',
      service,
      `previewService: nobody sees the new version before everybody does`,
      'add --preview with the cohort that is to see it first',
    )
  if (prePromotionAnalysis !== undefined) {
    const checks = checksOf(prePromotionAnalysis, pre, context)
    if (preview !== undefined) steps.push(...analysisSteps(checks, pre, 'this analysis', context))
    else
      context.report.note(
        'left-out',
        pre,
        'prePromotionAnalysis: nothing is judged before anybody has the new version',
        'add --preview with the cohort that is to see it first',
      )
  }
  if (!autoPromotionEnabled) return [...steps, ...approval(at('autoPromotionEnabled'), context)]
  const waits = at('autoPromotionSeconds')
  if (autoPromotionSeconds > 0)
    steps.push({ kind: 'bake', duration: paced(autoPromotionSeconds * 1_000, context.options), spot: waits })
  return steps
}

const [MINUTE, LONGEST_KEEP] = [60_000, 90 * 86_400_000]

/** How long the old version is there to go back to. */
function keepOf(delay: number | undefined, above: Spot, { report, options }: AnalysisContext): Pick<Draft, 'keep'> {
  if (delay === undefined) return {}
  const spot = { ...above, path: [...above.path, 'scaleDownDelaySeconds'] }
  const keep = Math.min(LONGEST_KEEP, paced(delay * 1_000, options))
  if (keep < MINUTE) {
    report.note(
      'not-needed',
      spot,
      'scaleDownDelaySeconds: under a minute nobody goes back by hand; Sluice stops no pods',
    )
    return {}
  }
  report.note(
    'differs',
    spot,
    'scaleDownDelaySeconds: whoever runs the old pods has to keep them so long; Sluice stops none',
  )
  return { keep }
}

function reportNameless(rollout: Manifest, { report }: AnalysisContext): void {
  report.problem(
    { manifest: rollout, path: rollout.name === null ? ['metadata'] : ['metadata', 'name'] },
    {
      message: 'this Rollout has no name that a service can have',
      received: rollout.name ?? 'none',
      expected: 'lower-case letters, digits and dashes, at most 63',
      fix: 'add --service with the name of the service in sluice.yaml',
    },
  )
}

/** The version that a Rollout deploys: the tag of its only image; null where there is no such thing. */
export function versionOf(rollout: Manifest): string | null {
  const images = [...JSON.stringify(rollout.value['spec'] ?? {}).matchAll(/"image":"([^"\\]{1,400})"/g)]
  const [only] = images.map(([, image = '']) => /:([\w][\w.-]{0,127})$/.exec(image.split('@')[0] ?? '')?.[1] ?? null)
  return images.length === 1 && only !== undefined && only !== 'latest' ? only : null
}
