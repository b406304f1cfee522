import type { Action } from '../plan/actions.ts'
import { flagsIn } from '../plan/plan-flags.ts'
import type { Problem } from '../problems.ts'
import { formatDuration, formatPercent, formatWeight, type Milliseconds, writeDuration } from '../units.ts'
import { featuresOf } from './by-flag.ts'
import type { GovernedPlan, Weakness } from './governed-plan.ts'
import { mildFailures } from './mild-failures.ts'
import { bakePath, firstFrom, placedChecks, stepOfFlag, stepPath, weightPath } from './plan-places.ts'
import type { Policy } from './policy.ts'
import { approvalText, missingApproval } from './required-approvals.ts'
import { missingCheck, requiredText, warning } from './required-checks.ts'
import { stagesOf } from './stages.ts'

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
    says: (least) => [`at least ${weights(least)} between 0% and 100%, each held for some time`],
    weaknesses(plan, least) {
      const found = stagesOf(plan).filter(({ held }) => held > 0).length
      if (found >= least) return []
      return [
        {
          path: ['steps'],
          message: 'the plan goes through too few weights',
          received: `${weights(found)} between 0% and 100% that ${found === 1 ? 'is' : 'are'} held`,
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
    weaknesses: mildFailures,
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

function callsIn(action: Action): readonly string[] {
  if (action.kind === 'call-gate') return [action.call]
  if (action.kind !== 'hook') return []
  return action.undo === undefined ? [action.call] : [action.call, action.undo]
}

function weights(count: number): string {
  return `${count} ${count === 1 ? 'weight' : 'weights'}`
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `one of ${names.join(', ')}`
}

function percent(share: number): string {
  return formatPercent(share, 6)
}
