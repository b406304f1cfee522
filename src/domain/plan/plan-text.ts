import { byPlace, type LocatedProblem } from '../problems.ts'
import { faultsOf, PLAN_VALUE_LIMITS } from '../yaml/plain-value.ts'
import { type ReadYaml, readYaml } from '../yaml/yaml-text.ts'
import { type Plan, readPlan, shapeProblem } from './plan.ts'
import type { PlanContext } from './plan-context.ts'

/**
 * Reads a plan from YAML. Answers with every problem at its place in the text, or with the complete plan.
 * @throws SluiceError `plan.too-large`, `plan.too-deep`.
 */
export function readPlanText(
  text: string,
  file: string,
  context: PlanContext,
): { plan: Plan; written: unknown } | { problems: readonly LocatedProblem[] } {
  const read = readYaml(text, file)
  const yaml = 'yaml' in read ? read.yaml : read.rest
  const ofText = 'yaml' in read ? [] : read.problems
  const result = yaml === null ? { problems: [] } : readPlan(yaml.value, context)
  if ('plan' in result && yaml !== null && ofText.length === 0) return result
  const ofPlan = 'plan' in result || yaml === null ? [] : result.problems.map(yaml.locate)
  return { problems: [...ofText, ...ofPlan].toSorted(byPlace) }
}

/**
 * Reads a plan that somebody else will judge, as far as its own text goes: what is no plan at all, and what no request
 * can carry, is said here, where the place is known.
 * @throws SluiceError `plan.too-large`, `plan.too-deep`.
 */
export function readPlanYaml(text: string, file: string): ReadYaml {
  const read = readYaml(text, file)
  if (!('yaml' in read)) return read
  const { value, locate } = read.yaml
  const misshapen = shapeProblem(value)
  const { unbounded, problems } = faultsOf(value, PLAN_VALUE_LIMITS)
  const first = misshapen ?? unbounded
  const found = first === null ? problems : [first]
  return found.length === 0 ? read : { problems: found.map(locate).toSorted(byPlace), rest: read.yaml }
}
