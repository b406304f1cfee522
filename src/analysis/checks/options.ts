import { z } from 'zod'
import { type CheckContext, NO_CLAIM, type ReadCheck } from '../../domain/plan/check-form.ts'
import type { Parts } from '../../domain/plan/plan-parts.ts'
import { confidenceText, nameText } from '../../domain/plan/plan-values.ts'
import type { RelativeRule, SequentialRule, ThresholdRule } from './shapes.ts'

/** Options that several kinds of checks have, and what is wrong between them. */

const MIN_REQUESTS = 50
export const common = { source: nameText.optional() }
export const sequential = {
  confidence: confidenceText.optional(),
  minRequests: z.int().min(1).max(1e9).default(MIN_REQUESTS),
}
export const lookCount = z.int().min(1).max(100)
export const FAILURES = 2
export const LOOKS = 3
export const hysteresis = { failures: lookCount.optional(), of: lookCount.optional() }

/** What a check with a confidence of its own, or without one, asks of the plan's budget. */
export function claimOf(confidence: number | undefined): Pick<ReadCheck, 'claims' | 'spendsBudget'> {
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
export function limitRules(parts: Parts<LimitOptions>, context: CheckContext): void {
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

/** A check cannot ask for more breaches than the looks it remembers. */
export function hysteresisRules(parts: Parts<Hysteresis>, context: CheckContext): void {
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

/** The rule that the one limit stands for, still without its part of the budget. */
export function readRule({ notWorseThan, max = 0, maxRatio, minRequests, confidence, ...hysteresis }: LimitOptions) {
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

/** Reports a check that asks nothing. */
export function reportMissing(missing: string, what: string, context: CheckContext): void {
  context.report({
    rule: 'value',
    path: context.path,
    message: `this check has no ${what}`,
    expected: missing,
    fix: 'add one',
  })
}
