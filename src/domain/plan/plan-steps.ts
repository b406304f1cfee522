import { type Exposure, NO_EXPOSURE, NO_FLAGS } from '../exposure.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import { FULL_WEIGHT, formatWeight, type Milliseconds } from '../units.ts'
import type { Action } from './actions.ts'
import { createBackgrounds } from './backgrounds.ts'
import { reportCall } from './plan-calls.ts'
import type { CheckReader } from './plan-checks.ts'
import type { PlanContext, TargetFacts } from './plan-context.ts'
import { reportFlag } from './plan-flags.ts'
import { type Entry, reportIssues, singleEntry } from './plan-issues.ts'
import type { GlimpseContext, ReadStep, StepKind, StepNeeds, UnreadStep } from './steps/step-kind.ts'

/** A step with its place in the plan. */
export interface PlacedStep {
  readonly kind: string
  readonly path: ProblemPath
  readonly number: number
  readonly step: ReadStep | UnreadStep
}

/** An action, or the place of a step that cannot be read: `isKnown` says whether the exposure after it is known. */
export type Traced = Action | { readonly kind: 'unread'; readonly exposure: Exposure | null }

/** What the steps of a plan look at beside themselves. */
interface StepsContext {
  readonly facts: TargetFacts | null
  readonly reader: CheckReader
  readonly interval: Milliseconds | undefined
  readonly isWatched: boolean
  /** Undefined while a check cannot be read. */
  readonly isHarmBounded: boolean | undefined
  readonly windowProblem: PlanContext['windowProblem']
  readonly report: (problem: Problem) => void
}

/** Reads each step by its kind; what cannot be read is reported. */
export function readSteps(
  values: readonly unknown[],
  context: PlanContext,
  report: (problem: Problem) => void,
): readonly PlacedStep[] {
  const kinds = new Map(context.stepKinds.map((kind) => [kind.kind, kind]))
  const names = [...kinds.keys()]
  return values.map((value, index): PlacedStep => {
    const number = index + 1
    const at = ['steps', index]
    const one = singleEntry(value, names, at, 'step', report)
    if (one?.isKnown !== true) return { kind: '', path: at, number, step: unknownStep(one, kinds) }
    const kind = kinds.get(one.key)
    if (kind === undefined) throw new Error(`the step kind ${one.key} is listed and not there`)
    const path = [...at, one.key]
    const read = kind.read(one.value)
    if ('issues' in read) reportIssues(read.issues, path, one.value, report, kind.schema)
    return { kind: one.key, path, number, step: 'issues' in read ? read : read.step }
  })
}

/** A step of no known kind. What it is likely to mean says who has the canary after it, and is not judged itself. */
function unknownStep(entry: Entry | null, kinds: ReadonlyMap<string, StepKind>): UnreadStep {
  const meant = entry === null || entry.isKnown || entry.meant === null ? undefined : kinds.get(entry.meant)
  const read = meant?.read(entry?.value)
  if (read === undefined) return { issues: [], glimpse: () => null }
  return {
    issues: [],
    glimpse(context) {
      const silent = { ...context, report: () => {}, reportCall: () => {}, reportFlag: () => {}, readChecks: () => [] }
      return 'issues' in read ? read.glimpse(silent) : read.step.expand(silent).exposure
    },
  }
}

/** Expands the steps to actions, each from the exposure that the one before it leaves. */
export function expandSteps(steps: readonly PlacedStep[], context: StepsContext): readonly Traced[] {
  const { facts, report } = context
  let exposure: Exposure = facts?.router === null ? NO_FLAGS : NO_EXPOSURE
  let isKnown = true
  const trace: Traced[] = []
  const backgrounds = createBackgrounds(report)
  const isReadWhole = steps.every(({ step }) => !('issues' in step))
  for (const { path, number, step } of steps) {
    const around = { ...aroundStep(path, number, exposure, context), backgrounds }
    if ('issues' in step) {
      const after = step.glimpse(around)
      trace.push({ kind: 'unread', exposure: after })
      isKnown = after !== null && (isKnown || after.weight !== exposure.weight)
      exposure = after ?? exposure
      continue
    }
    if (facts !== null) reportUnmetNeeds(step.needs, facts, path, report)
    const expanded = step.expand(around)
    isKnown ||= expanded.exposure.weight !== exposure.weight
    exposure = expanded.exposure
    trace.push(...expanded.actions)
  }
  // What cannot be read may be what one of them waits for.
  if (isReadWhole) backgrounds.reportOpen()
  const goesByWeight = steps.length > 0 && exposure.byFlags !== true
  if (goesByWeight && isKnown && exposure.weight !== FULL_WEIGHT) reportNeverFull(exposure, report)
  reportMany(trace.length, report)
  return trace
}

function aroundStep(
  path: ProblemPath,
  step: number,
  exposure: Exposure,
  { facts, reader, interval, isWatched, isHarmBounded, windowProblem, report }: StepsContext,
): GlimpseContext {
  return {
    ...{ step, path, exposure, isWatched },
    ...(interval !== undefined && { interval }),
    ...(isHarmBounded !== undefined && { isHarmBounded }),
    ...(facts !== null && facts.router !== null && { weightStep: facts.router.capabilities.weightStep }),
    ...(facts !== null && windowProblem !== undefined && { windowProblem }),
    cohorts: facts?.cohorts ?? null,
    channels: facts === null ? null : (facts.channels ?? []),
    peopleOf: (group) =>
      facts === null ? [] : Object.hasOwn(facts.groups, group) ? (facts.groups[group] ?? null) : null,
    readChecks: (checks, at) => reader.read(checks, at),
    reportCall: (name, use, at) => reportCall(name, use, facts === null ? null : (facts.calls ?? {}), at, report),
    ...(facts !== null && {
      reportFlag: (name, reach, at) => reportFlag(name, reach, { exposure, store: facts.flags ?? null }, at, report),
    }),
    finalAnswer: (check) => reader.finalAnswer(check),
    report: (problem) => {
      if (facts !== null || problem.rule !== 'group-too-small') report(problem)
    },
  }
}

function reportNeverFull(exposure: Exposure, report: (problem: Problem) => void): void {
  report({
    rule: 'never-full',
    path: ['steps'],
    message: 'the steps never reach 100%, so the release could not end with everybody on the new version',
    received: `the last weight is ${formatWeight(exposure.weight)}`,
    expected: 'a last weight of 100%',
    fix: 'add the step weight: 100%',
  })
}

/** Exposures, waits and questions of a whole plan: each is a part of the release's history. */
const MOST_ACTIONS = 1_000

function reportMany(count: number, report: (problem: Problem) => void): void {
  if (count <= MOST_ACTIONS) return
  report({
    rule: 'too-many-actions',
    path: ['steps'],
    message: 'there are too many steps once every ramp is expanded',
    received: `${count} exposures and waits`,
    expected: `at most ${MOST_ACTIONS}`,
    fix: 'give the ramps fewer weights',
  })
}

function reportNoRouter(
  { weights, cohorts, tickets = false, mirror = false }: StepNeeds,
  flag: string,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (weights.length === 0 && !cohorts && !tickets && !mirror) return
  const [weight] = weights
  const reach = weight === undefined ? '[internal]' : weight === FULL_WEIGHT ? 'on' : formatWeight(weight)
  report({
    rule: 'no-router',
    path,
    message: 'the target has no router that could send users to another version: it is released by its flags alone',
    expected: 'steps that ask nothing of a router',
    fix: tickets || mirror ? 'remove the step' : `write flag: { ${flag}: ${reach} }`,
  })
}

function reportUnmetNeeds(
  needs: StepNeeds,
  { router, hasTickets = false, flags }: TargetFacts,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (router === null) return reportNoRouter(needs, flags?.names?.[0] ?? 'new-checkout', path, report)
  const { weightStep, cohorts, tickets = false, mirror = false } = router.capabilities
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
  if (needs.mirror === true && !mirror) {
    report({
      rule: 'router-cannot',
      path,
      message: `the target's router (${router.kind}) cannot send the canary copies of requests`,
      expected: 'a router that can mirror',
      fix: 'remove the step, let a cohort see the canary first, or use a target whose router can',
    })
  }
  if (needs.tickets !== true) return
  if (!tickets) {
    report({
      rule: 'router-cannot',
      path,
      message: `the target's router (${router.kind}) cannot let in who has a try-it ticket`,
      expected: 'a router that can check tickets',
      fix: 'remove the step, or use a target whose router can',
    })
  } else if (!hasTickets) {
    report({
      rule: 'no-tickets',
      path,
      message: 'this installation gives no try-it tickets',
      expected: 'tickets in sluice.yaml',
      fix: 'remove the step, or ask an administrator to add tickets: { secretFile: … } to sluice.yaml',
    })
  }
}
