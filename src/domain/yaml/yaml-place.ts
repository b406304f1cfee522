import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import { visible } from '../characters.ts'
import { type LocatedProblem, type Problem, type ProblemPath, shortened } from '../problems.ts'

/** A text with what is needed to find places in it. */
export interface PlacedText {
  readonly file: string
  readonly text: string
  readonly lines: LineCounter
}

/** Line and column of an offset, both from 1. */
export function placeOf({ file, lines }: PlacedText, offset: number) {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(1, line), column: Math.max(1, col) }
}

/** Adds to a problem its place in the text, and the text as it was written there. */
export function locate(problem: Problem, document: Document, source: PlacedText): LocatedProblem {
  const { place: elsewhere, ...own } = problem
  if (elsewhere !== undefined) return { ...own, ...elsewhere }
  const { node, isExact } = findNode(problem, document)
  const [start, end] = node?.range ?? [0, 0]
  const isWritten = isExact && isScalar(node) && problem.rule === 'value'
  const written = isWritten
    ? { received: shortened(visible(source.text.slice(start, Math.min(end, start + 100)))) }
    : {}
  return { ...problem, ...written, ...placeOf(source, start) }
}

/** Rules whose problem is the key itself, not the value behind it. */
const KEY_RULES = new Set(['unknown-key', 'unknown-step', 'unknown-check', 'check-name', 'forbidden-key'])

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
