import type { Environment } from '@marcbachmann/cel-js'
import { type Dialect, nonEmpty, runningEnvironment, total } from '../expressions/environment.ts'
import { type Compiled, compileFor, createCompiledCache, messageOf } from '../expressions/expression.ts'
import { rewriteCondition } from '../expressions/rewrite.ts'
import type { Writing } from '../expressions/syntax.ts'
import type { QueryType } from './query-type.ts'

/** What a condition gave. A condition that cannot be compiled, fails or gives no bool is an error, as in Argo. */
export type ConditionResult =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'error'; readonly message: string }

/** Whether a condition can be used, with the reason and the place (0-based offset) if not. */
type ConditionCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly position: number }

/**
 * Checks a condition (expr-lang as Argo Rollouts has it) without data; with the type of the query also whether it takes
 * `result` as what it is.
 */
export function checkCondition(text: string, type: QueryType | null = null): ConditionCheck {
  const compiled = compile(text, null)
  if (!compiled.ok) return { ok: false, message: compiled.message, position: compiled.position }
  if (type === null || compile(text, type).ok) return { ok: true }
  const { what, write } = TYPE_TEXT[type]
  return { ok: false, message: `${what}, and Argo ends every such measurement in Error: write ${write}`, position: 0 }
}

const TYPE_TEXT: Readonly<Record<QueryType, { readonly what: string; readonly write: string }>> = {
  vector: { what: 'result is a list here, because the query gives series', write: 'result[0]' },
  scalar: { what: 'result is one number here, because the query gives a scalar', write: 'result' },
}

/**
 * Runs an expr-lang condition over the series of a query, with Argo's quirks: comparisons with NaN are false, `isNil(_)`
 * and `default(_, d)` ignore their first argument and look at the whole result, an index beyond the end is an error.
 *
 * Argo knows from the answer whether `result` is a number or a list, and so does `type`. Without it the use in the
 * condition decides (`result[0]`, `len(result)`: list). A condition on one number is an error when there are no or several
 * series.
 */
export function evaluateCondition(
  text: string,
  series: readonly number[],
  type: QueryType | null = null,
): ConditionResult {
  const compiled = compile(text, type)
  if (!compiled.ok) {
    const isOnlyType = type !== null && compile(text, null).ok
    return {
      kind: 'error',
      message: isOnlyType ? `${TYPE_TEXT[type].what}: write ${TYPE_TEXT[type].write}` : compiled.message,
    }
  }
  const isList = type === null ? compiled.usages.result?.shape === 'list' : type === 'vector'
  const isOne = series.length === 1
  if (compiled.usages.result?.used === true && !isList && !isOne) {
    return { kind: 'error', message: `the condition needs one number, the query gave ${series.length} series` }
  }
  try {
    const value = compiled.evaluate({ result: isList ? series : (series[0] ?? null) })
    if (typeof value === 'boolean') return { kind: 'bool', value }
    return { kind: 'error', message: 'expected true or false' }
  } catch (error) {
    return { kind: 'error', message: messageOf(error) }
  }
}

const ARGO_DIALECT: Dialect = {
  // The last argument is added while the condition is written out again: the whole result.
  isNil: (env) => {
    env.registerFunction('isNil(dyn): bool', (whole: unknown) => whole === null)
    env.registerFunction('isNil(dyn, dyn): bool', (_value: unknown, whole: unknown) => whole === null)
  },
  default: (env) => {
    env.registerFunction('default(dyn, dyn): dyn', (whole: unknown, other: unknown) => whole ?? other)
    env.registerFunction(
      'default(dyn, dyn, dyn): dyn',
      (_value: unknown, other: unknown, whole: unknown) => whole ?? other,
    )
  },
  extras: (env) => {
    env.registerFunction('sum(list<double>): double', total)
    env.registerFunction(
      'mean(list<double>): double',
      (list: readonly number[]) => total(nonEmpty(list, 'mean')) / list.length,
    )
    env.registerFunction('median(list<double>): double', median)
    env.registerFunction('first(list<double>): double', (list: readonly number[]) => nonEmpty(list, 'first')[0])
    env.registerFunction('last(list<double>): double', (list: readonly number[]) => nonEmpty(list, 'last').at(-1))
    registerRounding(env)
  },
}

function registerRounding(env: Environment): void {
  for (const [name, compute] of Object.entries({
    abs: Math.abs,
    ceil: Math.ceil,
    floor: Math.floor,
    round: awayFromZero,
  })) {
    for (const type of ['double', 'int']) {
      env.registerFunction(`${name}(${type}): double`, (value: number | bigint) => compute(Number(value)))
    }
  }
}

function awayFromZero(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value))
}

function median(list: readonly number[]): number {
  const sorted = nonEmpty(list, 'median')
    .map(Number)
    .toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}

const RUNNING = runningEnvironment(['result'], ARGO_DIALECT)
const WRITING: Writing = { strictComparisons: false, extraArguments: { isNil: 'result', default: 'result' } }

type Usable = Compiled | { readonly ok: false; readonly message: string; readonly position: number }

const cached = createCompiledCache<Usable>()

function compile(text: string, type: QueryType | null): Usable {
  return cached(`${type}:${text}`, () => compileUncached(text, type))
}

function compileUncached(text: string, type: QueryType | null): Usable {
  const rewritten = rewriteCondition(text)
  if (!rewritten.ok) return { ok: false, message: rewritten.problem, position: rewritten.position }
  return compileFor(rewritten.text, {
    dialect: ARGO_DIALECT,
    writing: WRITING,
    variables: ['result'],
    ...(type !== null && { shapes: { result: type === 'vector' ? 'list' : 'number' } }),
    running: RUNNING,
    constants: true,
  })
}
