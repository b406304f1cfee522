import { type Plan, type PlanContext, readPlan } from './plan.ts'
import type { LocatedProblem } from './problems.ts'
import { readYaml } from './yaml-text.ts'

/**
 * Reads a plan from YAML. Answers with every problem at its place in the text, or with the complete plan.
 * @throws SluiceError `plan.too-large`, `plan.too-deep`.
 */
export function readPlanText(
  text: string,
  file: string,
  context: PlanContext,
): { plan: Plan; source: unknown } | { problems: readonly LocatedProblem[] } {
  const read = readYaml(text, file)
  if ('problems' in read) return read
  const { value, locate } = read.yaml
  const result = readPlan(value, context)
  if ('plan' in result) return { plan: result.plan, source: value }
  const problems = result.problems.map(locate)
  return { problems: problems.sort((left, right) => left.line - right.line || left.column - right.column) }
}
