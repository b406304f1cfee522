import type { z } from 'zod'
import { isRecord } from '../json.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import type { Milliseconds } from '../units.ts'
import type { Check } from './checks.ts'
import { type Parts, partsOf, wholeParts } from './plan-parts.ts'

/** What a check kind may look at while it is read. */
export interface CheckContext {
  readonly name: string
  readonly path: ProblemPath
  /** The metric source to ask: the named one, or the target's only one. Reports a problem and answers '' when unclear. */
  readonly source: (named: string | undefined, needs: SourceNeeds) => string
  readonly report: (problem: Problem) => void
}

/** What a check needs of a metric source: one of its capabilities, or that it counts an event of this name. */
export type SourceNeeds = 'counts' | 'latency' | 'queries' | { readonly event: string }

/** A check that still lacks its part of the error budget. */
export interface ReadCheck<Own extends Check = Check> {
  /** The error probability the check claims for itself, or null to share what the plan states. */
  readonly claims: number | null
  /** False for checks that control no error rate, such as fixed thresholds. */
  readonly spendsBudget: boolean
  readonly complete: (alpha: number) => Own
}

/** What a check that controls no error rate asks of the plan's budget. */
export const NO_CLAIM = { claims: null, spendsBudget: false } as const

/** How one kind of check stands in a plan. */
export interface CheckReading<Own extends Check = Check> {
  readonly schema: z.ZodType
  readonly read: (
    value: unknown,
    context: CheckContext,
  ) => { check: ReadCheck<Own> } | { issues: readonly z.core.$ZodIssue[] }
}

/** When a check that answers only at its end has answered. */
export interface FinalAnswer {
  readonly after: Milliseconds
  /** As in sentences: `its final score`. */
  readonly what: string
  /** What makes it so long, in parentheses, or ''. */
  readonly why: string
  /** The options that would make it shorter: `warmUp or lifetime`. */
  readonly options: string
}

/** All that plans need to know of one kind of check; how it is judged is `analysis/checks`' part. */
export interface CheckForm extends CheckReading {
  /** The key that names the kind in a plan. */
  readonly kind: string
  /** One sentence for the docs table. */
  readonly summary: string
  /** True for a kind that has a beginning of its own: the plan's warm-up is none of its business. */
  readonly warmsUpByItself: boolean
  /** True when the check compares the canary with stable at the same time, so that it needs traffic on both. */
  readonly comparesWithStable: (check: Check) => boolean
  /** True when the check can say what a weight may cost at most, so that a ramp can spend by it. */
  readonly boundsHarm: (check: Check) => boolean
  /** What the check asks, in one line: `failed requests at most 1.5x stable's share`. */
  readonly question: (check: Check) => string
  /** Probability of a false alarm over the release, or null when the check controls none. */
  readonly alpha: (check: Check) => number | null
  /** Null for a check that may pass at any look. */
  readonly finalAnswer: (check: Check) => FinalAnswer | null
}

/** How one kind of check is read: see {@link defineReading}. */
interface ReadingDefinition<Own extends Check, Shape extends z.core.$ZodLooseShape, Options> {
  readonly schema: z.ZodObject<Shape>
  /** What the metric source must answer; null while the options that say it cannot be read. */
  readonly needs: (read: Partial<Options>) => SourceNeeds | null
  /** What is wrong between the options. Asked of what can be read, also when something else cannot. */
  readonly rules?: (parts: Parts<Options>, context: CheckContext) => void
  /** The check, when nothing is wrong with any option for itself. */
  readonly read: (options: Options, place: { readonly name: string; readonly source: string }) => ReadCheck<Own>
}

/** How one kind of check is read, with its options' type hidden, so that kinds can stand in one list. */
export function defineReading<Own extends Check, Shape extends z.core.$ZodLooseShape>(
  definition: ReadingDefinition<Own, Shape, z.output<z.ZodObject<Shape>>>,
): CheckReading<Own> {
  const { schema, needs, rules, read } = definition
  return {
    schema,
    read(value, context) {
      const parsed = schema.safeParse(value)
      const parts = parsed.success ? wholeParts(parsed.data, value) : partsOf(schema, value)
      const source = sourceOf(parts, needs(parts.read), context)
      if (isRecord(value)) rules?.(parts, context)
      if (!parsed.success) return { issues: parsed.error.issues }
      return { check: read(parsed.data, { name: context.name, source }) }
    },
  }
}

/** The metric source, asked for only when what it depends on can be read. */
function sourceOf(parts: Parts<{ source?: unknown }>, needs: SourceNeeds | null, context: CheckContext): string {
  const { source } = parts.read
  const named = typeof source === 'string' ? source : undefined
  if (needs === null || (named === undefined && parts.has('source'))) return ''
  return context.source(named, needs)
}
