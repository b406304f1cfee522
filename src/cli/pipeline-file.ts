import { dirname, join } from 'node:path'
import { isRecord } from '../domain/json.ts'
import type { Problem } from '../domain/problems.ts'
import { PLAN_LIMITS } from '../domain/yaml/yaml-scan.ts'
import { readYaml, type YamlText } from '../domain/yaml/yaml-text.ts'
import { CliFailure, EXIT } from './failure.ts'
import { inBounds, type PlanFile, planFailure, readPlanFile, readTextFile } from './plan-file.ts'
import type { Terminal } from './terminal.ts'

/** A pipeline as it stands in a file, with the plans of its stages in it; each problem has its place in the file that it is of. */
export async function readPipelineFile(
  name: string,
  terminal: Pick<Terminal, 'readFile' | 'readBeside'>,
): Promise<Pick<PlanFile, 'name' | 'yaml'>> {
  const text = await readTextFile(name, terminal)
  const parsed = inBounds(() => readYaml(text, name, { ...PLAN_LIMITS, noun: 'a pipeline' }))
  if ('problems' in parsed) throw planFailure(parsed.problems)
  const { value, locate } = parsed.yaml
  const written: readonly unknown[] = isRecord(value) && Array.isArray(value['stages']) ? value['stages'] : []
  const read = await Promise.all(written.map((stage) => planOf(stage, dirname(name), terminal)))
  const missing = read.flatMap((one, index) => (one instanceof CliFailure ? [locate(unread(one, index))] : []))
  if (missing.length > 0) throw planFailure(missing)
  const plans = read.map((one) => (one instanceof CliFailure ? null : one))
  const stages = written.map((stage, index) => {
    const plan = plans[index]
    return isRecord(stage) && plan !== null && plan !== undefined ? { ...stage, plan: plan.value } : stage
  })
  const whole = isRecord(value) && written.length > 0 ? { ...value, stages } : value
  return { name, yaml: { value: whole, locate: (problem) => (planPlace(problem, plans) ?? locate)(problem) } }
}

/** The plan that a stage names as a file, which stands beside that of the pipeline; null for a stage that names none. */
async function planOf(
  stage: unknown,
  folder: string,
  { readBeside }: Pick<Terminal, 'readBeside'>,
): Promise<YamlText | CliFailure | null> {
  const plan = isRecord(stage) ? stage['plan'] : undefined
  if (typeof plan !== 'string') return null
  try {
    return (await readPlanFile(join(folder, plan), { readFile: readBeside })).yaml
  } catch (error) {
    if (error instanceof CliFailure && error.exitCode === EXIT.usage) return error
    throw error
  }
}

/** A file that is not there is a mistake of the pipeline that names it. */
function unread({ message }: CliFailure, index: number): Problem {
  return {
    rule: 'plan-file',
    path: ['stages', index, 'plan'],
    message,
    expected: 'the file of a plan, named as seen from the folder of this file',
    fix: 'name a file that is there, or leave plan out for the one that the target has registered',
  }
}

function planPlace({ path: [top, index, part] }: Problem, plans: readonly (YamlText | null)[]) {
  const plan = top === 'stages' && part === 'plan' ? plans[Number(index)] : null
  if (plan === null || plan === undefined) return null
  return (problem: Problem) => plan.locate({ ...problem, path: problem.path.slice(3) })
}
