import { type Token, tokensOf } from './tokens.ts'

/** A condition in CEL, or what CEL has no form for and where it stands (0-based offset). */
type Rewritten =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string; readonly position: number }

/**
 * Rewrites a condition of the expr-lang dialect (Argo Rollouts) to CEL: words become signs (`and`, `or`, `not`),
 * predicates become macros (`all(result, {# < 5})` is `result.all(x, x < 5)`), `nil` is `null`, `x not in y` is
 * `!(x in y)`, whole numbers in a division become doubles because expr-lang always divides as floats. Parentheses and
 * string literals stay as they are. What has no form in CEL is named, never dropped.
 */
export function rewriteCondition(text: string): Rewritten {
  try {
    const reader = readerOf(text)
    const result = expression(reader, 0)
    const rest = reader.peek()
    if (rest.kind !== 'end') throw unsupported(`'${rest.text}' is not expected here`, rest)
    return { ok: true, text: result }
  } catch (error) {
    if (error instanceof UnsupportedError) return { ok: false, problem: error.message, position: error.position }
    throw error
  }
}

class UnsupportedError extends Error {
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.position = position
  }
}

interface Reader {
  readonly peek: (ahead?: number) => Token
  readonly next: () => Token
  /** Names of the elements of the predicates that are open, innermost last. */
  readonly elements: string[]
  depth: number
}

/** Deepest nesting that is read, as in the environment that runs the result. */
const DEEPEST = 40

function readerOf(text: string): Reader {
  const scanned = tokensOf(text)
  if (!scanned.ok) throw new UnsupportedError(scanned.problem, scanned.position)
  const end: Token = { kind: 'end', text: 'the end', position: text.length }
  let at = 0
  return {
    peek: (ahead = 0) => scanned.tokens[at + ahead] ?? end,
    next: () => scanned.tokens[at++] ?? end,
    elements: [],
    depth: 0,
  }
}

interface Binary {
  readonly power: number
  readonly write: (left: string, right: string) => string
}

const sign =
  (text: string): Binary['write'] =>
  (left, right) =>
    `${left} ${text} ${right}`
const method =
  (name: string): Binary['write'] =>
  (left, right) =>
    `${enclose(left)}.${name}(${right})`

const BINARY: Readonly<Record<string, Binary>> = {
  '||': { power: 10, write: sign('||') },
  or: { power: 10, write: sign('||') },
  '&&': { power: 15, write: sign('&&') },
  and: { power: 15, write: sign('&&') },
  '==': { power: 20, write: sign('==') },
  '!=': { power: 20, write: sign('!=') },
  '<': { power: 20, write: sign('<') },
  '<=': { power: 20, write: sign('<=') },
  '>': { power: 20, write: sign('>') },
  '>=': { power: 20, write: sign('>=') },
  in: { power: 20, write: sign('in') },
  contains: { power: 20, write: method('contains') },
  startsWith: { power: 20, write: method('startsWith') },
  endsWith: { power: 20, write: method('endsWith') },
  '+': { power: 30, write: sign('+') },
  '-': { power: 30, write: sign('-') },
  '*': { power: 60, write: sign('*') },
  '/': { power: 60, write: divided },
  '%': { power: 60, write: sign('%') },
}
const NEGATABLE: ReadonlySet<string> = new Set(['in', 'contains', 'startsWith', 'endsWith'])
const UNARY_POWER = 90

function expression(reader: Reader, least: number): string {
  reader.depth += 1
  if (reader.depth > DEEPEST) throw unsupported('the condition is nested too deeply', reader.peek())
  let left = operand(reader)
  for (;;) {
    const token = reader.peek()
    const negated = token.text === 'not' && NEGATABLE.has(reader.peek(1).text)
    const operator = binaryAt(negated ? reader.peek(1) : token)
    if (operator === undefined || operator.power < least) break
    reader.next()
    if (negated) reader.next()
    const right = expression(reader, operator.power + 1)
    left = negated ? `!(${operator.write(left, right)})` : operator.write(left, right)
  }
  if (least === 0 && reader.peek().text === '?') left = ternary(reader, left)
  reader.depth -= 1
  return left
}

function ternary(reader: Reader, condition: string): string {
  reader.next()
  const yes = expression(reader, 0)
  take(reader, ':')
  return `${condition} ? ${yes} : ${expression(reader, 0)}`
}

function operand(reader: Reader): string {
  const token = reader.peek()
  if (token.text === 'not' || token.text === '!') return negation(reader)
  if (token.text === '-' || token.text === '+') {
    reader.next()
    return `${token.text === '-' ? '-' : ''}${expression(reader, UNARY_POWER)}`
  }
  return postfix(reader, primary(reader))
}

// `not x in y` means `not (x in y)` to whoever writes it, although `not` binds tighter.
function negation(reader: Reader): string {
  const word = reader.next().text
  const inner = expression(reader, UNARY_POWER)
  const token = reader.peek()
  if (word !== 'not' || !NEGATABLE.has(token.text)) return `!${inner}`
  const operator = binaryAt(token)
  if (operator === undefined) return `!${inner}`
  reader.next()
  return `!(${operator.write(inner, expression(reader, operator.power + 1))})`
}

function primary(reader: Reader): string {
  const token = reader.next()
  switch (token.kind) {
    case 'number':
    case 'string':
      return token.text
    case 'name':
      return reader.peek().text === '(' ? call(reader, token) : name(token)
    case 'sign':
      return enclosed(reader, token)
    case 'end':
      throw unsupported('the condition ends too early', token)
  }
}

function enclosed(reader: Reader, token: Token): string {
  switch (token.text) {
    case '(': {
      const inner = expression(reader, 0)
      take(reader, ')')
      return `(${inner})`
    }
    case '[':
      return `[${listUntil(reader, ']').join(', ')}]`
    case '#': {
      const element = reader.elements.at(-1)
      if (element === undefined) throw unsupported('`#` stands outside a predicate', token)
      return element
    }
    default:
      throw unsupported(`'${token.text}' has no form in CEL`, token)
  }
}

function name(token: Token): string {
  if (token.text === 'nil') return 'null'
  if (token.text === 'let' || token.text === 'if') throw unsupported(`\`${token.text}\` has no form in CEL`, token)
  return token.text
}

function postfix(reader: Reader, start: string): string {
  let text = start
  for (;;) {
    const token = reader.peek()
    if (token.text === '[') text = indexed(reader, text)
    else if (token.text === '.') text = member(reader, text)
    else return text
  }
}

function indexed(reader: Reader, list: string): string {
  reader.next()
  if (reader.peek().text === '-' && reader.peek(1).text === '1' && reader.peek(2).text === ']') {
    for (let count = 0; count < 3; count += 1) reader.next()
    return `last(${list})`
  }
  const token = reader.peek()
  if (token.text === '-') throw unsupported('of the indexes from the end only -1 has a form in CEL', token)
  const index = expression(reader, 0)
  take(reader, ']')
  return `${list}[${index}]`
}

function member(reader: Reader, owner: string): string {
  reader.next()
  const field = reader.next()
  if (field.kind !== 'name') throw unsupported('a field name is expected after the dot', field)
  if (reader.peek().text !== '(') return `${owner}.${field.text}`
  if (!CEL_METHODS.has(field.text)) throw unsupported(`the method \`${field.text}\` has no form in CEL`, field)
  reader.next()
  return `${owner}.${field.text}(${listUntil(reader, ')').join(', ')})`
}

// A text that is CEL already comes out as it went in.
const CEL_METHODS: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'exists_one',
  'filter',
  'map',
  'contains',
  'startsWith',
  'endsWith',
])

const MACROS: Readonly<Record<string, (list: string, element: string, predicate: string) => string>> = {
  all: (list, element, predicate) => `${list}.all(${element}, ${predicate})`,
  any: (list, element, predicate) => `${list}.exists(${element}, ${predicate})`,
  none: (list, element, predicate) => `!${list}.exists(${element}, ${predicate})`,
  one: (list, element, predicate) => `${list}.exists_one(${element}, ${predicate})`,
  filter: (list, element, predicate) => `${list}.filter(${element}, ${predicate})`,
  map: (list, element, predicate) => `${list}.map(${element}, ${predicate})`,
  count: (list, element, predicate) => `len(${list}.filter(${element}, ${predicate}))`,
}

/** Functions that keep their name. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  'len',
  'isNaN',
  'isInf',
  'isNil',
  'asInt',
  'asFloat',
  'default',
  'max',
  'min',
  'sum',
  'mean',
  'median',
  'first',
  'last',
  'abs',
  'ceil',
  'floor',
  'round',
  'int',
])
const RENAMED: Readonly<Record<string, string>> = { float: 'asFloat' }

function call(reader: Reader, token: Token): string {
  reader.next()
  const macro = Object.hasOwn(MACROS, token.text) ? MACROS[token.text] : undefined
  if (macro !== undefined) return predicateCall(reader, token, macro)
  const renamed = Object.hasOwn(RENAMED, token.text) ? (RENAMED[token.text] ?? token.text) : token.text
  if (!FUNCTIONS.has(token.text) && renamed === token.text) {
    throw unsupported(`the function \`${token.text}\` has no form in CEL`, token)
  }
  return `${renamed}(${listUntil(reader, ')').join(', ')})`
}

function predicateCall(
  reader: Reader,
  token: Token,
  macro: (list: string, element: string, predicate: string) => string,
): string {
  const list = expression(reader, 0)
  if (reader.peek().text === ')') throw unsupported(`\`${token.text}\` without a predicate has no form in CEL`, token)
  take(reader, ',')
  const braced = reader.peek().text === '{'
  if (braced) reader.next()
  const element = reader.elements.length === 0 ? 'x' : `x${reader.elements.length}`
  reader.elements.push(element)
  const predicate = expression(reader, 0)
  reader.elements.pop()
  if (braced) take(reader, '}')
  take(reader, ')')
  return macro(enclose(list), element, predicate)
}

function listUntil(reader: Reader, end: string): string[] {
  const items: string[] = []
  while (reader.peek().text !== end) {
    if (items.length > 0) take(reader, ',')
    items.push(expression(reader, 0))
  }
  reader.next()
  return items
}

// Between whole numbers CEL divides without a remainder, expr-lang does not.
function divided(left: string, right: string): string {
  if (/^-?\d+$/.test(right)) return `${left} / ${right}.0`
  if (/^-?\d+$/.test(left)) return `${left}.0 / ${right}`
  return /\b(?:len|asInt|int|round)\(|^\(/.test(left) && !left.startsWith('asFloat(')
    ? `asFloat(${left}) / ${right}`
    : `${left} / ${right}`
}

function enclose(text: string): string {
  return /^[\w.[\]]+$/.test(text) ? text : `(${text})`
}

function binaryAt(token: Token): Binary | undefined {
  if (token.kind !== 'sign' && token.kind !== 'name') return undefined
  return Object.hasOwn(BINARY, token.text) ? BINARY[token.text] : undefined
}

function take(reader: Reader, text: string): void {
  const token = reader.next()
  if (token.text !== text || token.kind === 'string')
    throw unsupported(`expected '${text}', found ${token.kind === 'end' ? 'the end' : `'${token.text}'`}`, token)
}

function unsupported(message: string, token: Token): UnsupportedError {
  return new UnsupportedError(message, token.position)
}
