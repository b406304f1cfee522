import { z } from 'zod'
import { type CheckContext, defineReading, NO_CLAIM } from '../../domain/plan/check-form.ts'
import type { Parts } from '../../domain/plan/plan-parts.ts'
import { durationText, nameText } from '../../domain/plan/plan-values.ts'
import { formatDuration } from '../../domain/units.ts'
import { type CheckKind, defineCheck } from '../checks/check-kind.ts'
import { type ArgoCheck, type ArgoState, startArgo, stepArgo } from './argo-judge.ts'
import { checkCondition } from './condition.ts'
import { type Limits, limitProblems } from './limits.ts'
import { type QueryType, queryTypeOf } from './query-type.ts'

const limit = z.int().min(0).max(1_000_000_000)
const conditionText = z.string().min(1).max(4_000)

const argoOptions = z.strictObject({
  source: nameText.optional(),
  promql: z.string().min(1).max(4_000),
  successCondition: conditionText.optional(),
  failureCondition: conditionText.optional(),
  interval: durationText.refine((interval) => interval > 0, { error: 'expected longer than 0s' }).optional(),
  initialDelay: durationText.default(0),
  count: limit.optional(),
  failureLimit: z.int().min(-1).max(1_000_000_000).default(0),
  inconclusiveLimit: limit.default(0),
  consecutiveErrorLimit: limit.default(4),
  consecutiveSuccessLimit: limit.default(0),
})

type ArgoOptions = z.output<typeof argoOptions>

/** The judge's state with its tag. */
interface TaggedState {
  readonly kind: 'argo'
  readonly argo: ArgoState
}

/** One metric of an Argo Rollouts AnalysisTemplate as a check of a plan, with Argo's defaults and Argo's own rules. */
export const argoKind: CheckKind<ArgoCheck> = defineCheck<ArgoCheck, TaggedState>({
  kind: 'argo',
  summary: 'One metric of an Argo Rollouts AnalysisTemplate, measured and counted exactly as Argo does.',
  reading: defineReading({
    schema: argoOptions,
    needs: () => 'queries',
    rules(parts, context) {
      const { promql, successCondition, failureCondition } = parts.read
      const type = promql === undefined ? null : queryTypeOf(promql)
      reportCondition('successCondition', successCondition, type, context)
      reportCondition('failureCondition', failureCondition, type, context)
      const limits = limitsOf(parts)
      if (limits !== null) for (const problem of limitProblems(limits)) reportLimits(problem, context)
    },
    read(options, { name, source }) {
      const check = checkOf(options, name, source)
      return { ...NO_CLAIM, complete: () => check }
    },
  }),
  question({ interval, successCondition, failureCondition, query }) {
    const often = interval === null ? '' : ` every ${formatDuration(interval)}`
    const arms = query.includes('$pool') ? '' : '; its query has no $pool'
    return `Argo's rules${often}${conditionsOf(successCondition, failureCondition)}${arms}`
  },
  comparesWithStable: () => false,
  warmsUpByItself: true,
  queries: ({ name, query }) => ({ [name]: query }),
  states: ['argo'],
  start: (check) => ({ kind: 'argo', argo: startArgo(check) }),
  step(check, { argo }, input) {
    const { state, verdict } = stepArgo(check, argo, input)
    return { state: { kind: 'argo', argo: state }, verdict }
  },
  power: () => ({
    words: () => ({ text: 'it judges single measurements, and how much they vary is not known', isWeak: false }),
  }),
})

function conditionsOf(success: string | null, failure: string | null): string {
  const parts = [
    ...(success === null ? [] : [`success: ${success}`]),
    ...(failure === null ? [] : [`failure: ${failure}`]),
  ]
  return parts.length === 0 ? '' : `; ${parts.join('; ')}`
}

/** What the limits say together; null while one of them cannot be read. */
function limitsOf({ read, has }: Parts<ArgoOptions>): Limits | null {
  const { failureLimit, inconclusiveLimit, consecutiveSuccessLimit, count = null, interval = null } = read
  if (failureLimit === undefined || inconclusiveLimit === undefined || consecutiveSuccessLimit === undefined)
    return null
  if ((count === null && has('count')) || (interval === null && has('interval'))) return null
  return { failureLimit, inconclusiveLimit, consecutiveSuccessLimit, count, interval }
}

function checkOf(options: ArgoOptions, name: string, source: string): ArgoCheck {
  const { promql, successCondition = null, failureCondition = null, interval = null, count = null } = options
  const { initialDelay, failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } = options
  return {
    ...{ kind: 'argo', name, source, query: promql, successCondition, failureCondition, interval, initialDelay },
    ...{ count, failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit },
  }
}

function reportCondition(
  key: 'successCondition' | 'failureCondition',
  text: string | undefined,
  type: QueryType | null,
  context: CheckContext,
): void {
  const checked = text === undefined ? null : checkCondition(text, type)
  if (text === undefined || checked === null || checked.ok) return
  context.report({
    rule: 'expression',
    path: [...context.path, key],
    message: `this condition can never be evaluated, at character ${checked.position + 1}: ${checked.message}`,
    received: text,
    expected: 'a condition over result that is true or false, as Argo Rollouts evaluates it',
    fix: 'write a condition that Argo Rollouts could evaluate',
  })
}

function reportLimits(problem: string, context: CheckContext): void {
  context.report({
    rule: 'argo-limits',
    path: context.path,
    message: problem,
    expected: 'limits that Argo Rollouts would accept',
    fix: 'change these limits so that Argo Rollouts would accept them',
  })
}
