import { z } from 'zod'
import type { MetricSourceCapabilities } from '../metrics/metric-source.ts'
import type { RouterCapabilities } from '../routers/router.ts'
import type { Action } from './actions.ts'
import type { CheckContext, CheckKind, ReadCheck } from './check-kinds.ts'
import type { Check } from './checks.ts'
import { type Exposure, NO_EXPOSURE } from './exposure.ts'
import { confidenceText, durationText, nameText } from './plan-values.ts'
import { formatPath, type Problem, type ProblemPath, showValue } from './problems.ts'
import type { StepKind, StepNeeds } from './steps/step-kind.ts'
import { FULL_WEIGHT, formatWeight, type Milliseconds } from './units.ts'

/** A step as people see it: what was written, in one line. */
export interface PlanStep {
  readonly kind: string
  readonly label: string
}

/** What happens when a check fails, or stays inconclusive. */
export interface PlanPolicies {
  readonly onFail: 'rollback' | 'pause'
  readonly onInconclusive: { readonly holdFor: Milliseconds; readonly then: 'rollback' | 'pause' }
  /** Time between two looks of the guard. */
  readonly interval: Milliseconds
}

/** A valid plan, complete and expanded to actions: plain JSON, the whole of what the workflow needs to know. */
export interface Plan extends PlanPolicies {
  readonly service: string
  readonly environment: string
  readonly steps: readonly PlanStep[]
  readonly actions: readonly Action[]
  readonly checks: readonly Check[]
  /** Probability of a false alarm over the whole release: the sum of the checks' parts. */
  readonly errorBudget: number
}

/** What a target offers a plan. */
export interface TargetFacts {
  readonly router: { readonly kind: string; readonly capabilities: RouterCapabilities }
  readonly metrics: Readonly<Record<string, MetricSourceCapabilities>>
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** Everything the reading of a plan depends on; handed in, so that domain knows no adapter. */
export interface PlanContext {
  readonly stepKinds: readonly StepKind[]
  readonly checkKinds: readonly CheckKind[]
  /** The target's facts, or null when it is not registered. */
  readonly target: (service: string, environment: string) => TargetFacts | null
  /** Registered targets as `service/environment`, for messages. */
  readonly targets: readonly string[]
  /** Why an expression can never be evaluated, or null when it can. */
  readonly expressionProblem: (text: string, hasStable: boolean) => string | null
}

const policy = z.enum(['rollback', 'pause'])
const FIFTEEN_MINUTES = 900_000

/** The top of a plan; steps and checks are read one by one so that all problems come at once. */
export const planHead = z.strictObject({
  service: nameText,
  environment: nameText,
  steps: z.array(z.unknown()).min(1).max(200),
  checks: z.record(z.string(), z.unknown()).default({}),
  confidence: confidenceText.default(0.99),
  interval: durationText
    .refine((interval) => interval >= 1_000 && interval <= 3_600_000, { error: 'expected 1s to 1h' })
    .default(10_000),
  onFail: policy.default('rollback'),
  onInconclusive: z
    .strictObject({ holdFor: durationText, then: policy })
    .default({ holdFor: FIFTEEN_MINUTES, then: 'pause' }),
})

export type PlanHead = z.infer<typeof planHead>

/** Reads a plan from parsed YAML or JSON. Answers with all problems, or with the complete plan. Never throws. */
export function readPlan(value: unknown, context: PlanContext): { plan: Plan } | { problems: readonly Problem[] } {
  const problems: Problem[] = []
  const report = (problem: Problem) => void problems.push(problem)
  const parsed = planHead.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, report)
  const head = parsed.success ? parsed.data : usablePartsOf(value)
  const facts = targetFacts(head, context, report)
  const reader = createCheckReader(head, facts, context, report)
  const checks = reader.read(head.checks, ['checks'])
  const steps = readSteps(head.steps, context, report)
  const actions = expandSteps(steps, facts, reader, report)
  if (!parsed.success || problems.length > 0) return { problems: inOrder(problems) }
  const { service, environment, onFail, onInconclusive, interval } = parsed.data
  const share = reader.shareOfBudget()
  const complete = (actionsOrChecks: readonly Action[]) => actionsOrChecks.map((action) => withBudget(action, share))
  const allChecks = checks.map((check) => withShare(check, share))
  const plan = {
    ...{ service, environment, onFail, onInconclusive, interval },
    steps: steps.map(({ kind, step }) => ({ kind, label: step.label })),
    actions: complete(actions),
    checks: allChecks,
    errorBudget: reader.errorBudget(),
  }
  return { plan }
}

type HeadParts = Pick<PlanHead, 'steps' | 'checks' | 'confidence'> & { service?: string; environment?: string }

/** What can still be looked at when the head has problems: a wrong policy must not hide a wrong step. */
function usablePartsOf(value: unknown): HeadParts {
  const record = isRecord(value) ? value : {}
  const { service, environment, steps, checks } = record
  return {
    ...(typeof service === 'string' && { service }),
    ...(typeof environment === 'string' && { environment }),
    steps: Array.isArray(steps) ? steps.slice(0, 200) : [],
    checks: isRecord(checks) ? checks : {},
    confidence: 0.99,
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
    fix: 'correct service or environment, or ask an administrator to register the target',
  })
  return null
}

interface PlacedStep {
  readonly kind: string
  readonly path: ProblemPath
  readonly number: number
  readonly step: import('./steps/step-kind.ts').ReadStep
}

function readSteps(values: readonly unknown[], context: PlanContext, report: (problem: Problem) => void): PlacedStep[] {
  const kinds = new Map(context.stepKinds.map((kind) => [kind.kind, kind]))
  const steps: PlacedStep[] = []
  for (const [index, value] of values.entries()) {
    const one = singleEntry(value, [...kinds.keys()], ['steps', index], 'step', report)
    const kind = one === null ? undefined : kinds.get(one.key)
    if (one === null || kind === undefined) continue
    const path = ['steps', index, one.key]
    const read = kind.read(one.value)
    if ('issues' in read) reportIssues(read.issues, path, one.value, report)
    else steps.push({ kind: one.key, path, number: index + 1, step: read.step })
  }
  return steps
}

function expandSteps(
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

interface CheckReader {
  readonly read: (checks: Readonly<Record<string, unknown>>, path: ProblemPath) => readonly Check[]
  readonly shareOfBudget: () => number
  readonly errorBudget: () => number
}

/** Stands for "its part of the plan's budget", until all checks are known. */
const SHARED = -1

function createCheckReader(
  head: HeadParts,
  facts: TargetFacts | null,
  context: PlanContext,
  report: (problem: Problem) => void,
): CheckReader {
  const kinds = new Map<string, CheckKind>(context.checkKinds.map((kind) => [kind.kind, kind]))
  const names = new Set<string>()
  let sharing = 0
  let claimed = 0
  function readOne(name: string, value: unknown, path: ProblemPath): ReadCheck | null {
    reportName(name, names, path, report)
    const one = singleEntry(value, [...kinds.keys()], path, 'check', report)
    const kind = one === null ? undefined : kinds.get(one.key)
    if (one === null || kind === undefined) return null
    const at = [...path, one.key]
    const read = kind.read(one.value, checkContext(name, at, facts, context, report))
    if ('check' in read) return read.check
    reportIssues(read.issues, at, one.value, report)
    return null
  }
  return {
    read(checks, path) {
      const complete: Check[] = []
      for (const [name, value] of Object.entries(checks)) {
        const check = readOne(name, value, [...path, name])
        if (check === null) continue
        if (check.spendsBudget && check.claims === null) sharing += 1
        if (check.claims !== null) claimed += check.claims
        complete.push(check.complete(check.claims ?? SHARED))
      }
      return complete
    },
    shareOfBudget: () => Number(((1 - head.confidence) / Math.max(1, sharing)).toPrecision(12)),
    errorBudget: () => Number((claimed + (sharing > 0 ? 1 - head.confidence : 0)).toPrecision(12)),
  }
}

function checkContext(
  name: string,
  path: ProblemPath,
  facts: TargetFacts | null,
  context: PlanContext,
  report: (problem: Problem) => void,
): CheckContext {
  return {
    name,
    path,
    report,
    source: (named, needs) => (facts === null ? (named ?? '') : pickSource(named, needs, facts, path, report)),
    expression(text, at, hasStable) {
      if (text === undefined) return null
      const message = context.expressionProblem(text, hasStable)
      if (message !== null) {
        const fix = 'correct the expression; the names are result and, for queries with $pool, stable'
        report({ rule: 'expression', path: at, message, received: text, expected: 'a true-or-false CEL expression', fix })
      }
      return text
    },
  }
}

function pickSource(
  named: string | undefined,
  needs: 'counts' | 'latency' | 'queries',
  facts: TargetFacts,
  path: ProblemPath,
  report: (problem: Problem) => void,
): string {
  const able = Object.entries(facts.metrics)
    .filter(([, capabilities]) => Boolean(capabilities[needs]))
    .map(([source]) => source)
  if (named !== undefined && able.includes(named)) return named
  const only = able.length === 1 ? able[0] : undefined
  if (named === undefined && only !== undefined) return only
  report({
    rule: 'metric-source',
    path: named === undefined ? path : [...path, 'source'],
    message: sourceMessage(named, needs, facts, able),
    ...(named !== undefined && { received: named }),
    expected: able.length === 0 ? `a target with a source that answers ${needs}` : `one of ${able.join(', ')}`,
    fix: able.length === 0 ? 'use another check, or ask an administrator for a source' : 'name one of them as source',
  })
  return named ?? ''
}

function sourceMessage(named: string | undefined, needs: string, facts: TargetFacts, able: readonly string[]): string {
  if (named === undefined) return `${able.length === 0 ? 'no' : 'more than one'} metric source of the target answers ${needs}`
  const isKnown = Object.hasOwn(facts.metrics, named)
  return isKnown ? `this metric source does not answer ${needs}` : 'the target has no such metric source'
}

function reportName(name: string, names: Set<string>, path: ProblemPath, report: (problem: Problem) => void): void {
  if (!nameText.safeParse(name).success) {
    const expected = 'lower-case letters, digits and dashes, at most 63'
    report({ rule: 'check-name', path, message: 'this is not a name for a check', received: name, expected, fix: 'rename it' })
  }
  if (names.has(name)) {
    const fix = 'give each check of the plan its own name'
    report({ rule: 'check-name', path, message: 'two checks have this name', received: name, expected: 'a new name', fix })
  }
  names.add(name)
}

/** The one key of `{ weight: 5% }` with its value; reports anything else. */
function singleEntry(
  value: unknown,
  known: readonly string[],
  path: ProblemPath,
  what: 'step' | 'check',
  report: (problem: Problem) => void,
): { key: string; value: unknown } | null {
  const entries = isRecord(value) ? Object.entries(value) : []
  const [first] = entries
  const list = known.join(', ')
  if (first === undefined || entries.length !== 1) {
    report({
      rule: `${what}-shape`,
      path,
      message: entries.length > 1 ? `a ${what} has exactly one kind` : `this is not a ${what}`,
      received: entries.length > 1 ? entries.map(([key]) => key).join(', ') : showValue(value),
      expected: `one of ${list}, with its value`,
      fix: entries.length > 1 ? `write each as a ${what} of its own` : `write it as in the docs of the ${what}s`,
    })
    return null
  }
  const [key, inner] = first
  if (known.includes(key)) return { key, value: inner }
  const near = nearest(key, known)
  report({
    rule: `unknown-${what}`,
    path: [...path, key],
    message: `there is no ${what} kind ${key}`,
    received: key,
    expected: `one of ${list}`,
    fix: near === null ? `use a ${what} kind from the list` : `did you mean ${near}?`,
  })
  return null
}

/** Turns zod's issues into problems with the value that was seen. */
export function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  prefix: ProblemPath,
  value: unknown,
  report: (problem: Problem) => void,
): void {
  for (const issue of issues) {
    const inner = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const path = [...prefix, ...inner, key]
        report({
          rule: 'unknown-key',
          path,
          message: `unknown key ${formatPath([...inner, key])}`,
          received: key,
          fix: 'remove it or correct its spelling',
        })
      }
      continue
    }
    if (issue.code === 'invalid_union') {
      const closest = closestBranch(issue.errors)
      if (closest !== null) {
        reportIssues(closest, [...prefix, ...inner], valueAt(value, inner), report)
        continue
      }
    }
    const seen = valueAt(value, inner)
    const message = seen === undefined ? 'missing' : withoutExpected(issue.message)
    report({
      rule: 'value',
      path: [...prefix, ...inner],
      message: seen === undefined ? `${formatPath([...prefix, ...inner])} is missing` : `this value is not accepted`,
      ...(seen !== undefined && { received: showValue(seen) }),
      expected: seen === undefined ? 'a value' : message,
      fix: seen === undefined ? 'add it' : fixFor(seen),
    })
  }
}

/** Of a union's branches the one that came furthest: it fits what the author meant. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const isWrongType = (issue: z.core.$ZodIssue) => issue.code === 'invalid_type' && issue.path.length === 0
  const fitting = branches.filter((issues) => issues.length > 0 && !issues.some(isWrongType))
  return fitting.length === 1 ? (fitting[0] ?? null) : (branches[0] ?? null)
}

function withoutExpected(message: string): string {
  return message.replace(/^Invalid (?:input|option): /, '').replace(/^expected /, '')
}

function fixFor(seen: unknown): string {
  return typeof seen === 'number' ? 'write it as text with its unit, such as 5%, 10m or 1.5x' : 'correct the value'
}

function valueAt(value: unknown, path: ProblemPath): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined
  }, value)
}

function withBudget(action: Action, share: number): Action {
  return action.kind === 'judge' ? { ...action, checks: action.checks.map((check) => withShare(check, share)) } : action
}

function withShare(check: Check, share: number): Check {
  switch (check.kind) {
    case 'rate':
      return check.alpha === SHARED ? { ...check, alpha: share } : check
    case 'errorRate':
      return { ...check, rule: ruleWithShare(check.rule, share) }
    case 'latency':
      return { ...check, rule: ruleWithShare(check.rule, share) }
    case 'query':
    case 'kayenta':
    case 'argo':
      return check
  }
}

function ruleWithShare<Rule extends { judge: string }>(rule: Rule, share: number): Rule {
  return 'alpha' in rule && rule.alpha === SHARED ? { ...rule, alpha: share } : rule
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>()
  return problems.filter((problem) => {
    const key = `${problem.path.join('/')}|${problem.message}`
    return seen.has(key) ? false : seen.add(key)
  })
}

/** The known word within two edits of `word`, if there is one. */
function nearest(word: string, known: readonly string[]): string | null {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= 2)
    .sort((left, right) => left.distance - right.distance)
  return best?.candidate ?? null
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= right.length; column += 1) {
      const substitute = (row[column - 1] ?? 0) + (letter === right[column - 1] ? 0 : 1)
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, substitute))
    }
    row = next
  }
  return row[right.length] ?? 0
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
