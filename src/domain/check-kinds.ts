import { z } from 'zod'
import type { Check, RelativeRule, SequentialRule, ThresholdRule } from './checks.ts'
import { confidenceText, durationText, nameText, quantileText, ratioText, shareText } from './plan-values.ts'
import type { Problem, ProblemPath } from './problems.ts'

/** What a check kind may look at while it is read. */
export interface CheckContext {
  readonly name: string
  readonly path: ProblemPath
  /** The metric source to ask: the named one, or the target's only one. Reports a problem and answers '' when unclear. */
  readonly source: (named: string | undefined, needs: SourceNeeds) => string
  /** Reports an expression that can never be evaluated. */
  readonly expression: (text: string | undefined, path: ProblemPath, hasStable: boolean) => string | null
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

/** One kind of check with its options' type hidden, so that kinds can stand in one list. */
export function defineCheck<Options>(definition: {
  kind: Check['kind']
  summary: string
  schema: z.ZodType<Options>
  read: (options: Options, context: CheckContext) => ReadCheck
}): CheckKind {
  const { kind, summary, schema, read } = definition
  return {
    kind,
    summary,
    schema,
    read(value, context) {
      const parsed = schema.safeParse(value)
      return parsed.success ? { check: read(parsed.data, context) } : { issues: parsed.error.issues }
    },
  }
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

function reportHysteresis(failures: number, of: number, context: CheckContext): void {
  if (failures <= of) return
  context.report({
    rule: 'hysteresis-impossible',
    path: [...context.path, 'failures'],
    message: 'this check could never fail: it asks for more breaches than the looks it remembers',
    received: `${failures} of ${of}`,
    expected: `at most ${of} failures of ${of}`,
    fix: 'lower failures or raise of',
  })
}

function reportRatioBelowOne(key: 'notWorseThan' | 'maxRatio', ratio: number, context: CheckContext): void {
  if (ratio >= 1) return
  context.report({
    rule: 'tolerance-below-one',
    path: [...context.path, key],
    message: 'a canary equal to stable would fail this check',
    received: `${ratio}x`,
    expected: 'at least 1x',
    fix: 'write the ratio that is still acceptable, such as 1.5x',
  })
}

interface RateRuleOptions {
  notWorseThan?: number | undefined
  confidence?: number | undefined
  max?: number | undefined
  maxRatio?: number | undefined
  failures?: number | undefined
  of?: number | undefined
  minRequests: number
}

function readRule(options: RateRuleOptions, context: CheckContext) {
  const { notWorseThan, max, maxRatio, failures = FAILURES, of = LOOKS, minRequests } = options
  reportUnused(options, context)
  if (notWorseThan !== undefined) {
    reportRatioBelowOne('notWorseThan', notWorseThan, context)
    const rule = (alpha: number): SequentialRule => ({ judge: 'sequential', notWorseThan, alpha, minRequests })
    return { ...claimOf(options.confidence), rule }
  }
  reportHysteresis(failures, of, context)
  if (maxRatio !== undefined) {
    reportRatioBelowOne('maxRatio', maxRatio, context)
    const rule = (): RelativeRule => ({ judge: 'relative', maxRatio, failures, of, minRequests })
    return { ...NO_CLAIM, rule }
  }
  const rule = (): ThresholdRule => ({ judge: 'threshold', max: max ?? 0, failures, of, minRequests })
  return { ...NO_CLAIM, rule }
}

/** An option of another kind of limit would be read and then mean nothing. */
function reportUnused(options: RateRuleOptions, context: CheckContext): void {
  const { confidence, failures, of } = options
  const limit = LIMITS.find((name) => options[name] !== undefined)
  const [others, unused] =
    limit === 'notWorseThan' ? ['max or maxRatio', { failures, of }] : ['notWorseThan', { confidence }]
  for (const [key, value] of Object.entries(unused)) {
    if (value === undefined) continue
    context.report({
      rule: 'unused-option',
      path: [...context.path, key],
      message: `${key} means nothing beside ${limit}`,
      expected: `${key} only beside ${others}`,
      fix: 'remove it, or use another limit',
    })
  }
}

const LIMITS = ['notWorseThan', 'max', 'maxRatio'] as const
const ONE_LIMIT = {
  error:
    'expected exactly one limit: notWorseThan (against stable, by statistics), max (fixed), or maxRatio (against stable, look by look)',
}
function hasOneLimit(options: Partial<Pick<RateRuleOptions, (typeof LIMITS)[number]>>): boolean {
  return LIMITS.filter((limit) => options[limit] !== undefined).length === 1
}

const errorRate = defineCheck({
  kind: 'errorRate',
  summary:
    'Share of requests that failed, against stable (`notWorseThan`, `maxRatio`) or against a fixed limit (`max`).',
  schema: z
    .strictObject({
      ...common,
      ...sequential,
      ...hysteresis,
      notWorseThan: ratioText.optional(),
      max: shareText.optional(),
      maxRatio: ratioText.optional(),
    })
    .refine(hasOneLimit, ONE_LIMIT),
  read(options, context) {
    const source = context.source(options.source, 'counts')
    const { claims, spendsBudget, rule } = readRule(options, context)
    return {
      claims,
      spendsBudget,
      complete: (alpha) => ({ kind: 'errorRate', name: context.name, source, rule: rule(alpha) }),
    }
  },
})

const latency = defineCheck({
  kind: 'latency',
  summary: 'Request latency at some quantiles, against stable (`notWorseThan`, `maxRatio`) or a fixed limit (`max`).',
  schema: z
    .strictObject({
      ...common,
      ...sequential,
      ...hysteresis,
      quantiles: z.array(quantileText).min(1).max(8),
      notWorseThan: ratioText.optional(),
      max: durationText.transform((milliseconds) => milliseconds / 1_000).optional(),
      maxRatio: ratioText.optional(),
    })
    .refine(hasOneLimit, ONE_LIMIT),
  read(options, context) {
    const source = context.source(options.source, 'latency')
    const { claims, spendsBudget, rule } = readRule(options, context)
    const quantiles = [...new Set(options.quantiles)].sort((left, right) => left - right)
    return {
      claims,
      spendsBudget,
      complete: (alpha) => ({ kind: 'latency', name: context.name, source, quantiles, rule: rule(alpha) }),
    }
  },
})

const rate = defineCheck({
  kind: 'rate',
  summary: 'A named event per request, such as orders, against stable: it may not fall below or rise above a ratio.',
  schema: z
    .strictObject({
      ...common,
      ...sequential,
      of: nameText,
      notBelow: ratioText.refine((ratio) => ratio <= 1, { error: 'expected at most 1x' }).optional(),
      notAbove: ratioText.refine((ratio) => ratio >= 1, { error: 'expected at least 1x' }).optional(),
    })
    .refine((options) => options.notBelow !== undefined || options.notAbove !== undefined, {
      error: 'expected a limit: notBelow, notAbove, or both',
    }),
  read(options, context) {
    const source = context.source(options.source, { event: options.of })
    const { of, minRequests, notBelow = null, notAbove = null } = options
    return {
      ...claimOf(options.confidence),
      complete: (alpha) => ({ kind: 'rate', name: context.name, source, of, notBelow, notAbove, alpha, minRequests }),
    }
  },
})

const expressionText = z.string().min(1).max(512)

const query = defineCheck({
  kind: 'query',
  summary: 'A free query (PromQL) judged by an expression over `result` and, when the query holds `$pool`, `stable`.',
  schema: z
    .strictObject({
      ...common,
      failures: lookCount.default(FAILURES),
      of: lookCount.default(LOOKS),
      promql: z.string().min(1).max(4_000),
      pass: expressionText.optional(),
      fail: expressionText.optional(),
    })
    .refine((options) => options.pass !== undefined || options.fail !== undefined, {
      error: 'expected a condition: pass, fail, or both',
    }),
  read(options, context) {
    const source = context.source(options.source, 'queries')
    const { promql, failures, of } = options
    const hasStable = promql.includes('$pool')
    const pass = context.expression(options.pass, [...context.path, 'pass'], hasStable)
    const fail = context.expression(options.fail, [...context.path, 'fail'], hasStable)
    reportHysteresis(failures, of, context)
    return {
      ...NO_CLAIM,
      complete: () => ({ kind: 'query', name: context.name, source, query: promql, pass, fail, failures, of }),
    }
  },
})

/** The check kinds that need no judge of another project; `catalog.ts` has the whole list. */
export const CHECK_KINDS: readonly CheckKind[] = [errorRate, latency, rate, query]
