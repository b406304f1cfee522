import { SluiceError } from '../domain/errors.ts'
import type { PipelineRead } from '../domain/pipeline/read-pipeline.ts'
import { byPlace, formatProblem, type Problem } from '../domain/problems.ts'
import type { YamlText } from '../domain/yaml/yaml-text.ts'
import type { Installation } from './installation.ts'

/** A pipeline that was sent, or the name of one that `sluice.yaml` knows. */
export interface PipelineChoice {
  readonly pipeline?: unknown
  readonly name?: string | undefined
}

/**
 * The pipeline that is meant, as it was written. What is wrong with one that has a name gets its place: only the server has its
 * files.
 * @throws SluiceError `request.invalid` for a name that nobody knows
 */
export function chosenPipeline(
  { pipeline, name }: PipelineChoice,
  installation: Installation,
): { readonly written: unknown; readonly placed: (problems: readonly Problem[]) => readonly Problem[] } {
  if (name === undefined) return { written: pipeline, placed: (problems) => problems }
  const { value, locate } = requirePipeline(installation, name)
  const placed = (problem: Problem): Problem => {
    const { file, line, column, ...own } = locate(problem)
    return { ...own, place: { file, line, column } }
  }
  return { written: value, placed: (problems) => problems.map(placed) }
}

/**
 * Goes through the pipelines of an installation before anybody starts one.
 * @throws SluiceError `config.invalid` with every problem at its place
 */
export async function checkPipelines(
  { pipelines = {} }: Installation,
  read: (written: unknown) => Promise<PipelineRead>,
): Promise<void> {
  const found = await Promise.all(
    Object.values(pipelines).map(async ({ value, locate }) => {
      const result = await read(value)
      return 'problems' in result ? result.problems.map(locate) : []
    }),
  )
  const problems = found.flat().toSorted(byPlace)
  if (problems.length === 0) return
  throw new SluiceError('config.invalid', {
    message: `the pipelines of sluice.yaml have problems:\n${problems.map(formatProblem).join('\n')}`,
    fix: 'fix each of them, or take its pipeline out of sluice.yaml, then start again',
  })
}

function requirePipeline({ pipelines = {} }: Installation, name: string): YamlText {
  const found = Object.hasOwn(pipelines, name) ? pipelines[name] : undefined
  if (found !== undefined) return found
  const known = Object.keys(pipelines).slice(0, 10).join(', ')
  throw new SluiceError('request.invalid', {
    message: `there is no pipeline ${name} in sluice.yaml`,
    received: name,
    expected: known === '' ? 'the file of a pipeline: sluice.yaml names none' : `a pipeline from sluice.yaml: ${known}`,
    fix: `${known === '' ? 'ask' : `name one of these (${known}), ask`} an administrator to add it under pipelines, or start it with its file by sluice pipeline start`,
  })
}
