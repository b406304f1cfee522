import { z } from 'zod'
import { visible } from '../characters.ts'
import { isRecord } from '../json.ts'
import type { HeldPolicy } from '../policy/held-policy.ts'
import { policyText, weakerThan } from '../policy/rules.ts'
import { createProblemList, type Problem, showValue } from '../problems.ts'
import { extendPlan } from '../template/extend-plan.ts'
import type { Milliseconds } from '../units.ts'
import { faultsOf, PLAN_VALUE_LIMITS } from '../yaml/plain-value.ts'
import type { Action } from './actions.ts'
import type { Check } from './checks.ts'
import { withConsequences } from './consequences.ts'
import { afterOf, type PlanAfter, planAfter } from './plan-after.ts'
import { type CheckReader, createCheckReader } from './plan-checks.ts'
import { reportWholeCohorts } from './plan-cohorts.ts'
import { reportIncomparable } from './plan-comparisons.ts'
import type { NamedPolicy, PlanContext, TargetFacts } from './plan-context.ts'
import { fitnessOf, type PlanFitness, planCapacity } from './plan-fitness.ts'
import { reportFlagOnly } from './plan-flag-only.ts'
import { onlySetsOff, reportUnsetFlags } from './plan-flags.ts'
import { reportIssues } from './plan-issues.ts'
import { partsOf } from './plan-parts.ts'
import { type DriftPolicy, type Floor, USUAL_DRIFT, USUAL_FLOOR } from './plan-policies.ts'
import { expandSteps, type PlacedStep, readSteps, type Traced } from './plan-steps.ts'
import { checkMap, confidenceText, durationText, nameText, shareText } from './plan-values.ts'
import { withWarmUps } from './plan-warm-up.ts'
import { type PlanWindows, planWindows, windowsOf } from './plan-windows.ts'

/** A step as people see it: what was written, in one line. */
interface PlanStep {
  readonly kind: string
  readonly label: string
}

/** What happens when a check fails, or stays inconclusive, unless the check has a consequence of its own. */
export interface PlanPolicies {
  readonly onFail: 'rollback' | 'pause'
  readonly onInconclusive: { readonly holdFor: Milliseconds; readonly then: 'rollback' | 'pause' }
  /** Time between two looks of the guard. */
  readonly interval: Milliseconds
  /** Read it with `driftPolicyOf`: plans of older histories do not have it. */
  readonly onDrift: DriftPolicy
  /** Read it with `floorOf` of `plan-policies.ts`: plans of older histories do not have it. */
  readonly floor: Floor
}

/** A valid plan, complete and expanded to actions: plain JSON, the whole of what the workflow needs to know. */
export interface Plan extends PlanPolicies, PlanFitness {
  readonly service: string
  readonly environment: string
  /** The template that it extends; none when absent. */
  readonly template?: string
  /** What its target asks of plans, and this one has; nothing when absent. */
  readonly policies?: readonly HeldPolicy[]
  readonly steps: readonly PlanStep[]
  readonly actions: readonly Action[]
  /** When exposures may be raised; at any time when absent. */
  readonly windows?: PlanWindows
  readonly checks: readonly Check[]
  /** What goes on after the promotion; nothing when absent. */
  readonly after?: PlanAfter
  /** True for a return to the version before: a way back, which no windows hold and which is tried without end. */
  readonly isReturn?: true
  /** Probability of a false alarm over the whole release: the sum of the checks' parts. */
  readonly errorBudget: number
}

const policy = z.enum(['rollback', 'pause'])
const FIFTEEN_MINUTES = 900_000
const USUAL_CONFIDENCE = 0.99
export const MOST_STEPS = 200

/** The top of a plan; steps and checks are read one by one so that all problems come at once. */
export const planHead = z.strictObject({
  service: nameText,
  environment: nameText,
  extends: nameText.optional(),
  with: z.record(nameText, z.unknown()).optional(),
  steps: z.array(z.unknown()).min(1).max(MOST_STEPS),
  checks: checkMap.default({}),
  confidence: confidenceText.default(USUAL_CONFIDENCE),
  interval: durationText
    .refine((interval) => interval >= 1_000 && interval <= 3_600_000, { error: 'expected 1s to 1h' })
    .default(10_000),
  warmUp: durationText.optional(),
  windows: planWindows,
  capacity: planCapacity,
  after: planAfter,
  onFail: policy.default('rollback'),
  onInconclusive: z
    .strictObject({ holdFor: durationText, then: policy })
    .default({ holdFor: FIFTEEN_MINUTES, then: 'pause' }),
  onDrift: z
    .strictObject({
      repairs: z.int().min(1).max(100).default(USUAL_DRIFT.repairs),
      share: shareText.refine((share) => share > 0, { error: 'expected more than 0%' }).default(USUAL_DRIFT.share),
    })
    .default(USUAL_DRIFT),
  floor: z
    .strictObject({
      errors: shareText
        .refine((share) => share >= 0.01 && share <= 0.95, {
          error: 'expected 1% to 95%: the floor can be moved, not switched off',
        })
        .default(USUAL_FLOOR.errors),
      requests: z.int().min(1).max(1_000).default(USUAL_FLOOR.requests),
    })
    .default(USUAL_FLOOR),
})

type PlanHead = z.infer<typeof planHead>

/** A plan and what was written of it, its template filled in; or all that is wrong with it. */
export type PlanRead =
  | { readonly plan: Plan; readonly written: Readonly<Record<string, unknown>> }
  | { readonly problems: readonly Problem[] }

/** Reads a plan from parsed YAML or JSON. Answers with all problems, or with the complete plan. Never throws. */
export function readPlan(source: unknown, context: PlanContext): PlanRead {
  if (!isRecord(source)) return { problems: [notAPlan(source)] }
  const ofSource = faultsOf(source, PLAN_VALUE_LIMITS)
  if (ofSource.unbounded !== null) return { problems: [ofSource.unbounded] }
  const list = createProblemList()
  const extended = extendPlan(source, context.templates ?? {})
  if ('unknown' in extended) {
    list.report(extended.unknown)
    return { problems: list.problems() }
  }
  const { value, template, problems: ofTemplate, place } = extended
  const { unbounded, problems: faults } = template === null ? ofSource : faultsOf(value, PLAN_VALUE_LIMITS)
  if (unbounded !== null) return { problems: [unbounded] }
  const report = (problem: Problem) => {
    const placed = place(problem)
    if (placed !== null) list.report(placed)
  }
  for (const problem of ofTemplate) list.report(problem)
  const parsed = planHead.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, report, planHead)
  const head = parsed.success ? parsed.data : usablePartsOf(value)
  const facts = targetFacts(head, context, report)
  const reader = createCheckReader(head.confidence ?? USUAL_CONFIDENCE, facts, context, report)
  const checks = reader.read(head.checks, ['checks'])
  const steps = readSteps(head.steps, context, report)
  const named = Object.keys(head.checks).length
  const isWatched = named > 0
  const isHarmBounded = checks.length < named ? undefined : checks.some(reader.boundsHarm)
  const { windowProblem } = context
  const trace = expandSteps(steps, {
    ...{ facts, reader, interval: head.interval, isWatched, isHarmBounded, windowProblem, report },
  })
  const windows = windowsOf(head.windows, facts, context, report)
  const fitness = fitnessOf(head.capacity, facts, report)
  const known = trace.flatMap((action) => (action.kind === 'unread' ? [] : [action]))
  if (known.length === trace.length) reportUnsetFlags(checks, known, report)
  reportWholeCohorts(checks, pinnedIn(trace), reader.comparesWithStable, report)
  reportIncomparable(trace, checks, reader.comparesWithStable, report)
  if (facts?.router === null) reportFlagOnly(trace, checks, reader.comparesWithStable, report)
  const alone = checks.filter((check) => !reader.comparesWithStable(check)).map(({ name }) => name)
  const after = afterOf(head.after, { alone, hasPools: facts?.router !== null }, report)
  for (const fault of faults) if (!list.hasPath(place(fault)?.path ?? fault.path)) report(fault)
  const problems = list.problems()
  if (!parsed.success || problems.length > 0) return { problems }
  const plan = { ...planOf(parsed.data, steps, trace, checks, reader), ...fitness }
  // No policy delays a way back.
  const policies = onlySetsOff(plan.actions) ? [] : (facts?.policies ?? [])
  for (const { name, policy } of policies) for (const weakness of weakerThan(name, policy, plan)) report(weakness)
  const weaknesses = list.problems()
  if (weaknesses.length > 0) return { problems: weaknesses }
  const further = {
    ...(template !== null && { template }),
    ...(policies.length > 0 && { policies: policies.map((one) => heldBy(one, facts?.groups ?? {})) }),
    ...(windows !== null && { windows }),
    ...(after !== null && { after }),
  }
  return { plan: { ...plan, ...further }, written: value }
}

function heldBy({ name, policy }: NamedPolicy, groups: TargetFacts['groups']): HeldPolicy {
  const { bake, override, rehearsal } = policy
  const mayShorten = override !== undefined && Object.hasOwn(groups, override) ? (groups[override] ?? []) : []
  return {
    name,
    says: policyText(policy),
    ...(bake !== undefined && { mayShorten }),
    ...(rehearsal !== undefined && { rehearsedWithin: rehearsal.within }),
  }
}

function planOf(
  { service, environment, onFail, onInconclusive, interval, onDrift, floor, warmUp: stated }: PlanHead,
  steps: readonly PlacedStep[],
  trace: readonly Traced[],
  checks: readonly Check[],
  reader: CheckReader,
): Plan {
  const shared = trace.flatMap((action) => (action.kind === 'unread' ? [] : [withBudget(action, reader)]))
  const all = [...checks, ...shared.flatMap((action) => (action.kind === 'judge' ? action.checks : []))]
  const hasOwn = all.some((check) => check.onFail !== undefined)
  const actions = shared.map((action) =>
    action.kind === 'judge' ? { ...action, checks: withConsequences(action.checks, onFail, hasOwn) } : action,
  )
  return {
    service,
    environment,
    onFail,
    onInconclusive,
    interval,
    onDrift,
    floor,
    steps: steps.flatMap(({ kind, step }) => ('issues' in step ? [] : [{ kind, label: step.label }])),
    actions: withWarmUps(actions, checks, { stated, interval }),
    checks: withConsequences(checks.map(reader.withShare), onFail, hasOwn),
    errorBudget: reader.errorBudget(),
  }
}

/** The cohorts that a step sends to the canary as a whole. */
function pinnedIn(trace: readonly Traced[]): ReadonlySet<string> {
  return new Set(trace.flatMap((action) => (action.kind === 'expose' ? action.exposure.cohorts : [])))
}

/** The action with the shares of its checks filled in. */
function withBudget(action: Action, { withShare }: CheckReader): Action {
  return action.kind === 'judge' ? { ...action, checks: action.checks.map(withShare) } : action
}

/** What is no plan at all: nothing, a list, a text; null when it may be one. */
export function shapeProblem(value: unknown): Problem | null {
  return isRecord(value) ? null : notAPlan(value)
}

function notAPlan(value: unknown): Problem {
  const isEmpty = value === null || value === undefined
  return {
    rule: 'value',
    path: [],
    message: isEmpty ? 'the plan is empty' : 'this is not a plan',
    received: isEmpty ? 'nothing' : Array.isArray(value) ? 'a list' : visible(showValue(value)),
    expected: 'a plan with service, environment and steps',
    fix: 'write one as docs/plan.md shows',
  }
}

type HeadParts = Pick<PlanHead, 'steps' | 'checks'> &
  Partial<Pick<PlanHead, 'service' | 'environment' | 'interval' | 'confidence' | 'windows' | 'capacity' | 'after'>>

/** What can still be looked at when the head has problems: a wrong policy must not hide a wrong step. */
function usablePartsOf(value: unknown): HeadParts {
  const { steps, checks } = isRecord(value) ? value : {}
  const { service, environment, interval, confidence, windows, capacity, after } = partsOf(planHead, value).read
  return {
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
    ...(interval !== undefined && { interval }),
    ...(confidence !== undefined && { confidence }),
    ...(windows !== undefined && { windows }),
    ...(capacity !== undefined && { capacity }),
    ...(after !== undefined && { after }),
    steps: Array.isArray(steps) ? steps.slice(0, MOST_STEPS) : [],
    checks: isRecord(checks) ? checks : {},
  }
}

function targetFacts(head: HeadParts, context: PlanContext, report: (problem: Problem) => void): TargetFacts | null {
  const { service, environment } = head
  if (service === undefined || environment === undefined) return null
  const facts = context.target(service, environment)
  if (facts !== null) return facts
  const known = context.targets.length === 0 ? 'none is registered' : context.targets.slice(0, 10).join(', ')
  report({
    rule: 'unknown-target',
    path: ['service'],
    message: `there is no target ${service}/${environment}`,
    received: `${service}/${environment}`,
    expected: `a target from sluice.yaml: ${known}`,
    fix: 'name one of these targets, or ask an administrator to register another',
  })
  return null
}
