import { dirname, join } from 'node:path'
import { planFilesIn, readPipelineYaml, unreadPlan, withPlans } from '../domain/pipeline/pipeline-plans.ts'
import type { YamlText } from '../domain/yaml/yaml-text.ts'
import { CliFailure, EXIT } from './failure.ts'
import { inBounds, type PlanFile, planFailure, readPlanFile, readTextFile } from './plan-file.ts'
import type { Terminal } from './terminal.ts'

/** A pipeline as it stands in a file, with the plans of its stages in it; each problem has its place in the file that it is of. */
export async function readPipelineFile(
  name: string,
  terminal: Pick<Terminal, 'readFile' | 'readBeside'>,
): Promise<Pick<PlanFile, 'name' | 'yaml'>> {
  const text = await readTextFile(name, terminal)
  const parsed = inBounds(() => readPipelineYaml(text, name))
  if ('problems' in parsed) throw planFailure(parsed.problems)
  const { yaml } = parsed
  const read = await Promise.all(planFilesIn(yaml).map((file) => planOf(file, dirname(name), terminal)))
  const missing = read.flatMap((one, index) =>
    one instanceof CliFailure ? [yaml.locate(unreadPlan(index, one.message))] : [],
  )
  if (missing.length > 0) throw planFailure(missing)
  const plans = read.map((one) => (one instanceof CliFailure ? null : one))
  return { name, yaml: withPlans(yaml, plans) }
}

/** The plan that a stage names as a file, which stands beside that of the pipeline; null for a stage that names none. */
async function planOf(
  plan: string | null,
  folder: string,
  { readBeside }: Pick<Terminal, 'readBeside'>,
): Promise<YamlText | CliFailure | null> {
  if (plan === null) return null
  try {
    return (await readPlanFile(join(folder, plan), { readFile: readBeside })).yaml
  } catch (error) {
    if (error instanceof CliFailure && error.exitCode === EXIT.usage) return error
    throw error
  }
}
