import { nameText } from '../domain/plan/plan-values.ts'
import type { LocatedProblem, ProblemPath } from '../domain/problems.ts'
import { type BasisPoints, formatWeight, LONGEST_DURATION, type Milliseconds, writeDuration } from '../domain/units.ts'
import type { Spot } from './manifest.ts'
import type { ImportOptions } from './options.ts'
import type { ImportNote } from './report.ts'

/** A check as it stands in a plan, with the place that it came from. */
export interface DraftCheck {
  /** The metric's own name. */
  readonly name: string
  readonly form: Readonly<Record<string, unknown>>
  readonly spot: Spot
  /** Time between two measurements, or null for one alone. */
  readonly interval: Milliseconds | null
  /** How long it takes until it has its answer when the guard looks so often; null when it never has a last one. */
  readonly lasts: (look: Milliseconds) => Milliseconds | null
}

/** A step of the plan to be, with the place that it came from. */
export type DraftStep = { readonly spot: Spot } & (
  | { readonly kind: 'weight'; readonly weight: BasisPoints }
  | { readonly kind: 'mirror'; readonly share: BasisPoints }
  | { readonly kind: 'bake'; readonly duration: Milliseconds }
  | { readonly kind: 'ramp'; readonly through: readonly BasisPoints[]; readonly bake: Milliseconds }
  | { readonly kind: 'cohort'; readonly cohorts: readonly string[] }
  | { readonly kind: 'approve'; readonly by: string }
  | { readonly kind: 'analyse'; readonly checks: readonly DraftCheck[] }
  | { readonly kind: 'begin'; readonly name: string; readonly checks: readonly DraftCheck[] }
  | { readonly kind: 'passed'; readonly name: string }
)

/** A plan to be. */
export interface Draft {
  readonly service: string
  readonly steps: readonly DraftStep[]
  /** Those that watch from the first exposure to the end. */
  readonly checks: readonly DraftCheck[]
  /** Time between two looks, where the manifest says it. */
  readonly interval?: Milliseconds
  /** How long the old version is kept after the promotion. */
  readonly keep?: Milliseconds
}

/** The text of a plan as a value: what a person would have written. */
type PlanForm = Readonly<Record<string, unknown>>

interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A plan or parts of one, with what is to be said of them; or every reason why there is none. */
export type Imported =
  | {
      readonly ok: true
      readonly form: PlanForm
      /** False for checks alone, which belong into a plan. */
      readonly isPlan: boolean
      readonly notes: readonly ImportNote[]
      /** Where in the manifests a part of the plan comes from. */
      readonly placeOf: (path: ProblemPath) => Place | null
      /** The version that the manifest names; null when it names none or several. */
      readonly version: string | null
    }
  | { readonly ok: false; readonly problems: readonly LocatedProblem[] }

const USUAL_LOOK: Milliseconds = 10_000
const SHORTEST: Milliseconds = 1_000

/** A duration of a manifest as the plan has it: shorter for a rehearsal, and in whole seconds. */
export function paced(duration: Milliseconds, { faster }: Pick<ImportOptions, 'faster'>): Milliseconds {
  if (duration <= 0 || faster === 1) return duration
  return Math.max(SHORTEST, Math.round(duration / faster / SHORTEST) * SHORTEST)
}

/** Writes the draft as a plan, and finds for a path of it the place that it came from. */
export function planOf(draft: Draft, { environment }: ImportOptions) {
  const look = lookOf(draft)
  const names = createNames()
  const spots = new Map<string, Spot>()
  const checksOf = (checks: readonly DraftCheck[], above: string): PlanForm =>
    Object.fromEntries(
      checks.map((check) => {
        const name = names(check.name)
        spots.set(`${above}.${name}`, check.spot)
        return [name, check.form]
      }),
    )
  const own = checksOf(draft.checks, 'checks')
  const steps = draft.steps.map((step, index) => {
    spots.set(`steps.${index}`, step.spot)
    return stepOf(step, look, (checks) => checksOf(checks, `steps.${index}.analyse.checks`))
  })
  const form = {
    ...{ service: draft.service, environment },
    ...(look !== USUAL_LOOK && { interval: writeDuration(look) }),
    steps,
    ...(Object.keys(own).length > 0 && { checks: own }),
    ...(draft.keep !== undefined && { after: { keep: writeDuration(draft.keep) } }),
  }
  return { form, spotOf: (path: ProblemPath) => nearest(spots, path) }
}

/** What becomes of mirroring where nobody has said that the target's router can. */
export const NOT_MIRRORED = {
  becomes: 'requests are not mirrored',
  fix: 'add --mirror where the router of the target can send copies; else let a cohort see the new version first',
}

/** Who is copied is not for the plan to say. */
export const MIRRORS_READS = 'copies are of GET and HEAD requests of anybody on stable, until the first weight'

/** The checks of a draft alone, for a plan that somebody writes. */
export function checksForm(checks: readonly DraftCheck[]): PlanForm {
  const names = createNames()
  return { checks: Object.fromEntries(checks.map((check) => [names(check.name), check.form])) }
}

function stepOf(
  step: DraftStep,
  look: Milliseconds,
  checksOf: (checks: readonly DraftCheck[]) => PlanForm,
): Readonly<Record<string, unknown>> {
  switch (step.kind) {
    case 'weight':
      return { weight: formatWeight(step.weight) }
    case 'mirror':
      return { mirror: step.share === 0 ? 'off' : formatWeight(step.share) }
    case 'bake':
      return { bake: writeDuration(step.duration) }
    case 'ramp':
      return { ramp: { through: step.through.map(formatWeight), bake: writeDuration(step.bake) } }
    case 'cohort':
      return { cohort: step.cohorts }
    case 'approve':
      // As long as a person needs, and whoever started it may say yes, as where it comes from.
      return { approve: { by: step.by, notAuthor: false, within: writeDuration(LONGEST_DURATION), onExpiry: 'pause' } }
    case 'analyse': {
      const longest = Math.max(look, ...step.checks.map(({ lasts }) => lasts(look) ?? 0))
      const whole = Math.min(LONGEST_DURATION, Math.ceil(longest / SHORTEST) * SHORTEST)
      return { analyse: { for: writeDuration(whole), checks: checksOf(step.checks) } }
    }
    case 'begin':
      return { analyse: { start: step.name, checks: checksOf(step.checks) } }
    case 'passed':
      return { analyse: { passed: step.name } }
  }
}

/** The guard looks at least once in each stretch and between two measurements. */
function lookOf({ interval, steps, checks }: Draft): Milliseconds {
  if (interval !== undefined) return interval
  const stretches = steps.flatMap((step) => {
    if (step.kind === 'bake') return [step.duration]
    return step.kind === 'ramp' ? [step.bake] : []
  })
  const all = [...checks, ...steps.flatMap((step) => ('checks' in step ? step.checks : []))]
  const between = all.flatMap(({ interval: own }) => own ?? [])
  const least = Math.min(USUAL_LOOK, ...[...stretches, ...between].filter((time) => time > 0))
  return Math.max(SHORTEST, Math.floor(least / SHORTEST) * SHORTEST)
}

/** A name of a plan made of one of a manifest, each once: `success-rate`, `success-rate-2`. */
function createNames(): (name: string) => string {
  const taken = new Set<string>()
  return (name) => {
    const plain = planName(name) ?? 'metric'
    for (let number = 1; ; number += 1) {
      const own = number === 1 ? plain : `${plain.slice(0, 58)}-${number}`
      if (taken.has(own)) continue
      taken.add(own)
      return own
    }
  }
}

/** The name as plans write names; null when nothing is left of it. */
export function planName(name: string): string | null {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 63)
    .replace(/-$/, '')
  return nameText.safeParse(plain).success ? plain : null
}

function nearest(spots: ReadonlyMap<string, Spot>, path: ProblemPath): Spot | null {
  for (let length = path.length; length > 0; length -= 1) {
    const spot = spots.get(path.slice(0, length).join('.'))
    if (spot !== undefined) return spot
  }
  return null
}
