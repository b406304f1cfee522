import { z } from 'zod'
import { type CheckContext, defineReading, NO_CLAIM } from '../../domain/plan/check-form.ts'
import type { ProblemPath } from '../../domain/problems.ts'
import { checkExpression } from '../expressions/expression.ts'
import { type QueryCheck, type QueryState, startQuery, stepQuery } from '../expressions/query-judge.ts'
import { type CheckKind, defineCheck } from './check-kind.ts'
import { hysteresisOf } from './limits.ts'
import { common, FAILURES, hysteresisRules, LOOKS, lookCount, reportMissing } from './options.ts'

/** The judge's state with its tag. */
interface TaggedState {
  readonly kind: 'query'
  readonly query: QueryState
}

const expressionText = z.string().min(1).max(512)

export const queryKind: CheckKind<QueryCheck> = defineCheck<QueryCheck, TaggedState>({
  kind: 'query',
  summary: 'A free query (PromQL) judged by an expression over `result` and, when the query holds `$pool`, `stable`.',
  reading: defineReading({
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
      reportExpression(pass, [...context.path, 'pass'], hasStable, context)
      reportExpression(fail, [...context.path, 'fail'], hasStable, context)
    },
    read({ promql, pass = null, fail = null, failures, of }, { name, source }) {
      return {
        ...NO_CLAIM,
        complete: () => ({ kind: 'query', name, source, query: promql, pass, fail, failures, of }),
      }
    },
  }),
  question(check) {
    const sides = [
      ...(check.fail === null ? [] : [`fails when ${check.fail}`]),
      ...(check.pass === null ? [] : [`passes when ${check.pass}`]),
    ]
    return `${sides.join('; ')}${hysteresisOf(check)}`
  },
  comparesWithStable: ({ query }) => query.includes('$pool'),
  queries: ({ name, query }) => ({ [name]: query }),
  states: ['query'],
  start: (check) => ({ kind: 'query', query: startQuery(check) }),
  step(check, { query }, input) {
    const { state, verdict } = stepQuery(check, query, input)
    return { state: { kind: 'query', query: state }, verdict }
  },
  power: () => ({
    words: () => ({ text: 'the answers to a query, and how much they vary, are not known', isWeak: false }),
  }),
})

/** Reports an expression that can never be evaluated. */
function reportExpression(
  text: string | undefined,
  path: ProblemPath,
  hasStable: boolean,
  context: CheckContext,
): void {
  const checked = text === undefined ? null : checkExpression(text, hasStable ? ['result', 'stable'] : ['result'])
  if (text === undefined || checked === null || checked.ok) return
  context.report({
    rule: 'expression',
    path,
    message: checked.message,
    received: text,
    expected: 'a true-or-false CEL expression',
    fix: 'write an expression over result and, for queries with $pool, stable',
  })
}
