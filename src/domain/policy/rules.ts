import type { Action } from '../plan/actions.ts'
import type { Check } from '../plan/checks.ts'
import { failureOf } from '../plan/consequences.ts'
import { flagsIn } from '../plan/plan-flags.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import {
  type BasisPoints,
  formatDuration,
  formatPercent,
  formatWeight,
  type Milliseconds,
  writeDuration,
} from '../units.ts'
import { featuresOf } from './by-flag.ts'
import type { Policy } from './policy.ts'
import { stagesOf } from './stages.ts'

/** What the rules look at: a plan that is valid, complete and expanded. */
interface GovernedPlan {
  readonly steps: readonly { readonly kind: string; readonly label: string }[]
  readonly actions: readonly Action[]
  readonly checks: readonly Check[]
  readonly interval: Milliseconds
  readonly onFail: 'rollback' | 'pause'
  readonly errorBudget: number
}

/** One thing that a plan does less of than a rule asks. */
type Weakness = Pick<Problem, 'path' | 'message' | 'received' | 'expected' | 'fix'>

interface Rule<Option> {
  /** What it asks, as sentences for people. */
  readonly says: (option: Option) => readonly string[]
  /** True where it goes by how many users have something: then it asks for each thing that the plan gives them. */
  readonly isByWeight?: true
  readonly weaknesses: (plan: GovernedPlan, option: Option) => readonly Weakness[]
}

/** What a plan alone shows: whether it was rehearsed, only the record of its target does. */
type RuleName = Exclude<keyof Policy, 'for' | 'rehearsal' | 'override'>

/** The rules in the order in which people read them. */
const RULES: { readonly [Name in RuleName]: Rule<NonNullable<Policy[Name]>> } = {
  leastSteps: {
    isByWeight: true,
    says: (least) => [`at least ${counted(least, 'weight')} between 0% and 100%, each held for some time`],
    weaknesses(plan, least) {
      const found = stagesOf(plan).filter(({ held }) => held > 0).length
      if (found >= least) return []
      return [
        {
          path: ['steps'],
          message: 'the plan goes through too few weights',
          received: `${counted(found, 'weight')} between 0% and 100% that ${found === 1 ? 'is' : 'are'} held`,
          expected: `at least ${least}`,
          fix: 'add weights, each with a bake after it',
        },
      ]
    },
  },
  firstWeight: {
    isByWeight: true,
    says: (most) => [`the first weight is at most ${formatWeight(most)}`],
    weaknesses(plan, most) {
      const first = firstFrom(1, plan)
      if (first === null || first.weight <= most) return []
      return [
        {
          path: weightPath(plan, first),
          message: 'the first weight is too large',
          received: formatWeight(first.weight),
          expected: `at most ${formatWeight(most)}`,
          fix: 'begin with a smaller weight, and a bake after it',
        },
      ]
    },
  },
  bake: {
    isByWeight: true,
    says: ({ each, total }) => [
      ...(each === undefined ? [] : [`each weight between 0% and 100% is held for at least ${formatDuration(each)}`]),
      ...(total === undefined
        ? []
        : [`the weights between 0% and 100% last at least ${formatDuration(total)} together`]),
    ],
    weaknesses: (plan, { each = 0, total = 0 }) => [...shortStages(plan, each), ...shortWhole(plan, total)],
  },
  checks: {
    says: (wanted) => [`the whole release is watched by ${wanted.map(requiredText).join(', ')}, and not only to warn`],
    weaknesses: (plan, wanted) => wanted.flatMap((one) => missingCheck(plan, one) ?? []),
  },
  noWarn: {
    says: (wanted) => [`${wanted === 'all' ? 'no check' : `none of ${wanted.join(', ')}`} only warns`],
    weaknesses: (plan, wanted) =>
      placedChecks(plan)
        .filter(({ check }) => wanted === 'all' || wanted.includes(check.kind) || wanted.includes(check.name))
        .flatMap(({ check, path }) => warning(check, path) ?? []),
  },
  confidence: {
    says: (least) => [`the checks together are at least ${percent(least)} sure`],
    weaknesses({ errorBudget }, least) {
      // Sums of decimal shares: what is not even a millionth is nobody's choice.
      if (errorBudget <= 1 - least + 1e-6) return []
      return [
        {
          path: ['confidence'],
          message: 'the checks together may be wrong too often',
          received: percent(1 - errorBudget),
          expected: `at least ${percent(least)}`,
          fix: 'raise confidence, of the plan or of the checks that have their own',
        },
      ]
    },
  },
  approvals: {
    isByWeight: true,
    says: (wanted) => wanted.map((one) => `${approvalText(one)}, before ${formatWeight(one.before)}`),
    weaknesses: (plan, wanted) => wanted.flatMap((one) => missingApproval(plan, one) ?? []),
  },
  onFail: {
    says: () => ['what fails rolls back'],
    weaknesses: (plan) => [...mildPlan(plan), ...mildChecks(plan), ...mildCalls(plan)],
  },
  hooks: {
    says: (allowed) => [allowed.length === 0 ? 'no calls' : `calls only of ${allowed.join(', ')}`],
    weaknesses: (plan, allowed) =>
      plan.actions.flatMap((action) =>
        callsIn(action)
          .filter((call) => !allowed.includes(call))
          .map((call) => ({
            path: stepPath(plan, action.step),
            message: `the call ${call} is not one of those that are allowed`,
            received: call,
            expected: oneOf(allowed),
            fix: 'use one of these, or remove the step',
          })),
      ),
  },
  flags: {
    says: (allowed) => [allowed.length === 0 ? 'no flags' : `flags only ${allowed.join(', ')}`],
    weaknesses: (plan, allowed) =>
      flagsIn(plan.actions)
        .filter((flag) => !allowed.includes(flag))
        .map((flag) => ({
          path: stepPath(plan, stepOfFlag(plan, flag)),
          message: `the flag ${flag} is not one of those that are allowed`,
          received: flag,
          expected: oneOf(allowed),
          fix: 'use one of these, or remove the step',
        })),
  },
}

const RULE_NAMES = Object.keys(RULES) as readonly RuleName[]

/** Where a plan is weaker than a policy of this name, each with the rule that says so. */
export function weakerThan(name: string, policy: Policy, plan: GovernedPlan): readonly Problem[] {
  return RULE_NAMES.flatMap((rule) =>
    weaknessesBy(rule, policy, plan).map(({ message, ...where }) => ({
      ...where,
      rule: `policy.${rule}`,
      message: `${message}: the policy ${name} asks for more (${rule})`,
    })),
  )
}

/** What a policy asks, as sentences. */
export function policyText(policy: Policy): readonly string[] {
  const { rehearsal } = policy
  const rehearsed =
    rehearsal === undefined ? [] : [`rehearsed as it is, not longer than ${formatDuration(rehearsal.within)} ago`]
  return [...RULE_NAMES.flatMap((rule) => textBy(rule, policy)), ...rehearsed]
}

function weaknessesBy<Name extends RuleName>(rule: Name, policy: Policy, plan: GovernedPlan): readonly Weakness[] {
  const option = policy[rule] as NonNullable<Policy[Name]> | undefined
  if (option === undefined) return []
  const { weaknesses, isByWeight } = RULES[rule]
  if (isByWeight !== true) return weaknesses(plan, option)
  const features = featuresOf(plan.actions)
  return features.flatMap(({ flag, actions }) => {
    const isOneOfSeveral = flag !== null && features.length > 1
    const found = weaknesses({ ...plan, actions }, option)
    return isOneOfSeveral ? found.map((one) => ({ ...one, message: `of ${flag}: ${one.message}` })) : found
  })
}

function textBy<Name extends RuleName>(rule: Name, policy: Policy): readonly string[] {
  const option = policy[rule]
  return option === undefined ? [] : RULES[rule].says(option as NonNullable<Policy[Name]>)
}

function shortStages(plan: GovernedPlan, each: Milliseconds): readonly Weakness[] {
  return stagesOf(plan)
    .filter(({ held }) => held < each)
    .map(({ weight, step, held }) => ({
      path: bakePath(plan, step),
      message: `${formatWeight(weight)} is not held for long enough`,
      received: `${formatDuration(held)} for certain`,
      expected: `at least ${writeDuration(each)}`,
      fix: 'add a bake, lengthen it, or shorten its warm-up; one that ends once proven counts for nothing',
    }))
}

function shortWhole(plan: GovernedPlan, total: Milliseconds): readonly Weakness[] {
  const held = stagesOf(plan).reduce((sum, stage) => sum + stage.held, 0)
  if (held >= total) return []
  return [
    {
      path: ['steps'],
      message: 'everybody gets the version too soon',
      received: `${formatDuration(held)} at weights between 0% and 100%, for certain`,
      expected: `at least ${writeDuration(total)}`,
      fix: 'lengthen the bakes at these weights; what a cohort has alone counts for nothing',
    },
  ]
}

type RequiredCheck = NonNullable<Policy['checks']>[number]

function requiredText({ kind, of, source }: RequiredCheck): string {
  return `${kind}${of === undefined ? '' : ` of ${of}`}${source === undefined ? '' : ` from ${source}`}`
}

function missingCheck(plan: GovernedPlan, wanted: RequiredCheck): Weakness | null {
  const alike = plan.checks.filter(
    (check) =>
      check.kind === wanted.kind &&
      (wanted.source === undefined || check.source === wanted.source) &&
      (wanted.of === undefined || ('of' in check && check.of === wanted.of)),
  )
  if (alike.some((check) => check.cohort === undefined && !isMild(check))) return null
  const [near] = alike
  const words = { expected: `${requiredText(wanted)}, of all requests, that does more than warn` }
  if (near === undefined) {
    const fix = 'add one under checks: one of a single step watches only that'
    return { path: ['checks'], message: `no check ${requiredText(wanted)} watches the release`, ...words, fix }
  }
  return {
    path: ['checks', near.name],
    message: `the check ${near.name} ${near.cohort === undefined ? 'only warns' : 'looks at one cohort only'}`,
    ...words,
    fix: 'change it, or add one beside it',
  }
}

function isMild({ onFail, onNoData }: Check): boolean {
  return onFail === 'warn' || onNoData === 'warn'
}

function warning(check: Check, path: ProblemPath): Weakness | null {
  if (!isMild(check)) return null
  const key = check.onFail === 'warn' ? 'onFail' : 'onNoData'
  return {
    path: [...path, key],
    message: `the check ${check.name} only warns${key === 'onFail' ? '' : ' when its data is missing'}`,
    received: 'warn',
    expected: 'rollback, pause or hold',
    fix: `write one of these, or remove ${key}`,
  }
}

type RequiredApproval = NonNullable<Policy['approvals']>[number]

function approvalText({ by, need, notAuthor }: RequiredApproval): string {
  return `${need === 1 ? 'somebody' : need} of ${by} ${need === 1 ? 'has' : 'have'} approved${notAuthor ? ', not the author' : ''}`
}

function missingApproval(plan: GovernedPlan, wanted: RequiredApproval): Weakness | null {
  const raised = firstFrom(wanted.before, plan)
  if (raised === null) return null
  const isAsked = plan.actions
    .slice(0, raised.index)
    .some(
      (action) =>
        action.kind === 'ask' &&
        action.by === wanted.by &&
        action.need >= wanted.need &&
        (action.notAuthor || !wanted.notAuthor),
    )
  if (isAsked) return null
  const { by, need, notAuthor, before } = wanted
  return {
    path: weightPath(plan, raised),
    message: `${formatWeight(raised.weight)} comes before an approval that it needs`,
    expected: `approve: { by: ${by}, need: ${need}, notAuthor: ${notAuthor} } before ${formatWeight(before)} or more`,
    fix: 'add the step before this one, or change the one that is there',
  }
}

function mildPlan({ onFail }: GovernedPlan): readonly Weakness[] {
  return onFail === 'rollback' ? [] : [mild(['onFail'], 'the plan', onFail)]
}

function mildChecks(plan: GovernedPlan): readonly Weakness[] {
  return placedChecks(plan).flatMap(({ check, path }) => {
    const at = [...path, 'onFail']
    const name = `the check ${check.name}`
    if (check.onFailFlag !== undefined) return [mild(at, name, `sets ${check.onFailFlag.flag} off first`)]
    const failure = failureOf(check, plan.onFail)
    // What only warns is the matter of another rule, and what the plan says has been said.
    return failure === 'rollback' || failure === 'warn' || failure === plan.onFail ? [] : [mild(at, name, failure)]
  })
}

function mildCalls(plan: GovernedPlan): readonly Weakness[] {
  return plan.actions.flatMap((action) => {
    if (action.kind !== 'hook' && action.kind !== 'call-gate') return []
    const { onFail = 'rollback', call, step } = action
    return onFail === 'rollback' ? [] : [mild(stepPath(plan, step, 'onFail'), `the call ${call}`, onFail)]
  })
}

function mild(path: ProblemPath, what: string, received: string): Weakness {
  const fix = 'write rollback, or remove onFail'
  return { path, message: `${what} does not roll back at once when it fails`, received, expected: 'rollback', fix }
}

function callsIn(action: Action): readonly string[] {
  if (action.kind === 'call-gate') return [action.call]
  if (action.kind !== 'hook') return []
  return action.undo === undefined ? [action.call] : [action.call, action.undo]
}

/** An exposure by its place among the actions. */
interface Raised {
  readonly index: number
  readonly step: number
  readonly weight: BasisPoints
}

/** The first exposure of at least this weight; null when there is none. */
function firstFrom(least: BasisPoints, { actions }: GovernedPlan): Raised | null {
  for (const [index, action] of actions.entries()) {
    if (action.kind === 'expose' && action.exposure.weight >= least)
      return { index, step: action.step, weight: action.exposure.weight }
  }
  return null
}

function stepOfFlag({ actions }: GovernedPlan, flag: string): number {
  const set = actions.find((action) => action.kind === 'expose' && Object.hasOwn(action.exposure.flags ?? {}, flag))
  return set?.step ?? 1
}

/** Checks with where they stand in the plan: those that watch all of it, and those of its analyses. */
function placedChecks(plan: GovernedPlan): readonly { readonly check: Check; readonly path: ProblemPath }[] {
  const own = plan.checks.map((check) => ({ check, path: ['checks', check.name] }))
  const inSteps = plan.actions.flatMap((action) =>
    action.kind === 'judge'
      ? action.checks.map((check) => ({
          check,
          path: stepPath(plan, action.begunAtStep ?? action.step, 'checks', check.name),
        }))
      : [],
  )
  return [...own, ...inSteps]
}

/** Where the weight of an exposure stands: a ramp has several. */
function weightPath(plan: GovernedPlan, { index, step }: Raised): ProblemPath {
  if (!isRamp(plan, step)) return stepPath(plan, step)
  if (isBudgeted(plan, step)) return stepPath(plan, step, 'to')
  const before = plan.actions.slice(0, index).filter((action) => action.kind === 'expose' && action.step === step)
  return [...stepPath(plan, step, 'through'), before.length]
}

/** Where it stands how long a weight of this step is held; at the weight itself for what stands in a step of its own. */
function bakePath(plan: GovernedPlan, step: number): ProblemPath {
  if (!isRamp(plan, step)) return stepPath(plan, step)
  return stepPath(plan, step, isBudgeted(plan, step) ? 'atLeast' : 'bake')
}

/** True for a ramp whose weights and bakes nobody has written. */
function isBudgeted({ actions }: GovernedPlan, step: number): boolean {
  return actions.some((action) => action.kind === 'bake' && action.step === step && action.raise !== undefined)
}

function isRamp({ steps }: GovernedPlan, step: number): boolean {
  return steps[step - 1]?.kind === 'ramp'
}

function stepPath({ steps }: GovernedPlan, step: number, ...below: readonly string[]): ProblemPath {
  const kind = steps[step - 1]?.kind
  return ['steps', step - 1, ...(kind === undefined ? [] : [kind]), ...below]
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `one of ${names.join(', ')}`
}

function percent(share: number): string {
  return formatPercent(share, 6)
}
