import type { Action } from './actions.ts'
import { type Exposure, NO_EXPOSURE } from './exposure.ts'
import type { PlanContext, TargetFacts } from './plan.ts'
import type { CheckReader } from './plan-checks.ts'
import { reportIssues, singleEntry } from './plan-issues.ts'
import type { Problem, ProblemPath } from './problems.ts'
import type { ReadStep, StepNeeds } from './steps/step-kind.ts'
import { FULL_WEIGHT, formatWeight } from './units.ts'

/** A step whose options have been read, with its place in the plan. */
export interface PlacedStep {
  readonly kind: string
  readonly path: ProblemPath
  readonly number: number
  readonly step: ReadStep
}

/** Reads each step by its kind; what cannot be read is reported and left out. */
export function readSteps(
  values: readonly unknown[],
  context: PlanContext,
  report: (problem: Problem) => void,
): PlacedStep[] {
  const kinds = new Map(context.stepKinds.map((kind) => [kind.kind, kind]))
  const steps: PlacedStep[] = []
  for (const [index, value] of values.entries()) {
    const one = singleEntry(value, [...kinds.keys()], ['steps', index], 'step', report)
    const kind = one === null ? undefined : kinds.get(one.key)
    if (one === null || kind === undefined) continue
    const path = ['steps', index, one.key]
    const read = kind.read(one.value)
    if ('issues' in read) reportIssues(read.issues, path, one.value, report, kind.schema)
    else steps.push({ kind: one.key, path, number: index + 1, step: read.step })
  }
  return steps
}

/** Expands the steps to actions, each from the exposure that the one before it leaves. */
export function expandSteps(
  steps: readonly PlacedStep[],
  facts: TargetFacts | null,
  reader: CheckReader,
  report: (problem: Problem) => void,
): readonly Action[] {
  let exposure: Exposure = NO_EXPOSURE
  const actions: Action[] = []
  for (const { path, number, step } of steps) {
    if (facts !== null) reportUnmetNeeds(step.needs, facts.router, path, report)
    const expanded = step.expand({
      step: number,
      path,
      exposure,
      peopleOf: (group) => (facts === null ? [] : (facts.groups[group] ?? null)),
      readChecks: (checks, at) => reader.read(checks, at),
      report: (problem) => {
        if (facts !== null || problem.rule !== 'group-too-small') report(problem)
      },
    })
    exposure = expanded.exposure
    actions.push(...expanded.actions)
  }
  if (steps.length > 0 && exposure.weight !== FULL_WEIGHT) {
    report({
      rule: 'never-full',
      path: ['steps'],
      message: 'the steps never reach 100%: the release could not end with everybody on the new version',
      received: `the last weight is ${formatWeight(exposure.weight)}`,
      expected: 'a last weight of 100%',
      fix: 'add the step weight: 100%',
    })
  }
  return actions
}

function reportUnmetNeeds(
  needs: StepNeeds,
  router: TargetFacts['router'],
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  const { weightStep, cohorts } = router.capabilities
  for (const weight of needs.weights) {
    if (weight % weightStep === 0) continue
    report({
      rule: 'router-cannot',
      path,
      message: `the target's router (${router.kind}) cannot set this weight`,
      received: formatWeight(weight),
      expected: `a multiple of ${formatWeight(weightStep)}`,
      fix: 'round the weight, or use a target with a finer router',
    })
  }
  if (needs.cohorts && !cohorts) {
    report({
      rule: 'router-cannot',
      path,
      message: `the target's router (${router.kind}) cannot send cohorts to the canary`,
      expected: 'a router that can match cohorts',
      fix: 'remove the step, or use a target whose router can',
    })
  }
}
