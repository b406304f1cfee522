import { type ASTNode, type Environment, ParseError } from '@marcbachmann/cel-js'
import {
  CEL_DIALECT,
  checkingEnvironment,
  type Dialect,
  LONGEST_EXPRESSION,
  parseExpression,
  runningEnvironment,
  type Shape,
} from './environment.ts'
import { refusedConstruct, type Usage, usageOf, usesMembership, type Writing, written } from './syntax.ts'

/** The variables of a plan's expressions: the canary's (or the only) answer, and stable's where it was asked for. */
type Variable = 'result' | 'stable'

/** Whether an expression can be used; `message` shows the place with a caret, `position` is its 0-based offset. */
type ExpressionCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly position: number }

/** Values for the variables. Null or absent: there was no answer. Numbers may be NaN or infinite. */
type Bindings = Readonly<Partial<Record<Variable, readonly number[] | number | null>>>

/** The value of an expression, or why it has none. NaN, absence and failed look-ups are never false. */
type ExpressionValue =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'inconclusive'; readonly reason: string }

/** Most series an expression is run over; more are inconclusive. */
const MOST_SERIES = 1_000

/**
 * Checks an expression without data: syntax, size, names, types, and that it gives true or false. A variable counts as
 * the list of all series when it is indexed, counted or walked through (`result[0]`, `len(result)`,
 * `result.all(x, x < 5)`), otherwise as the number of the one series.
 */
export function checkExpression(text: string, variables: readonly Variable[]): ExpressionCheck {
  const compiled = compile(text, variables)
  return compiled.ok ? { ok: true } : compiled
}

/**
 * Runs a checked expression. Inconclusive when it cannot be used, when a variable it uses has no value (unless it asks
 * for that itself with `len`, `size`, `isNil`, `default` or `== nil`), when a number is needed and several series came,
 * and when a comparison would meet NaN.
 */
export function evaluateExpression(text: string, bindings: Bindings): ExpressionValue {
  const variables: Variable[] = bindings.stable === undefined ? ['result'] : ['result', 'stable']
  const compiled = compile(text, variables)
  if (!compiled.ok)
    return { kind: 'inconclusive', reason: `the expression cannot be used: ${firstLine(compiled.message)}` }
  const context: Record<string, readonly number[] | number | null> = {}
  for (const variable of variables) {
    const usage = compiled.usages[variable]
    if (usage === undefined || !usage.used) continue
    const bound = bind(variable, usage, bindings[variable] ?? null)
    if (!bound.ok) return { kind: 'inconclusive', reason: bound.reason }
    context[variable] = bound.value
  }
  return run(compiled, context)
}

/** A parsed, checked and re-written expression, ready to run. */
export interface Compiled {
  readonly ok: true
  readonly usages: Readonly<Record<string, Usage>>
  readonly evaluate: (context: Readonly<Record<string, unknown>>) => unknown
}

type Refused = Extract<ExpressionCheck, { ok: false }>

/** The dialect of a compilation: its functions, how comparisons are written, and its variables. */
interface Language {
  readonly dialect: Dialect
  readonly writing: Writing
  /** Shapes forced from outside; without one, the use in the text decides. */
  readonly shapes?: Readonly<Record<string, Shape>>
  readonly variables: readonly string[]
  readonly running: Environment
  /** True when an expression may look at no variable at all. */
  readonly constants?: boolean
}

/** Compiles for a language: parse, limits, refused constructs, types, and a bool at the end. */
export function compileFor(text: string, language: Language): Compiled | Refused {
  if (text.length > LONGEST_EXPRESSION) {
    return refused(text, `the expression has ${text.length} characters, at most ${LONGEST_EXPRESSION} are allowed`, 0)
  }
  const parsed = parse(text)
  if (!parsed.ok) return parsed
  const refusal = refusedConstruct(parsed.ast)
  if (refusal !== null) return refused(text, refusal.message, refusal.position)
  const usages = Object.fromEntries(language.variables.map((name) => [name, usageOf(parsed.ast, name)]))
  if (language.constants !== true && !Object.values(usages).some((usage) => usage.used)) {
    return refused(text, `the expression never looks at ${language.variables.join(' or ')}`, 0)
  }
  const shapes = Object.fromEntries(
    language.variables.map((name) => [name, language.shapes?.[name] ?? usages[name]?.shape ?? 'number']),
  )
  const rewritten = usesMembership(parsed.ast)
  const checkable = rewritten ? written(parsed.ast, PLAIN) : text
  const checked = checkingEnvironment(shapes, language.dialect).check(checkable)
  if (!checked.valid) {
    const position = rewritten ? 0 : (checked.error?.range?.start ?? 0)
    return refused(text, checked.error?.summary ?? 'the expression cannot be used', position)
  }
  if (checked.type !== 'bool' && checked.type !== 'dyn')
    return refused(text, `expected true or false, but this gives ${checked.type}`, 0)
  return { ok: true, usages, evaluate: language.running.parse(written(parsed.ast, language.writing)) }
}

const PLAIN: Writing = { strictComparisons: false, extraArguments: {} }
const STRICT: Writing = { strictComparisons: true, extraArguments: {} }
const RUNNING = {
  result: runningEnvironment(['result'], CEL_DIALECT),
  both: runningEnvironment(['result', 'stable'], CEL_DIALECT),
} as const

const MOST_CACHED = 256

/** Remembers what texts compile to, the newest ones: every look asks again. */
export function createCompiledCache<T>(): (key: string, compileIt: () => T) => T {
  const cache = new Map<string, T>()
  return (key, compileIt) => {
    const known = cache.get(key)
    if (known !== undefined) return known
    const compiled = compileIt()
    const oldest = cache.keys().next()
    if (cache.size >= MOST_CACHED && !oldest.done) cache.delete(oldest.value)
    cache.set(key, compiled)
    return compiled
  }
}

const cached = createCompiledCache<Compiled | Refused>()

function compile(text: string, variables: readonly Variable[]): Compiled | Refused {
  const running = variables.includes('stable') ? RUNNING.both : RUNNING.result
  return cached(`${variables.join(',')}:${text}`, () =>
    compileFor(text, { dialect: CEL_DIALECT, writing: STRICT, variables, running }),
  )
}

function parse(text: string): { readonly ok: true; readonly ast: ASTNode } | Refused {
  try {
    return { ok: true, ast: parseExpression(text) }
  } catch (error) {
    const position = error instanceof ParseError ? (error.range?.start ?? 0) : 0
    return refused(text, error instanceof ParseError ? error.summary : messageOf(error), position)
  }
}

type Bound =
  | { readonly ok: true; readonly value: readonly number[] | number | null }
  | { readonly ok: false; readonly reason: string }

function bind(name: string, usage: Usage, value: readonly number[] | number | null): Bound {
  const series = value === null ? [] : typeof value === 'number' ? [value] : value
  if (series.length > MOST_SERIES) {
    return { ok: false, reason: `${name} has ${series.length} series, at most ${MOST_SERIES} are looked at` }
  }
  if (series.length === 0 && !usage.handlesAbsence) return { ok: false, reason: `${name} has no value` }
  if (usage.shape === 'list') return { ok: true, value: series }
  if (series.length > 1)
    return { ok: false, reason: `${name} is used as one number, but the query gave ${series.length} series` }
  return { ok: true, value: series[0] ?? null }
}

function run(compiled: Compiled, context: Readonly<Record<string, unknown>>): ExpressionValue {
  try {
    const value = compiled.evaluate(context)
    if (typeof value === 'boolean') return { kind: 'bool', value }
    return { kind: 'inconclusive', reason: 'the expression gave neither true nor false' }
  } catch (error) {
    return { kind: 'inconclusive', reason: messageOf(error) }
  }
}

/** The first line of what an error of the expression library says, without its picture of the place. */
export function messageOf(error: unknown): string {
  return firstLine(error instanceof Error ? error.message : String(error))
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function refused(text: string, message: string, position: number): Refused {
  const start = text.lastIndexOf('\n', Math.max(0, position - 1)) + 1
  const end = text.indexOf('\n', position)
  const line = text.slice(start, end === -1 ? undefined : end)
  return {
    ok: false,
    message: `${message}\n  ${line.slice(0, LONGEST_EXPRESSION)}\n  ${' '.repeat(Math.max(0, position - start))}^`,
    position,
  }
}
