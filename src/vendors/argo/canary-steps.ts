import { z } from 'zod'
import { type BasisPoints, FULL_WEIGHT, formatWeight, LONGEST_DURATION, type Milliseconds } from '../../domain/units.ts'
import { type DraftCheck, type DraftStep, MIRRORS_READS, NOT_MIRRORED, paced, planName } from '../draft.ts'
import { parseGoDuration } from '../go-values.ts'
import type { Spot } from '../manifest.ts'
import { pathText } from '../path-text.ts'
import { type AnalysisContext, analysisSchema, checksOf } from './analyses.ts'

const stepSchema = z.object({
  setWeight: z.int().min(0).optional(),
  pause: z.object({ duration: z.union([z.int(), z.string()]).optional() }).optional(),
  analysis: analysisSchema.optional(),
  setHeaderRoute: z.object({ name: z.string().min(1), match: z.array(z.unknown()).optional() }).optional(),
  setMirrorRoute: z
    .object({
      name: z.string().min(1),
      match: z.array(z.unknown()).optional(),
      percentage: z.int().min(0).max(100).optional(),
    })
    .optional(),
})

/** The kinds of steps that a Rollout may have; each step has one. */
const KINDS = [
  ...['setWeight', 'pause', 'analysis', 'setHeaderRoute', 'setMirrorRoute', 'setCanaryScale', 'experiment', 'plugin'],
  'replicaProgressThreshold',
]

/** Who has the new version so far, as the steps are gone through. */
interface Progress {
  weight: BasisPoints
  cohorts: readonly string[]
  /** Share of requests of which the new version has copies. */
  mirror: BasisPoints
}

/** The steps of a canary; `most` is what everybody is, usually 100. `begin` adds what an earlier step of the Rollout begins. */
export function canarySteps(
  steps: readonly Readonly<Record<string, unknown>>[],
  spot: Spot,
  most: number,
  context: AnalysisContext,
  begin: (step: number) => readonly DraftStep[],
): readonly DraftStep[] {
  const now: Progress = { weight: 0, cohorts: [], mirror: 0 }
  const all = steps.flatMap((value, index) => {
    const at = { ...spot, path: [...spot.path, 'steps', index] }
    return [...begin(index), ...stepsOf(value, at, most, now, context)]
  })
  if (now.weight >= FULL_WEIGHT) return all
  const end = { ...spot, path: [...spot.path, 'steps'] }
  context.report.note('added', end, 'past its last step a Rollout sends everybody to the new version: weight 100%')
  return [...all, { kind: 'weight', weight: FULL_WEIGHT, spot: end }]
}

function stepsOf(
  value: Readonly<Record<string, unknown>>,
  spot: Spot,
  most: number,
  now: Progress,
  context: AnalysisContext,
): readonly DraftStep[] {
  const kinds = Object.keys(value).filter((key) => KINDS.includes(key))
  const [kind] = kinds
  // A key that nobody knows has been complained of.
  if (kind === undefined && Object.keys(value).length > 0) return []
  if (kind === undefined || kinds.length > 1) {
    context.report.problem(spot, {
      message: kind === undefined ? 'this step does nothing' : 'a step of a Rollout has exactly one kind',
      received: kind === undefined ? 'no kind' : kinds.join(', '),
      expected: `one of ${KINDS.join(', ')}`,
      fix: kind === undefined ? 'remove it' : 'write each as a step of its own',
    })
    return []
  }
  const read = context.report.read(stepSchema, value, spot)
  if (read === null) return []
  const { setWeight, pause, analysis, setHeaderRoute, setMirrorRoute } = read
  const at = { ...spot, path: [...spot.path, kind] }
  if (setWeight !== undefined) return weightSteps(setWeight, at, most, now, context)
  if (pause !== undefined) return pauseSteps(pause.duration, at, context)
  if (analysis !== undefined) {
    const checks = checksOf(analysis, at, context)
    const isSeen = now.weight > 0 || now.cohorts.length > 0 || now.mirror > 0
    if (isSeen) return analysisSteps(checks, at, 'this step', context)
    context.report.note(
      'left-out',
      at,
      `${pathText(at.path)}: nothing is judged before anybody has the new version`,
      'let a setWeight come first, or a setHeaderRoute with --cohort; a gate: { call } asks at any time',
    )
    return []
  }
  if (setHeaderRoute !== undefined) return routeSteps(setHeaderRoute, at, now, context)
  if (setMirrorRoute !== undefined) return mirrorSteps(setMirrorRoute, at, now, context)
  // What the table of fields has told of already.
  return []
}

function weightSteps(
  set: number,
  spot: Spot,
  most: number,
  now: Progress,
  { report }: AnalysisContext,
): readonly DraftStep[] {
  const weight = (set / most) * FULL_WEIGHT
  const refuse = (message: string, expected: string, fix: string) => {
    report.problem(spot, { message, received: String(set), expected, fix })
    return []
  }
  if (weight > FULL_WEIGHT)
    return refuse('this weight is more than everybody', `at most ${most}`, `write ${most} for everybody`)
  if (!Number.isInteger(weight))
    return refuse('this weight has no form in hundredths of a percent', 'a multiple of 0.01%', 'write the next one')
  if (weight < now.weight) {
    const seen = formatWeight(now.weight)
    return refuse(
      'this weight is lower than the one before it, and a plan only ever goes forward',
      `more than ${seen}`,
      'let weights rise from step to step; only a rollback lowers them',
    )
  }
  if (weight === now.weight) {
    report.note('not-needed', spot, `${pathText(spot.path)}: ${formatWeight(weight)} is what it was before this step`)
    return []
  }
  now.weight = weight
  if (weight > 0) now.mirror = 0
  return [{ kind: 'weight', weight, spot }]
}

function pauseSteps(duration: number | string | undefined, spot: Spot, context: AnalysisContext): readonly DraftStep[] {
  const { report, options } = context
  if (duration === undefined) return approval(spot, context)
  const length = pauseLength(duration)
  if (length === null || length > LONGEST_DURATION) {
    report.problem(
      { ...spot, path: [...spot.path, 'duration'] },
      {
        message: length === null ? 'this is not a duration' : 'this pause is too long',
        received: String(duration),
        expected: length === null ? 'seconds, or a duration such as 90s or 1h30m' : 'at most 90 days',
        fix: length === null ? 'write it with its unit' : 'shorten it, or write pause: {} and let people decide',
      },
    )
    return []
  }
  if (length === 0) {
    report.note('not-needed', spot, `${pathText(spot.path)}: a pause of no length holds nothing`)
    return []
  }
  return [{ kind: 'bake', duration: paced(length, options), spot }]
}

/** Whole seconds, as Argo Rollouts counts them. */
function pauseLength(duration: number | string): Milliseconds | null {
  if (typeof duration === 'number') return duration >= 0 ? duration * 1_000 : null
  if (/^\d{1,9}$/.test(duration)) return Number(duration) * 1_000
  const length = parseGoDuration(duration)
  return length === null ? null : Math.floor(length / 1_000) * 1_000
}

/** Where the Rollout waits for somebody. */
export function approval(spot: Spot, { report, options }: AnalysisContext): readonly DraftStep[] {
  if (options.approvers !== undefined) return [{ kind: 'approve', by: options.approvers, spot }]
  report.problem(spot, {
    message: 'this waits for a person, and a plan names the group that may say yes',
    received: 'no group',
    expected: 'a group of sluice.yaml',
    fix: 'add --approvers with the name of the group',
  })
  return []
}

/** An analysis that the release waits for; null metrics of it are told of where they stand. */
export function analysisSteps(
  checks: readonly DraftCheck[],
  spot: Spot,
  what: string,
  { report }: AnalysisContext,
): readonly DraftStep[] {
  if (checks.length === 0) {
    report.note(
      'left-out',
      spot,
      `${pathText(spot.path)}: no metric of ${what} can be asked here, so nothing stands in its place`,
    )
    return []
  }
  for (const check of checks) {
    if (check.lasts(1_000) !== null) continue
    report.problem(check.spot, {
      message: `${check.name} never ends, and the release would wait for it without end`,
      received: 'an interval without a count',
      expected: 'a count, as Argo Rollouts demands of an analysis that is waited for',
      fix: 'add a count, or watch it in the background: canary.analysis',
    })
  }
  return [{ kind: 'analyse', checks, spot }]
}

function routeSteps(
  { name, match = [] }: { readonly name: string; readonly match?: readonly unknown[] | undefined },
  spot: Spot,
  now: Progress,
  { report, options }: AnalysisContext,
): readonly DraftStep[] {
  const cohort = Object.hasOwn(options.cohorts, name) ? options.cohorts[name] : undefined
  const path = pathText(spot.path)
  if (cohort === undefined) {
    if (match.length > 0)
      report.note(
        'left-out',
        spot,
        `${path}: the users of the route ${name} do not get the new version first`,
        `define such a cohort for the target, and add --cohort ${name}=${planName(name) ?? 'internal'}`,
      )
    return []
  }
  if (match.length === 0) {
    if (now.cohorts.includes(cohort))
      report.note('differs', spot, `${path}: the cohort ${cohort} keeps the new version until everybody has it`)
    return []
  }
  if (now.cohorts.includes(cohort)) return []
  report.note(
    'differs',
    spot,
    `${path}: who is in the cohort ${cohort} is for sluice.yaml and the router to say, not for the plan`,
  )
  now.cohorts = [...now.cohorts, cohort]
  return [{ kind: 'cohort', cohorts: now.cohorts, spot }]
}

/** Copies for the new version; a route without a match is taken away. */
function mirrorSteps(
  {
    match = [],
    percentage = 100,
  }: { readonly match?: readonly unknown[] | undefined; readonly percentage?: number | undefined },
  spot: Spot,
  now: Progress,
  { report, options }: AnalysisContext,
): readonly DraftStep[] {
  const path = pathText(spot.path)
  const share = match.length === 0 ? 0 : percentage * 100
  if (share === now.mirror) {
    report.note('not-needed', spot, `${path}: there are no other copies than before this step`)
    return []
  }
  if (options.mirror !== true || now.weight > 0) {
    const { becomes, fix } = NOT_MIRRORED
    const first = 'let it come before the first setWeight: copies end once somebody has the new version'
    report.note('left-out', spot, `${path}: ${becomes}`, now.weight > 0 ? first : fix)
    return []
  }
  if (share > 0) report.note('differs', spot, `${path}: ${MIRRORS_READS}; its match is not asked`)
  now.mirror = share
  return [{ kind: 'mirror', share, spot }]
}
