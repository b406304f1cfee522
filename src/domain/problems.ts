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
}

/** A problem with its place in the text, both counted from 1. */
export interface LocatedProblem extends Problem {
  readonly file: string
  readonly line: number
  readonly column: number
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
