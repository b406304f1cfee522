import { isRecord } from '../json.ts'
import { nearestWord } from '../nearest-word.ts'
import type { PlanRead } from '../plan/plan.ts'
import { reportCall } from '../plan/plan-calls.ts'
import type { PlanContext, TargetFacts } from '../plan/plan-context.ts'
import { reportIssues } from '../plan/plan-issues.ts'
import { partsOf } from '../plan/plan-parts.ts'
import { timelineOf } from '../plan/plan-timeline.ts'
import { approversOf } from '../plan/steps/approve.ts'
import { gateOf, reportGate } from '../plan/steps/gate.ts'
import { createProblemList, type Problem, type ProblemPath } from '../problems.ts'
import { type TargetId, targetName } from '../target.ts'
import { formatDuration, type Milliseconds } from '../units.ts'
import { faultsOf, PLAN_VALUE_LIMITS } from '../yaml/plain-value.ts'
import type { Pipeline, PipelineStage, StageApproval, StageGate } from './pipeline.ts'
import { MOST_STAGES, pipelineForm, type StageForm, stageForm } from './pipeline-form.ts'
import { circleIn, followersOf, mayHaveToReturn } from './stage-order.ts'

/** Everything the reading of a pipeline depends on. */
interface PipelineContext extends Pick<PlanContext, 'target' | 'targets' | 'windowProblem'> {
  /** Reads a plan as it was written. */
  readonly readPlan: (written: unknown) => Promise<PlanRead>
  /** The plan that a target has registered, parsed but not checked; null when it has none. */
  readonly registeredPlan: (target: TargetId) => Promise<unknown>
}

/** A pipeline with its plans as they were written, by stage, or all that is wrong with it. */
export type PipelineRead =
  | { readonly pipeline: Pipeline; readonly written: Readonly<Record<string, unknown>> }
  | { readonly problems: readonly Problem[] }

/** A stage that can be read, with its place in the list. */
interface PlacedStage {
  readonly index: number
  readonly form: StageForm
  readonly after: readonly string[]
}

type Report = (problem: Problem) => void

/** Reads a pipeline from parsed YAML or JSON, with the plans of its stages. Answers with all problems at once. */
export async function readPipeline(value: unknown, context: PipelineContext): Promise<PipelineRead> {
  const { unbounded, problems: faults } = faultsOf(value, PLAN_VALUE_LIMITS)
  if (unbounded !== null) return { problems: [unbounded] }
  const list = createProblemList()
  const parsed = pipelineForm.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, list.report, pipelineForm)
  const placed = stagesIn(value)
  reportOrder(placed, namesOf(writtenStages(value)), list.report)
  reportTargets(placed, context, list.report)
  const stages = await Promise.all(placed.map((stage) => stageOf(stage, context, list.report)))
  for (const fault of faults) if (!list.hasPath(fault.path)) list.report(fault)
  const found = list.problems()
  if (!parsed.success || found.length > 0) return { problems: found }
  const { pipeline: name, onFail } = parsed.data
  const whole = stages.flatMap((stage) => (stage === null ? [] : [stage.stage]))
  if (onFail === 'rollback-all') reportOneWays(whole, list.report)
  const problems = list.problems()
  if (problems.length > 0) return { problems }
  const written = Object.fromEntries(
    stages.flatMap((stage) => (stage === null ? [] : [[stage.stage.name, stage.written] as const])),
  )
  return { pipeline: { name, onFail, stages: whole }, written }
}

/** The stages that can be read for themselves: what is wrong with one must not hide what is wrong with the others. */
function stagesIn(value: unknown): readonly PlacedStage[] {
  const written = writtenStages(value)
  if (written.length > MOST_STAGES) return []
  const names = namesOf(written)
  const before = (index: number) => names.slice(Math.max(0, index - 1), index).flatMap((name) => name ?? [])
  return written.flatMap((stage, index) => {
    const { read, has } = partsOf(stageForm, stage)
    const { stage: name, target, soak = 0 } = read
    // Of a plan that cannot be read nobody knows whether the target's own was meant.
    if (name === undefined || target === undefined || (has('plan') && read.plan === undefined)) return []
    const form = { ...read, stage: name, target, soak }
    return [{ index, form, after: read.after ?? before(index) }]
  })
}

function writtenStages(value: unknown): readonly unknown[] {
  return isRecord(value) && Array.isArray(value['stages']) ? value['stages'] : []
}

/** The name of each stage in its place, whether the stage can be read or not; null for one that has none. */
function namesOf(stages: readonly unknown[]): readonly (string | null)[] {
  return stages.map((stage) => (isRecord(stage) && typeof stage['stage'] === 'string' ? stage['stage'] : null))
}

function reportOrder(placed: readonly PlacedStage[], written: readonly (string | null)[], report: Report): void {
  const names = written.flatMap((name) => name ?? [])
  for (const { index, form } of placed) {
    if (written.indexOf(form.stage) < index) {
      report({
        rule: 'stage-twice',
        path: ['stages', index, 'stage'],
        message: `the stage ${form.stage} appears twice`,
        received: form.stage,
        expected: 'a name of its own for each stage',
        fix: 'rename one',
      })
    }
    for (const name of form.after ?? []) {
      if (names.includes(name)) continue
      const near = nearestWord(name, names)
      report({
        rule: 'unknown-stage',
        path: ['stages', index, 'after'],
        message: `there is no stage ${name}`,
        received: name,
        expected: `one of ${names.filter((other) => other !== form.stage).join(', ')}`,
        fix: near === null ? 'name a stage of this pipeline' : `did you mean ${near}?`,
      })
    }
  }
  const circle = circleIn(placed.map(({ form, after }) => ({ name: form.stage, after })))
  const first = circle === null ? undefined : placed.find(({ form }) => form.stage === circle[0])
  if (circle === null || first === undefined) return
  report({
    rule: 'circle',
    path: ['stages', first.index, 'after'],
    message: 'these stages wait for each other, so none of them would ever begin',
    received: circle.join(' after '),
    expected: 'stages that wait only for earlier ones',
    fix: 'take one of them out of after',
  })
}

function reportTargets(placed: readonly PlacedStage[], context: PipelineContext, report: Report): void {
  const seen = new Map<string, string>()
  for (const { index, form } of placed) {
    const path: ProblemPath = ['stages', index, 'target']
    const name = targetName(form.target)
    const other = seen.get(name)
    seen.set(name, form.stage)
    if (other !== undefined) {
      report({
        rule: 'target-twice',
        path,
        message: `the stages ${other} and ${form.stage} are for the same target`,
        received: name,
        expected: 'a target of its own for each stage',
        fix: 'remove one of these stages, or name another target',
      })
    }
    if (context.target(form.target.service, form.target.environment) !== null) continue
    const known = context.targets.length === 0 ? 'none is registered' : context.targets.slice(0, 10).join(', ')
    const near = nearestWord(name, context.targets)
    report({
      rule: 'unknown-target',
      path,
      message: `there is no target ${name}`,
      received: name,
      expected: `a target from sluice.yaml: ${known}`,
      fix:
        near === null ? 'name one of these targets, or ask an administrator to register it' : `did you mean ${near}?`,
    })
  }
}

async function stageOf(
  { index, form, after }: PlacedStage,
  context: PipelineContext,
  report: Report,
): Promise<{ readonly stage: PipelineStage; readonly written: unknown } | null> {
  const path: ProblemPath = ['stages', index]
  const { stage: name, target, soak, gate } = form
  const facts = context.target(target.service, target.environment)
  if (facts === null) return null
  const approve = form.approve === undefined ? null : approvalOf(form.approve, facts.groups, path, report)
  const waitsFor = gate === undefined ? null : stageGateOf(gate, facts.calls ?? {}, [...path, 'gate'], context, report)
  const written = await writtenPlanOf(form, path, context, report)
  if (written === null) return null
  const read = await context.readPlan(written)
  // What is wrong with the target's own plan has no place in this file but the target.
  const at: ProblemPath = form.plan === undefined ? [...path, 'target'] : [...path, 'plan']
  if ('problems' in read) {
    for (const problem of read.problems) report(placedProblem(problem, at, form, target))
    return null
  }
  const { plan } = read
  if (plan.service !== target.service || plan.environment !== target.environment) {
    report({
      rule: 'other-target',
      path: at,
      message: `this plan is for ${targetName(plan)}, and the stage ${name} is for ${targetName(target)}`,
      received: targetName(plan),
      expected: `a plan for ${targetName(target)}`,
      fix: 'use a plan for this target, or change the target of the stage',
    })
    return null
  }
  const further = { ...(approve !== null && { approve }), ...(waitsFor !== null && { gate: waitsFor }) }
  return { stage: { name, target, plan, after, soak, ...further }, written: read.written }
}

function placedProblem(problem: Problem, at: ProblemPath, { plan }: StageForm, target: TargetId): Problem {
  if (plan !== undefined) return { ...problem, path: [...at, ...problem.path] }
  return { ...problem, path: at, message: `in the plan of ${targetName(target)}: ${problem.message}` }
}

function approvalOf(
  approve: NonNullable<StageForm['approve']>,
  groups: Readonly<Record<string, readonly string[]>>,
  path: ProblemPath,
  report: Report,
): StageApproval {
  const peopleOf = (group: string) => (Object.hasOwn(groups, group) ? (groups[group] ?? null) : null)
  const people = approversOf(approve, { peopleOf, path: [...path, 'approve'], report })
  return { ...approve, people }
}

/** A text alone is a window, which is what is reported then. */
function stageGateOf(
  written: NonNullable<StageForm['gate']>,
  calls: NonNullable<TargetFacts['calls']>,
  path: ProblemPath,
  { windowProblem }: Pick<PipelineContext, 'windowProblem'>,
  report: Report,
): StageGate {
  const isText = typeof written === 'string'
  const options = isText ? { window: written } : written
  reportGate(options, {
    ...{ path, report: isText ? (problem) => report({ ...problem, path }) : report },
    ...(windowProblem !== undefined && { windowProblem }),
    reportCall: (name, use, place) => reportCall(name, use, calls, place, report),
  })
  const gate = gateOf(options)
  return gate.kind === 'gate' ? gate.window : gate
}

async function writtenPlanOf(
  { plan, target }: StageForm,
  path: ProblemPath,
  { registeredPlan }: PipelineContext,
  report: Report,
): Promise<unknown> {
  if (typeof plan === 'string') {
    report({
      rule: 'plan-path',
      path: [...path, 'plan'],
      message: 'only the command line can read the file of a plan',
      received: plan,
      expected: 'the plan itself, or none for the one that the target has registered',
      fix: 'send the plan as an object, or start the pipeline with sluice pipeline start',
    })
    return null
  }
  if (plan !== undefined) return plan
  const registered = await registeredPlan(target)
  if (registered !== null) return registered
  report({
    rule: 'no-plan',
    path: [...path, 'target'],
    message: `${targetName(target)} has no plan of its own`,
    received: targetName(target),
    expected: 'a plan in the stage',
    fix: 'name one with plan, or ask an administrator to register one for the target',
  })
  return null
}

/** With `rollback-all` each stage must be able to go back for as long as a later failure may ask it to. */
function reportOneWays(stages: readonly PipelineStage[], report: Report): void {
  for (const [index, { name, target, plan, soak }] of stages.entries()) {
    if (!mayHaveToReturn(stages, name)) continue
    const keep = plan.after?.keep
    const path = ['stages', index]
    if (keep === undefined) {
      report({
        rule: 'one-way',
        path,
        message: `when a later stage fails, ${name} could not go back: no pool of the version before is kept`,
        received: `the plan of ${targetName(target)}, without after: { keep: … }`,
        expected: 'with onFail: rollback-all, a plan that keeps it',
        fix: 'add how long it is kept to that plan, such as after: { keep: 2h }, or change onFail',
      })
      continue
    }
    const needs = soak + longestAfter(stages, name)
    if (keep >= needs) continue
    report({
      rule: 'kept-too-short',
      path,
      message: `the way back of ${name} would be over before the pipeline is`,
      received: `a pool that is kept for ${formatDuration(keep)}`,
      expected: `at least ${formatDuration(needs)}: the soaks and bakes that follow`,
      fix: `write after: { keep: … } with more than that in the plan of ${targetName(target)}, for approvals take time too`,
    })
  }
}

/** The least time from the end of a stage’s soak to the end of the last stage that follows it. */
function longestAfter(
  stages: readonly PipelineStage[],
  name: string,
  known = new Map<string, Milliseconds>(),
): Milliseconds {
  const before = known.get(name)
  if (before !== undefined) return before
  const times = followersOf(stages, name).map(
    (next) => timelineOf(next.plan, []).shortest + next.soak + longestAfter(stages, next.name, known),
  )
  const longest = Math.max(0, ...times)
  known.set(name, longest)
  return longest
}
