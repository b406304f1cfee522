import { Composer, type Document, LineCounter, stringify } from 'yaml'
import { foreignCharacter } from '../characters.ts'
import { type LocatedProblem, MOST_PROBLEMS, type Problem, withHeading } from '../problems.ts'
import { locate, type PlacedText, placeOf } from './yaml-place.ts'
import { PLAN_LIMITS, type TextLimits, tokensOf } from './yaml-scan.ts'
import { type PlacedProblem, readValue } from './yaml-value.ts'

/** A parsed YAML text that still knows where everything stood. */
export interface YamlText {
  readonly value: unknown
  /** Adds the place in the text, and the text as it was written there. */
  readonly locate: (problem: Problem) => LocatedProblem
}

/** The value, or all problems of the text. `rest` is what can be read in spite of them, or null when nothing can. */
export type ReadYaml =
  | { readonly yaml: YamlText }
  | { readonly problems: readonly LocatedProblem[]; readonly rest: YamlText | null }

/**
 * Reads YAML that people wrote: one document. Answers with all problems of the text, or with the value.
 * @throws SluiceError `plan.too-large`, `plan.too-deep` (or what the limits name) before anything is parsed.
 */
export function readYaml(text: string, file: string, limits = PLAN_LIMITS): ReadYaml {
  const read = readDocuments(text, file, limits)
  if (!Array.isArray(read)) return read
  const [first, second] = read
  if (first === undefined) throw new Error('the composer gives at least one document')
  if (second === undefined) return first.result
  const problem: LocatedProblem = {
    ...{ rule: 'yaml', path: [], ...second.place },
    message: `a second document begins here, and ${limits.noun} is a single one`,
    expected: 'one document',
    fix: 'remove the rest, or give it a file of its own',
  }
  return { problems: [...('problems' in first.result ? first.result.problems : []), problem], rest: null }
}

/** As {@link readYaml}, for files with several documents; those without a word in them are left out. */
export function readYamlDocuments(
  text: string,
  file: string,
  limits = PLAN_LIMITS,
): { readonly documents: readonly YamlText[] } | { readonly problems: readonly LocatedProblem[] } {
  const read = readDocuments(text, file, limits)
  if (!Array.isArray(read)) return read
  const problems = read.flatMap(({ result }) => ('problems' in result ? result.problems : []))
  if (problems.length > 0) return { problems }
  const documents = read.flatMap(({ result }) => ('yaml' in result ? [result.yaml] : []))
  return { documents: documents.filter(({ value }) => value !== null) }
}

/** Writes a value as YAML for people to read and paste: long lines stay whole, and nothing is written as an alias. */
export function writeYaml(value: unknown): string {
  return stringify(value, { version: '1.2', lineWidth: 0, aliasDuplicateObjects: false })
}

interface ReadDocument {
  readonly place: Pick<LocatedProblem, 'file' | 'line' | 'column'>
  readonly result: ReadYaml
}

function readDocuments(
  text: string,
  file: string,
  limits: TextLimits,
): ReadDocument[] | { problems: readonly LocatedProblem[]; rest: null } {
  const lines = new LineCounter()
  const source = { file, text, lines }
  const tokens = tokensOf(text, file, limits, lines)
  const foreign = foreignCharacter(text)
  if (foreign !== null) {
    const { offset, name, why, fix } = foreign
    const words = { message: why, received: name, expected: 'a text in UTF-8', fix }
    return { problems: [{ rule: 'not-text', path: [], ...placeOf(source, offset), ...words }], rest: null }
  }
  const composer = new Composer({
    ...{ version: '1.2', schema: 'core', stringKeys: true, prettyErrors: false },
    // Its own search for keys that stand twice compares each with each.
    uniqueKeys: false,
  })
  return [...composer.compose(tokens, true, text.length)].map((document) => ({
    place: placeOf(source, document.range[0]),
    result: readDocument(document, source, limits),
  }))
}

function readDocument(document: Document.Parsed, source: PlacedText, limits: TextLimits): ReadYaml {
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    // What the parser says further of the same line comes of its first fault there.
    const lines = new Set<number>()
    const first = faults.filter(({ pos: [at] }) => lines.size < lines.add(placeOf(source, at).line).size)
    const shown = first.slice(0, MOST_PROBLEMS).map((fault) => syntaxProblem(fault, source))
    return { problems: withHeading(shown, first.length, { path: [], ...placeOf(source, 0) }), rest: null }
  }
  const { value, problems } = readValue(document, limits)
  const yaml: YamlText = { value, locate: (problem) => locate(problem, document, source) }
  if (problems.length === 0) return { yaml }
  const shown = problems.slice(0, MOST_PROBLEMS).map((problem) => placed(problem, source))
  const isReadable = problems.every(({ problem }) => problem.rule === 'duplicate-key')
  const listed = withHeading(shown, problems.length, { path: [], ...placeOf(source, 0) })
  return { problems: listed, rest: isReadable ? yaml : null }
}

function placed({ problem, offset, other }: PlacedProblem, source: PlacedText): LocatedProblem {
  const own = { ...problem, ...placeOf(source, offset) }
  if (other === undefined) return own
  const { file, line, column } = placeOf(source, other)
  return { ...own, expected: `each key once; the other one is at ${file}:${line}:${column}` }
}

function syntaxProblem(fault: Document['errors'][number] | Document['warnings'][number], source: PlacedText) {
  return {
    rule: 'yaml',
    path: [],
    ...placeOf(source, fault.pos[0]),
    message: fault.message.split('\n')[0] ?? fault.message,
    expected: 'YAML 1.2',
    fix: /same column|implicit map key|indentation/.test(fault.message)
      ? 'indent with spaces, and the entries of one list or map by as many'
      : 'fix the YAML at this place',
  }
}
