import { dirname, join } from 'node:path'
import { isRecord } from '../domain/json.ts'
import type { Problem } from '../domain/problems.ts'
import { PLAN_LIMITS } from '../domain/yaml/yaml-scan.ts'
import { readYaml, type YamlText } from '../domain/yaml/yaml-text.ts'
import { inBounds, type PlanFile, planFailure, readPlanFile, readTextFile } from './plan-file.ts'
import type { Terminal } from './terminal.ts'

/** A pipeline as it stands in a file, with the plans of its stages in it; each problem has its place in the file that it is of. */
export async function readPipelineFile(name: string, terminal: Terminal): Promise<Pick<PlanFile, 'name' | 'yaml'>> {
  const text = await readTextFile(name, terminal)
  const read = inBounds(() => readYaml(text, name, { ...PLAN_LIMITS, noun: 'a pipeline' }))
  if ('problems' in read) throw planFailure(read.problems)
  const { value, locate } = read.yaml
  const written: readonly unknown[] = isRecord(value) && Array.isArray(value['stages']) ? value['stages'] : []
  const plans = await Promise.all(written.map((stage) => planOf(stage, dirname(name), terminal)))
  const stages = written.map((stage, index) => {
    const plan = plans[index]
    return isRecord(stage) && plan !== null && plan !== undefined ? { ...stage, plan: plan.value } : stage
  })
  const whole = isRecord(value) && written.length > 0 ? { ...value, stages } : value
  return { name, yaml: { value: whole, locate: (problem) => (planPlace(problem, plans) ?? locate)(problem) } }
}

/** The plan that a stage names as a file, which stands beside that of the pipeline; null for a stage that names none. */
async function planOf(stage: unknown, folder: string, terminal: Terminal): Promise<YamlText | null> {
  const plan = isRecord(stage) ? stage['plan'] : undefined
  return typeof plan === 'string' ? (await readPlanFile(join(folder, plan), terminal)).yaml : null
}

function planPlace({ path: [top, index, part] }: Problem, plans: readonly (YamlText | null)[]) {
  const plan = top === 'stages' && part === 'plan' ? plans[Number(index)] : null
  if (plan === null || plan === undefined) return null
  return (problem: Problem) => plan.locate({ ...problem, path: problem.path.slice(3) })
}
