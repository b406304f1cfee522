import { describeError, SluiceError } from '../domain/errors.ts'
import { formatProblem, type LocatedProblem } from '../domain/problems.ts'
import { readYaml, type YamlText } from '../domain/yaml-text.ts'
import { ApiRefusal } from './client.ts'
import { CliFailure, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { clean } from './text.ts'

/** A plan as it stands in a file, parsed but not judged. */
export interface PlanFile {
  readonly name: string
  readonly text: string
  readonly yaml: YamlText
}

/** @throws CliFailure with every syntax problem at its place */
export async function readPlanFile(name: string, { readFile }: Terminal): Promise<PlanFile> {
  const text = await readFile(name).catch((error: unknown) => {
    throw new CliFailure(EXIT.usage, `${clean(name)} cannot be read: ${clean(describeError(error))}`)
  })
  const read = readText(text, name)
  if ('problems' in read) throw planFailure(read.problems)
  return { name, text, yaml: read.yaml }
}

function readText(text: string, name: string) {
  try {
    return readYaml(text, name)
  } catch (error) {
    if (error instanceof SluiceError) throw new CliFailure(EXIT.refused, describeError(error))
    throw error
  }
}

/** Does something with a plan at the server, and gives the places in the file to what the server finds wrong with it. */
export async function withPlaces<T>({ yaml }: PlanFile, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.problem.code !== 'plan.invalid') throw error
    throw planFailure((error.problem.problems ?? []).map(yaml.locate))
  }
}

/** The problems as `file:line:column` blocks with their number. */
export function planFailure(problems: readonly LocatedProblem[]): CliFailure {
  const sorted = problems.toSorted((left, right) => left.line - right.line || left.column - right.column)
  const blocks = sorted.map((problem) => formatProblem(problem).split('\n').map(clean).join('\n'))
  const count = `${sorted.length} ${sorted.length === 1 ? 'problem' : 'problems'}`
  return new CliFailure(EXIT.refused, [...blocks, count].join('\n\n'), { problems: sorted })
}
