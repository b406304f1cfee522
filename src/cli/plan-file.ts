import { describeError, SluiceError } from '../domain/errors.ts'
import { readPlanYaml } from '../domain/plan/plan-text.ts'
import { byPlace, formatProblem, type LocatedProblem, MANY_PROBLEMS } from '../domain/problems.ts'
import type { YamlText } from '../domain/yaml/yaml-text.ts'
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
export async function readPlanFile(name: string, terminal: Pick<Terminal, 'readFile'>): Promise<PlanFile> {
  const text = await readTextFile(name, terminal)
  const read = inBounds(() => readPlanYaml(text, name))
  if ('problems' in read) throw planFailure(read.problems)
  return { name, text, yaml: read.yaml }
}

/** @throws CliFailure when there is no such file */
export async function readTextFile(name: string, { readFile }: Pick<Terminal, 'readFile'>): Promise<string> {
  return readFile(name).catch((error: unknown) => {
    throw new CliFailure(EXIT.usage, `${clean(name)} cannot be read: ${clean(describeError(error))}`)
  })
}

/** @throws CliFailure for a text that is too large or too deep */
export function inBounds<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof SluiceError) throw new CliFailure(EXIT.refused, describeError(error))
    throw error
  }
}

/** Refusals that say where in the file each of their problems is. */
const WITH_PLACES = ['plan.invalid', 'pipeline.invalid']

/** Does something with a plan or a pipeline at the server, and gives the places in the file to what the server finds wrong with it. */
export async function withPlaces<T>({ yaml }: Pick<PlanFile, 'yaml'>, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof ApiRefusal) || !WITH_PLACES.includes(error.problem.code)) throw error
    throw planFailure((error.problem.problems ?? []).map(yaml.locate))
  }
}

/** The problems as `file:line:column` blocks with their number. */
export function planFailure(problems: readonly LocatedProblem[]): CliFailure {
  // What stands in a manifest once may be in the plan several times.
  const each = [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()]
  const sorted = each.toSorted(byPlace)
  const blocks = sorted.map((problem) => formatProblem(problem).split('\n').map(clean).join('\n'))
  const count = `${sorted.length} ${sorted.length === 1 ? 'problem' : 'problems'}`
  // A list that is not whole says itself how many there are.
  const isWhole = !sorted.some(({ rule }) => rule === MANY_PROBLEMS)
  return new CliFailure(EXIT.refused, [...blocks, ...(isWhole ? [count] : [])].join('\n\n'), { problems: sorted })
}
