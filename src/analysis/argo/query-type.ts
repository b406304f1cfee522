/** What Prometheus answers a query with: one number without labels, or a list of series. Argo takes the list as a list. */
export type QueryType = 'scalar' | 'vector'

/**
 * The type of a PromQL query, from its text alone: a scalar is made of numbers, `time()`, `pi()`, `scalar(…)`, and
 * arithmetic and comparisons between those. Everything else, also what is no PromQL, is a vector.
 */
export function queryTypeOf(query: string): QueryType {
  const tokens = tokensOf(query)
  return tokens !== null && isScalar(tokens) ? 'scalar' : 'vector'
}

const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[a-z_:][\w:.]*|==|!=|<=|>=|[-+*/%^<>(),]|[^]/giy
const NUMBER = /^(?:0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|nan)$/i
const OPERATORS: ReadonlySet<string> = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  'atan2',
  '==',
  '!=',
  '<=',
  '>=',
  '<',
  '>',
])
const FUNCTIONS: ReadonlySet<string> = new Set(['scalar', 'time', 'pi'])
/** Longer queries are not made of numbers alone. */
const MOST_TOKENS = 2_000

/** The tokens that say something; null for a text with too many of them. */
function tokensOf(query: string): readonly string[] | null {
  const tokens: string[] = []
  for (const [token] of query.matchAll(TOKEN)) {
    if (/^(?:\s|#)/.test(token)) continue
    tokens.push(token)
    if (tokens.length > MOST_TOKENS) return null
  }
  return tokens
}

/** Operands and operators in turn; inside brackets the same, and anything inside the arguments of a function. */
function isScalar(tokens: readonly string[]): boolean {
  let depth = 0
  let wantsOperand = true
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? ''
    if (wantsOperand) {
      if (token === '+' || token === '-') continue
      if (token === '(') depth += 1
      else if (FUNCTIONS.has(token) && tokens[index + 1] === '(') {
        index = endOfCall(tokens, index + 1)
        wantsOperand = false
      } else if (NUMBER.test(token)) wantsOperand = false
      else return false
    } else if (token === ')') {
      depth -= 1
      if (depth < 0) return false
    } else if (OPERATORS.has(token)) {
      if (tokens[index + 1] === 'bool') index += 1
      wantsOperand = true
    } else return false
  }
  return depth === 0 && !wantsOperand
}

function endOfCall(tokens: readonly string[], open: number): number {
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    if (tokens[index] === '(') depth += 1
    if (tokens[index] === ')') depth -= 1
    if (depth === 0) return index
  }
  return tokens.length
}
