import { z } from 'zod'
import { isRecord } from '../json.ts'
import type { Check, RelativeRule, SequentialRule, ThresholdRule } from './checks.ts'
import { type Parts, partsOf, wholeParts } from './plan-parts.ts'
import { confidenceText, durationText, nameText, quantileText, ratioText, shareText } from './plan-values.ts'
import type { Problem, ProblemPath } from '../problems.ts'

/** What a check kind may look at while it is read. */
export interface CheckContext {
  readonly name: string
  readonly path: ProblemPath
  /** The metric source to ask: the named one, or the target's only one. Reports a problem and answers '' when unclear. */
  readonly source: (named: string | undefined, needs: SourceNeeds) => string
  /** Reports an expression that can never be evaluated. */
  readonly expression: (text: string | undefined, path: ProblemPath, hasStable: boolean) => void
  readonly report: (problem: Problem) => void
}

/** What a check needs of a metric source: one of its capabilities, or that it counts an event of this name. */
export type SourceNeeds = 'counts' | 'latency' | 'queries' | { readonly event: string }

/** A check that still lacks its part of the error budget. */
export interface ReadCheck {
  /** The error probability the check claims for itself, or null to share what the plan states. */
  readonly claims: number | null
  /** False for checks that control no error rate, such as fixed thresholds. */
  readonly spendsBudget: boolean
  readonly complete: (alpha: number) => Check
}

/** One kind of check. Adding one is an entry here, a shape in `checks.ts` and a judge in `analysis/`. */
export interface CheckKind {
  readonly kind: Check['kind']
  readonly summary: string
  readonly schema: z.ZodType
  readonly read: (
    value: unknown,
    context: CheckContext,
  ) => { check: ReadCheck } | { issues: readonly z.core.$ZodIssue[] }
}

/** How one kind of check is written: see {@link defineCheck}. */
export interface CheckDefinition<Shape extends z.core.$ZodLooseShape, Options = z.output<z.ZodObject<Shape>>> {
  readonly kind: Check['kind']
  readonly summary: string
  readonly schema: z.ZodObject<Shape>
  /** What the metric source must answer; null while the options that say it cannot be read. */
  readonly needs: (read: Partial<Options>) => SourceNeeds | null
  /** What is wrong between the options. Asked of what can be read, also when something else cannot. */
  readonly rules?: (parts: Parts<Options>, context: CheckContext) => void
  /** The check, when nothing is wrong with any option for itself. */
  readonly read: (options: Options, place: { readonly name: string; readonly source: string }) => ReadCheck
}

/** One kind of check with its options' type hidden, so that kinds can stand in one list. */
export function defineCheck<Shape extends z.core.$ZodLooseShape>(definition: CheckDefinition<Shape>): CheckKind {
  const { kind, summary, schema, needs, rules, read } = definition
  return {
    kind,
    summary,
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

const MIN_REQUESTS = 50
const common = { source: nameText.optional() }
const sequential = {
  confidence: confidenceText.optional(),
  minRequests: z.int().min(1).max(1e9).default(MIN_REQUESTS),
}
const lookCount = z.int().min(1).max(100)
const FAILURES = 2
const LOOKS = 3
const hysteresis = { failures: lookCount.optional(), of: lookCount.optional() }

const NO_CLAIM = { claims: null, spendsBudget: false }

function claimOf(confidence: number | undefined): Pick<ReadCheck, 'claims' | 'spendsBudget'> {
  return { claims: confidence === undefined ? null : rounded(1 - confidence), spendsBudget: true }
}

function rounded(share: number): number {
  return Number(share.toPrecision(12))
}

interface LimitOptions {
  notWorseThan?: number | undefined
  confidence?: number | undefined
  max?: number | undefined
  maxRatio?: number | undefined
  failures?: number | undefined
  of?: number | undefined
  minRequests: number
}

const LIMITS = ['notWorseThan', 'max', 'maxRatio'] as const
const LIMITS_TEXT =
  'exactly one limit: notWorseThan (against stable, by statistics), max (fixed), or maxRatio (against stable, look by look)'

/** The rules of checks that have one limit of three kinds. */
function limitRules(parts: Parts<LimitOptions>, context: CheckContext): void {
  const limits = LIMITS.filter(parts.has)
  if (limits.length !== 1) reportLimits(limits, context)
  reportRatioBelowOne('notWorseThan', parts.read.notWorseThan, context)
  reportRatioBelowOne('maxRatio', parts.read.maxRatio, context)
  hysteresisRules(parts, context)
  const [limit] = limits
  if (limit !== undefined) reportUnused(limit, parts, context)
}

function reportLimits(limits: readonly string[], context: CheckContext): void {
  context.report({
    rule: 'value',
    path: context.path,
    message: limits.length === 0 ? 'this check has no limit' : 'this check has more than one limit',
    ...(limits.length > 0 && { received: limits.join(', ') }),
    expected: LIMITS_TEXT,
    fix: limits.length === 0 ? 'add one' : 'write one check for each limit',
  })
}

function reportRatioBelowOne(key: 'notWorseThan' | 'maxRatio', ratio: number | undefined, context: CheckContext): void {
  if (ratio === undefined || ratio >= 1) return
  context.report({
    rule: 'tolerance-below-one',
    path: [...context.path, key],
    message: 'a canary equal to stable would fail this check',
    received: `${ratio}x`,
    expected: 'at least 1x',
    fix: 'write the ratio that is still acceptable, such as 1.5x',
  })
}

type Hysteresis = Pick<LimitOptions, 'failures' | 'of'>

function hysteresisRules(parts: Parts<Hysteresis>, context: CheckContext): void {
  const failures = parts.read.failures ?? (parts.has('failures') ? null : FAILURES)
  const of = parts.read.of ?? (parts.has('of') ? null : LOOKS)
  if (failures === null || of === null || failures <= of) return
  context.report({
    rule: 'hysteresis-impossible',
    path: [...context.path, parts.has('failures') ? 'failures' : 'of'],
    message: 'this check could never fail: it needs more breaches than the looks it counts',
    received: `${failures} of ${of}`,
    expected: `at most ${of} failures of ${of}`,
    fix: 'lower failures or raise of',
  })
}

/** An option of another kind of limit would be read and then mean nothing. */
function reportUnused(limit: (typeof LIMITS)[number], { read, has }: Parts<LimitOptions>, context: CheckContext): void {
  const others = limit === 'notWorseThan' ? 'max or maxRatio' : 'notWorseThan'
  const unused = limit === 'notWorseThan' ? (['failures', 'of'] as const) : (['confidence'] as const)
  for (const key of unused) {
    if (!has(key) || read[key] === undefined) continue
    context.report({
      rule: 'unused-option',
      path: [...context.path, key],
      message: `${key} has no effect with ${limit}`,
      expected: `${key} only with ${others}`,
      fix: 'remove it, or use another limit',
    })
  }
}

function readRule({ notWorseThan, max = 0, maxRatio, minRequests, confidence, ...hysteresis }: LimitOptions) {
  const { failures = FAILURES, of = LOOKS } = hysteresis
  if (notWorseThan !== undefined) {
    const rule = (alpha: number): SequentialRule => ({ judge: 'sequential', notWorseThan, alpha, minRequests })
    return { ...claimOf(confidence), rule }
  }
  if (maxRatio !== undefined) {
    const rule = (): RelativeRule => ({ judge: 'relative', maxRatio, failures, of, minRequests })
    return { ...NO_CLAIM, rule }
  }
  const rule = (): ThresholdRule => ({ judge: 'threshold', max, failures, of, minRequests })
  return { ...NO_CLAIM, rule }
}

function reportMissing(missing: string, what: string, context: CheckContext): void {
  context.report({
    rule: 'value',
    path: context.path,
    message: `this check has no ${what}`,
    expected: missing,
    fix: 'add one',
  })
}

const errorRate = defineCheck({
  kind: 'errorRate',
  summary:
    'Share of requests that failed, against stable (`notWorseThan`, `maxRatio`) or against a fixed limit (`max`).',
  schema: z.strictObject({
    ...common,
    ...sequential,
    ...hysteresis,
    notWorseThan: ratioText.optional(),
    max: shareText.optional(),
    maxRatio: ratioText.optional(),
  }),
  needs: () => 'counts',
  rules: limitRules,
  read(options, { name, source }) {
    const { rule, ...claim } = readRule(options)
    return { ...claim, complete: (alpha) => ({ kind: 'errorRate', name, source, rule: rule(alpha) }) }
  },
})

const latency = defineCheck({
  kind: 'latency',
  summary: 'Request latency at some quantiles, against stable (`notWorseThan`, `maxRatio`) or a fixed limit (`max`).',
  schema: z.strictObject({
    ...common,
    ...sequential,
    ...hysteresis,
    quantiles: z.array(quantileText).min(1).max(8),
    notWorseThan: ratioText.optional(),
    max: durationText.transform((milliseconds) => milliseconds / 1_000).optional(),
    maxRatio: ratioText.optional(),
  }),
  needs: () => 'latency',
  rules: limitRules,
  read(options, { name, source }) {
    const { rule, ...claim } = readRule(options)
    const quantiles = [...new Set(options.quantiles)].sort((left, right) => left - right)
    return { ...claim, complete: (alpha) => ({ kind: 'latency', name, source, quantiles, rule: rule(alpha) }) }
  },
})

const rate = defineCheck({
  kind: 'rate',
  summary: 'A named event per request, such as orders, against stable: it may not fall below or rise above a ratio.',
  schema: z.strictObject({
    ...common,
    ...sequential,
    of: nameText,
    notBelow: ratioText.refine((ratio) => ratio <= 1, { error: 'expected at most 1x' }).optional(),
    notAbove: ratioText.refine((ratio) => ratio >= 1, { error: 'expected at least 1x' }).optional(),
  }),
  needs: ({ of }) => (of === undefined ? null : { event: of }),
  rules({ has }, context) {
    if (!has('notBelow') && !has('notAbove')) reportMissing('notBelow, notAbove, or both', 'limit', context)
  },
  read(options, { name, source }) {
    const { of, minRequests, notBelow = null, notAbove = null } = options
    return {
      ...claimOf(options.confidence),
      complete: (alpha) => ({ kind: 'rate', name, source, of, notBelow, notAbove, alpha, minRequests }),
    }
  },
})

const expressionText = z.string().min(1).max(512)

const query = defineCheck({
  kind: 'query',
  summary: 'A free query (PromQL) judged by an expression over `result` and, when the query holds `$pool`, `stable`.',
  schema: z.strictObject({
    ...common,
    failures: lookCount.default(FAILURES),
    of: lookCount.default(LOOKS),
    promql: z.string().min(1).max(4_000),
    pass: expressionText.optional(),
    fail: expressionText.optional(),
  }),
  needs: () => 'queries',
  rules(parts, context) {
    const { promql, pass, fail } = parts.read
    if (!parts.has('pass') && !parts.has('fail')) reportMissing('pass, fail, or both', 'condition', context)
    hysteresisRules(parts, context)
    if (promql === undefined) return
    const hasStable = promql.includes('$pool')
    context.expression(pass, [...context.path, 'pass'], hasStable)
    context.expression(fail, [...context.path, 'fail'], hasStable)
  },
  read({ promql, pass = null, fail = null, failures, of }, { name, source }) {
    return {
      ...NO_CLAIM,
      complete: () => ({ kind: 'query', name, source, query: promql, pass, fail, failures, of }),
    }
  },
})

/** The check kinds that need no judge of another project; `catalog.ts` has the whole list. */
export const CHECK_KINDS: readonly CheckKind[] = [errorRate, latency, rate, query]
