import {
  type CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  stringify,
} from 'yaml'
import { SluiceError } from './errors.ts'
import { type LocatedProblem, type Problem, type ProblemPath, shortened } from './problems.ts'

/** Largest text that is looked at, in characters. The largest sensible plan is a hundredth of it. */
export const LARGEST_TEXT = 256 * 1_024
/** Deepest nesting that is parsed. The parser can end the whole process on far deeper input, so it is scanned before. */
export const DEEPEST_NESTING = 32
/** Most expansions of aliases: a short text may not stand for a huge document. */
const MOST_ALIASES = 20

/** A parsed YAML text that still knows where everything stood. */
export interface YamlText {
  readonly value: unknown
  /** Adds the place in the text, and the text as it was written there. */
  readonly locate: (problem: Problem) => LocatedProblem
}

/**
 * Reads YAML that people wrote. Answers with all syntax problems, or with the value.
 * @throws SluiceError `plan.too-large`, `plan.too-deep` before anything is parsed.
 */
export function readYaml(text: string, file: string): { yaml: YamlText } | { problems: readonly LocatedProblem[] } {
  refuseLarge(text, file)
  refuseDeep(text, file)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', stringKeys: true })
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    return { problems: faults.map((fault) => syntaxProblem(fault, file, lines)) }
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
    return { yaml: { value, locate: (problem) => locate(problem, document, text, file, lines) } }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const expected = `at most ${MOST_ALIASES} expansions of aliases`
    const fix = 'write the repeated part out'
    return { problems: [{ rule: 'yaml', path: [], file, line: 1, column: 1, message, expected, fix }] }
  }
}

/** Writes a value as YAML for people to read and paste: long lines stay whole, and nothing is written as an alias. */
export function writeYaml(value: unknown): string {
  return stringify(value, { version: '1.2', lineWidth: 0, aliasDuplicateObjects: false })
}

function refuseLarge(text: string, file: string): void {
  if (text.length <= LARGEST_TEXT) return
  throw new SluiceError('plan.too-large', {
    message: `${file} is too large to be a plan`,
    expected: `at most ${LARGEST_TEXT / 1_024} KiB`,
    received: `${Math.ceil(text.length / 1_024)} KiB`,
    fix: 'check that this is the right file',
  })
}

function refuseDeep(text: string, file: string): void {
  const { depth, line } = deepestNesting(text)
  if (depth <= DEEPEST_NESTING) return
  throw new SluiceError('plan.too-deep', {
    message: `${file}:${line}: nested too deeply to be a plan`,
    expected: `at most ${DEEPEST_NESTING} levels`,
    received: `more than ${DEEPEST_NESTING} levels`,
    fix: 'flatten the document',
  })
}

/**
 * How deep the parser would nest this text; never less than what it reads. Its own tokenizer counts, which keeps a list where the parser's
 * later passes call themselves. Stops at the first line beyond the limit.
 */
export function deepestNesting(text: string): { readonly depth: number; readonly line: number } {
  const parser = new Parser()
  let line = 1
  let deepest = { depth: 0, line }
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)) {
      // The tokens that are complete do not matter here, only the stack of those that are not.
    }
    const depth = parser.stack.reduce((sum, token) => sum + levelsOf(token), 0)
    if (depth > deepest.depth) deepest = { depth, line }
    if (depth > DEEPEST_NESTING) return deepest
    line += lexeme.split('\n').length - 1
  }
  return deepest
}

/** A pair in a flow list, `[a: b]` or `[? a]`, is a map of its own that the tokenizer does not count. */
function levelsOf(token: CST.Token): number {
  if (token.type === 'block-map' || token.type === 'block-seq') return 1
  if (token.type !== 'flow-collection') return 0
  const { start, sep = [] } = token.items.at(-1) ?? { start: [] }
  const isPair = [...start, ...sep].some(({ type }) => type === 'explicit-key-ind' || type === 'map-value-ind')
  return token.start.source === '[' && isPair ? 2 : 1
}

function syntaxProblem(
  fault: Document['errors'][number] | Document['warnings'][number],
  file: string,
  lines: LineCounter,
) {
  const { line, col } = lines.linePos(fault.pos[0])
  const isDuplicate = fault.code === 'DUPLICATE_KEY'
  const message = (fault.message.split('\n')[0] ?? fault.message).replace(/ at line \d+.*$/, '')
  return {
    rule: isDuplicate ? 'duplicate-key' : 'yaml',
    path: [],
    file,
    line: Math.max(1, line),
    column: Math.max(1, col),
    message: isDuplicate ? 'this key stands twice' : message,
    expected: isDuplicate ? 'each key once' : 'YAML 1.2',
    fix: isDuplicate ? 'remove one of them' : 'correct the text here',
  }
}

function locate(problem: Problem, document: Document, text: string, file: string, lines: LineCounter): LocatedProblem {
  const { node, isExact } = findNode(problem, document)
  const [start, end] = node?.range ?? [0, 0]
  const { line, col } = lines.linePos(start)
  const written =
    isExact && isScalar(node) && problem.rule === 'value' ? { received: shortened(text.slice(start, end)) } : {}
  return { ...problem, ...written, file, line: Math.max(1, line), column: Math.max(1, col) }
}

/** Rules whose problem is the key itself, not the value behind it. */
const KEY_RULES = new Set(['unknown-key', 'unknown-step', 'unknown-check', 'check-name'])

function findNode(problem: Problem, document: Document): { node: Node | null; isExact: boolean } {
  if (KEY_RULES.has(problem.rule)) {
    const key = keyNode(document, problem.path)
    if (key !== null) return { node: key, isExact: true }
  }
  for (let length = problem.path.length; length > 0; length -= 1) {
    const found: unknown = document.getIn(problem.path.slice(0, length), true)
    if (isNode(found)) return { node: found, isExact: length === problem.path.length }
  }
  return { node: document.contents, isExact: problem.path.length === 0 }
}

function keyNode(document: Document, path: ProblemPath): Node | null {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isSeq(parent) || !isMap(parent)) return null
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
  return pair !== undefined && isNode(pair.key) ? pair.key : null
}
