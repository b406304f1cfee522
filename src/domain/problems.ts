import { visible } from './characters.ts'

/** Keys and indices from the top of the document to the place of a problem. */
export type ProblemPath = readonly (string | number)[]

/**
 * One thing that is wrong with a plan or a configuration: where, what was there, what was expected, what to do. `rule`
 * is stable and names the docs section.
 */
export interface Problem {
  readonly rule: string
  readonly path: ProblemPath
  readonly message: string
  readonly received?: string
  readonly expected?: string
  readonly fix?: string
  /** Where it stands when that is another file than the one that was read: a template. */
  readonly place?: Place
}

/** A place in a text; line and column are counted from 1. */
interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A problem with its place in the text. */
export interface LocatedProblem extends Problem, Place {}

/** What to do about a name that is not known. */
export function useOneOr(known: readonly string[], otherwise: string): string {
  return known.length === 0 ? otherwise : `use one of these, or ${otherwise}`
}

/** The order in which people go through problems: file by file, from the top. */
export function byPlace(left: Place, right: Place): number {
  const ofFile = left.file === right.file ? 0 : left.file < right.file ? -1 : 1
  return ofFile || left.line - right.line || left.column - right.column
}

/** So many problems are shown at once; more would bury what to do. */
export const MOST_PROBLEMS = 100

/** The rule of the entry that stands before a list which is not whole, and says how many there are. */
export const MANY_PROBLEMS = 'many-problems'

/**
 * The problems that are shown, with one before them that says how many there are when these are not all. `place` is what
 * that one needs beside its words.
 */
export function withHeading<T extends Problem>(
  shown: readonly T[],
  count: number,
  place: Omit<T, 'rule' | 'message' | 'received' | 'expected' | 'fix' | 'place'>,
): readonly (T | (Problem & typeof place))[] {
  if (count <= shown.length) return shown
  const heading = {
    rule: MANY_PROBLEMS,
    message: `there are ${count.toLocaleString('en')} problems, and these are the first ${shown.length}`,
    fix: 'fix these first',
  }
  return [{ ...place, ...heading }, ...shown]
}

/** Collects problems: each once, as many as are shown, in words of bounded length that hide nothing. */
export function createProblemList(): {
  readonly report: (problem: Problem) => void
  readonly hasPath: (path: ProblemPath) => boolean
  readonly problems: () => readonly Problem[]
} {
  const seen = new Set<string>()
  const paths = new Set<string>()
  const shown: Problem[] = []
  return {
    report(problem) {
      const { path, message, received } = problem
      const size = seen.size
      if (seen.add(JSON.stringify([path, message, received])).size === size) return
      paths.add(JSON.stringify(path))
      if (shown.length < MOST_PROBLEMS) shown.push(inBounds(problem))
    },
    hasPath: (path) => paths.has(JSON.stringify(path)),
    problems: () => withHeading(shown, seen.size, { path: [] }),
  }
}

const LONGEST_WORDS = 500

function inBounds(problem: Problem): Problem {
  const { rule, path, message, received, expected, fix, place } = problem
  return {
    ...{ rule, path, message: inWords(message), ...(place !== undefined && { place }) },
    ...(received !== undefined && { received: inWords(received) }),
    ...(expected !== undefined && { expected: inWords(expected) }),
    ...(fix !== undefined && { fix: inWords(fix) }),
  }
}

function inWords(text: string): string {
  return visible(text.length <= LONGEST_WORDS ? text : `${text.slice(0, LONGEST_WORDS - 3)}...`)
}

/** `steps[2].weight`, the way people write a path. */
export function formatPath(path: ProblemPath): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

/** A value as it looked in the document, shortened for a message. */
export function showValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'undefined') return String(value)
  return shortened(JSON.stringify(value) ?? typeof value)
}

/** At most 80 characters of a text, so that one value does not fill the screen. */
export function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}

/** A problem as lines for a terminal: `file:line:column: message`, then what was seen, expected and how to fix it. */
export function formatProblem(problem: LocatedProblem): string {
  const lines = [`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`]
  if (problem.received !== undefined) lines.push(`  seen:     ${problem.received}`)
  if (problem.expected !== undefined) lines.push(`  expected: ${problem.expected}`)
  if (problem.fix !== undefined) lines.push(`  fix:      ${problem.fix}`)
  return lines.join('\n')
}
