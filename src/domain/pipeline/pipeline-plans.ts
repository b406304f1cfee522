import { isRecord } from '../json.ts'
import type { Problem } from '../problems.ts'
import { PLAN_LIMITS } from '../yaml/yaml-scan.ts'
import { type ReadYaml, readYaml, type YamlText } from '../yaml/yaml-text.ts'

/**
 * Reads the file of a pipeline as far as YAML goes.
 * @throws SluiceError `plan.too-large`, `plan.too-deep`
 */
export function readPipelineYaml(text: string, file: string): ReadYaml {
  return readYaml(text, file, { ...PLAN_LIMITS, noun: 'a pipeline' })
}

/** The files of plans that a pipeline names, stage by stage; null for a stage that names none. */
export function planFilesIn({ value }: YamlText): readonly (string | null)[] {
  return stagesIn(value).map((stage) => {
    const plan = isRecord(stage) ? stage['plan'] : undefined
    return typeof plan === 'string' ? plan : null
  })
}

/** The pipeline with these plans, stage by stage, in the place of their files; each problem has its place in the file that it is of. */
export function withPlans({ value, locate }: YamlText, plans: readonly (YamlText | null)[]): YamlText {
  const stages = stagesIn(value).map((stage, index) => {
    const plan = plans[index] ?? null
    return isRecord(stage) && plan !== null ? { ...stage, plan: plan.value } : stage
  })
  return {
    value: isRecord(value) && stages.length > 0 ? { ...value, stages } : value,
    locate: (problem) => (planPlace(problem, plans) ?? locate)(problem),
  }
}

/** A file that is not there is a mistake of the pipeline that names it. */
export function unreadPlan(index: number, message: string): Problem {
  return {
    rule: 'plan-file',
    path: ['stages', index, 'plan'],
    message,
    expected: 'the file of a plan, named as seen from the folder of this file',
    fix: 'name a file that is there, or leave plan out for the one that the target has registered',
  }
}

function stagesIn(value: unknown): readonly unknown[] {
  return isRecord(value) && Array.isArray(value['stages']) ? value['stages'] : []
}

function planPlace({ path: [top, index, part] }: Problem, plans: readonly (YamlText | null)[]) {
  const plan = top === 'stages' && part === 'plan' ? (plans[Number(index)] ?? null) : null
  if (plan === null) return null
  return (problem: Problem) => plan.locate({ ...problem, path: problem.path.slice(3) })
}
