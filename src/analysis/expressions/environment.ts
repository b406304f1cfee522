import { type ASTNode, Environment, type Limits } from '@marcbachmann/cel-js'

/** Longest expression, in characters. */
export const LONGEST_EXPRESSION = 512

/** How a variable of an expression is bound: a list of series, or the one number of a query that gives one series. */
export type Shape = 'list' | 'number'

/** What the functions of a dialect do with their arguments, beyond what every dialect shares. */
export interface Dialect {
  readonly isNil: (env: Environment) => void
  readonly default: (env: Environment) => void
  readonly extras: (env: Environment) => void
}

/** The environment in which expressions are type-checked; the variables have their real types. */
export function checkingEnvironment(shapes: Readonly<Record<string, Shape>>, dialect: Dialect): Environment {
  const environment = baseEnvironment(dialect, WRITTEN_LIMITS)
  for (const [name, shape] of Object.entries(shapes)) {
    environment.registerVariable(name, shape === 'list' ? 'list<double>' : 'double')
  }
  return environment
}

/** The environment in which checked expressions run; variables may also be null, so overloads are found by value. */
export function runningEnvironment(names: readonly string[], dialect: Dialect): Environment {
  const environment = baseEnvironment(dialect, REWRITTEN_LIMITS)
  environment.registerFunction('known(dyn): dyn', known)
  environment.registerFunction('comparable(dyn): dyn', comparable)
  for (const name of names) environment.registerVariable(name, 'dyn')
  return environment
}

/** CEL as Sluice's own plans use it: `isNil` and `default` look at their first argument. */
export const CEL_DIALECT: Dialect = {
  isNil: (env) => env.registerFunction('isNil(dyn): bool', (value: unknown) => value === null),
  default: (env) =>
    env.registerFunction('default(dyn, dyn): dyn', (value: unknown, other: unknown) =>
      value === null ? other : value,
    ),
  extras: (env) =>
    env.registerFunction('sum(list<double>): double', (values: Numbers) => total(nonEmpty(values, 'sum'))),
}

const WRITTEN_LIMITS: Limits = {
  maxAstNodes: 500,
  maxDepth: 40,
  maxListElements: 100,
  maxMapEntries: 20,
  maxCallArguments: 8,
}
// Re-writing adds parentheses and guards to a text that is within the limits above.
const REWRITTEN_LIMITS: Limits = { ...WRITTEN_LIMITS, maxAstNodes: 5_000, maxDepth: 5_000 }

const syntax = new Environment({ limits: WRITTEN_LIMITS })

/** Parses within the limits for texts that people write. Throws the library's `ParseError`. */
export function parseExpression(text: string): ASTNode {
  return syntax.parse(text).ast
}

type Numbers = readonly (number | bigint)[]

function baseEnvironment(dialect: Dialect, limits: Limits): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits })
  environment.registerConstant('nil', 'null', null)
  registerMixedArithmetic(environment)
  registerFunctions(environment)
  dialect.isNil(environment)
  dialect.default(environment)
  dialect.extras(environment)
  return environment
}

// Plain CEL has no double × int, so `result[0] * 100 > 95` would be refused.
function registerMixedArithmetic(environment: Environment): void {
  const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  }
  for (const [sign, compute] of Object.entries(operations)) {
    const handler = (a: number | bigint, b: number | bigint): number => compute(Number(a), Number(b))
    environment.registerOperator(`double ${sign} int`, handler)
    environment.registerOperator(`int ${sign} double`, handler)
  }
  environment.registerOperator('double == int', (a: number, b: bigint) => a === Number(b))
  environment.registerOperator('double == null', (a: unknown) => a === null)
  environment.registerOperator('list<double> == null', (a: unknown) => a === null)
}

function registerFunctions(environment: Environment): void {
  // `len` must give an int: a double would break `len(result) == 0`.
  environment.registerFunction('len(list<dyn>): int', (list: readonly unknown[]) => BigInt(list.length))
  environment.registerFunction('len(string): int', (text: string) => BigInt(text.length))
  for (const type of ['double', 'int'] as const) {
    environment.registerFunction(`isNaN(${type}): bool`, (value: number | bigint) => Number.isNaN(Number(value)))
    environment.registerFunction(
      `isInf(${type}): bool`,
      (value: number | bigint) => Math.abs(Number(value)) === Infinity,
    )
    environment.registerFunction(`asFloat(${type}): double`, (value: number | bigint) => Number(value))
    environment.registerFunction(`asInt(${type}): int`, (value: number | bigint) => truncated(value))
  }
  environment.registerFunction('isIn(dyn, list<dyn>): bool', isIn)
  environment.registerFunction('asFloat(string): double', floatOf)
  environment.registerFunction('asInt(string): int', intOf)
  environment.registerFunction('max(list<double>): double', (list: Numbers) =>
    Math.max(...nonEmpty(list, 'max').map(Number)),
  )
  environment.registerFunction('min(list<double>): double', (list: Numbers) =>
    Math.min(...nonEmpty(list, 'min').map(Number)),
  )
  for (const a of ['double', 'int'] as const) {
    for (const b of ['double', 'int'] as const) {
      environment.registerFunction(`max(${a}, ${b}): double`, (x: number | bigint, y: number | bigint) =>
        Math.max(Number(x), Number(y)),
      )
      environment.registerFunction(`min(${a}, ${b}): double`, (x: number | bigint, y: number | bigint) =>
        Math.min(Number(x), Number(y)),
      )
    }
  }
}

/** Sum of numbers as a double. */
export function total(values: Numbers): number {
  return values.reduce<number>((sum, value) => sum + Number(value), 0)
}

/** The same list, or an error that names the function when there is nothing to work on. */
export function nonEmpty(values: Numbers, name: string): Numbers {
  if (values.length === 0) throw new Error(`${name} of no series`)
  return values
}

function isIn(value: unknown, list: readonly unknown[]): boolean {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  return list.some((item) => item === value || (isNumber && Number(item) === Number(value)))
}

function truncated(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value
  if (!Number.isFinite(value)) throw new Error(`asInt of ${value}`)
  return BigInt(Math.trunc(value))
}

function floatOf(text: string): number {
  const value = Number(text)
  if (text.trim() !== text || text === '' || Number.isNaN(value)) throw new Error(`asFloat of '${text}'`)
  return value
}

function intOf(text: string): bigint {
  if (!/^[+-]?\d{1,19}$/.test(text)) throw new Error(`asInt of '${text}'`)
  return BigInt(text)
}

// NaN would make every comparison false, and false may be the good answer: refuse to compare instead.
function known(value: unknown): unknown {
  if (value === null) throw new Error('a value is absent')
  return comparable(value)
}

function comparable(value: unknown): unknown {
  if (typeof value === 'number' && Number.isNaN(value)) throw new Error('a value is not a number')
  if (Array.isArray(value)) for (const item of value) comparable(item)
  return value
}
