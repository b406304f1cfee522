import type { z } from 'zod'
import type { WindowProblem, WindowRule } from '../../calendar/window-rule.ts'
import type { Exposure } from '../../exposure.ts'
import type { FlagReach } from '../../flag-reach.ts'
import type { Problem, ProblemPath } from '../../problems.ts'
import type { BasisPoints, Milliseconds } from '../../units.ts'
import type { Action } from '../actions.ts'
import type { FinalAnswer } from '../check-form.ts'
import type { Check } from '../checks.ts'

/** What a step needs of the target's router; compared with its capabilities before a release starts. */
export interface StepNeeds {
  readonly weights: readonly BasisPoints[]
  readonly cohorts: boolean
  /** True when the router has to let in who has a try-it ticket; absent: false. */
  readonly tickets?: boolean
  /** True when the router has to send the canary copies; absent: false. */
  readonly mirror?: boolean
}

/** An analysis in the background: where it began, and what it watches. */
interface Background {
  readonly step: number
  readonly checks: readonly Check[]
}

/** The analyses of a plan that go on in the background, by name. What makes no sense is reported. */
export interface Backgrounds {
  readonly begin: (name: string, begun: Background, path: ProblemPath) => void
  /** The one that must have passed here, or null when there is none. */
  readonly end: (name: string, path: ProblemPath) => Background | null
  /** Reports those that nothing waits for. */
  readonly reportOpen: () => void
}

/** What a step kind may look at while it expands: where the release stands and what the target offers. */
export interface StepContext {
  /** Number of the step in the plan, from 1. */
  readonly step: number
  /** The step's one-line description. */
  readonly label: string
  /** Path of the step in the plan, for problems. */
  readonly path: ProblemPath
  /** Who has the new version when the step begins. */
  readonly exposure: Exposure
  /** Cohorts that may be named; null or absent: any. */
  readonly cohorts?: readonly string[] | null
  /** People of a group, or null when the target's installation has no such group. */
  readonly peopleOf: (group: string) => readonly string[] | null
  /** Turns the checks written in a step into complete ones; problems are reported under `path`. */
  readonly readChecks: (checks: Readonly<Record<string, unknown>>, path: ProblemPath) => readonly Check[]
  /** When such a check has answered; null for one that may pass at any look. */
  readonly finalAnswer: (check: Check) => FinalAnswer | null
  /** What is wrong with windows of these names; absent where nobody can say. */
  readonly windowProblem?: (rule: WindowRule) => WindowProblem | null
  /** Analyses that go on in the background from step to step; absent where a step is looked at alone. */
  readonly backgrounds?: Backgrounds
  /** Channels that people can be told in; null while the target is not known, absent where a step is looked at alone. */
  readonly channels?: readonly string[] | null
  /** Time between two looks of the guard; absent while it cannot be read. */
  readonly interval?: Milliseconds
  /** True when the plan has checks that watch every step. */
  readonly isWatched?: boolean
  /** Weights that the router can set are multiples of this; absent while the target is not known. */
  readonly weightStep?: BasisPoints
  /** True when a check of the plan says at every step what a weight may cost at most; absent where nobody knows. */
  readonly isHarmBounded?: boolean
  /** Reports a call of this name that the plan may not use like this; absent where nobody can say. */
  readonly reportCall?: (name: string, use: 'hook' | 'gate', path: ProblemPath) => void
  /** Reports what keeps this flag from being set like this here; absent where the target is not known. */
  readonly reportFlag?: (name: string, reach: FlagReach, path: ProblemPath) => void
  readonly report: (problem: Problem) => void
}

/** How one kind of step is written: see {@link defineStep}. */
interface StepDefinition<Options> {
  /** The key that names the step in a plan. */
  readonly kind: string
  /** One sentence for the docs table. */
  readonly summary: string
  /** The value behind the key. */
  readonly schema: z.ZodType<Options>
  /** One short line for people: `weight 5%`. */
  readonly describe: (options: Options) => string
  readonly needs: (options: Options) => StepNeeds
  /** The actions of the step and who has the new version after it. Reports what does not fit what came before. */
  readonly expand: (options: Options, context: StepContext) => { actions: readonly Action[]; exposure: Exposure }
  /**
   * For a value with problems of its own: reports what else can be said of the parts that can be read, and answers who has
   * the new version after the step, or null when that is unknown. Without it the step is one that exposes nothing.
   */
  readonly glimpse?: (value: unknown, context: GlimpseContext) => Exposure | null
}

/** As {@link StepContext}, for a step that cannot be described because it cannot be read. */
export type GlimpseContext = Omit<StepContext, 'label'>

/** A step whose value has problems. */
export interface UnreadStep {
  readonly issues: readonly z.core.$ZodIssue[]
  readonly glimpse: (context: GlimpseContext) => Exposure | null
}

/** A step of a plan whose options have been read. */
export interface ReadStep {
  readonly label: string
  readonly needs: StepNeeds
  readonly expand: (context: Omit<StepContext, 'label'>) => { actions: readonly Action[]; exposure: Exposure }
}

/** One kind of step, its options' type hidden, so that kinds can stand in one list. */
export interface StepKind {
  readonly kind: string
  readonly summary: string
  readonly schema: z.ZodType
  /** Reads the value behind the key; the issues' paths start at the value. */
  readonly read: (value: unknown) => { step: ReadStep } | UnreadStep
}

/**
 * One kind of step of a plan. Adding one is a file in `steps/` that exports a definition, and a line in
 * `steps/index.ts`; the workflow knows only the actions that `expand` returns.
 */
export function defineStep<Options>(definition: StepDefinition<Options>): StepKind {
  const { kind, summary, schema, describe, needs, expand, glimpse } = definition
  return {
    kind,
    summary,
    schema,
    read(value) {
      const parsed = schema.safeParse(value)
      if (!parsed.success) {
        const { issues } = parsed.error
        return { issues, glimpse: (context) => (glimpse === undefined ? context.exposure : glimpse(value, context)) }
      }
      const options = parsed.data
      const label = describe(options)
      return { step: { label, needs: needs(options), expand: (context) => expand(options, { ...context, label }) } }
    },
  }
}

/** The needs of a step that asks nothing of the router. */
export const NEEDS_NOTHING: StepNeeds = { weights: [], cohorts: false }
