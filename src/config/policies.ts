import { nearestWord } from '../domain/nearest-word.ts'
import type { NamedPolicy } from '../domain/plan/plan-context.ts'
import { nameText } from '../domain/plan/plan-values.ts'
import { holdsFor, type Labelled, type Policy } from '../domain/policy/policy.ts'
import type { Problem, ProblemPath } from '../domain/problems.ts'
import type { TargetConfig } from './installation-schema.ts'

/** The policies that hold for a target. */
export function policiesFor(
  target: Labelled,
  { policies = [] }: { readonly policies?: readonly NamedPolicy[] },
): readonly NamedPolicy[] {
  return policies.filter(({ policy }) => holdsFor(policy, target))
}

/** What a policy says of the rest of `sluice.yaml`. */
interface PolicyParts {
  readonly policies: Readonly<Record<string, Policy>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly targets: readonly { readonly target: Partial<TargetConfig> }[]
}

/** Reports policies that could never hold, or that nobody could fulfil. */
export function checkPolicies(
  { policies, groups, targets }: PolicyParts,
  checkKinds: readonly string[],
  report: (problem: Problem) => void,
): void {
  for (const [name, policy] of Object.entries(policies)) {
    const path = ['policies', name]
    if (!targets.some(({ target }) => mayBeMeant(policy, target))) report(holdsForNothing(policy, path))
    const { approvals = [], override } = policy
    for (const [index, { by }] of approvals.entries())
      reportGroup(by, groups, [...path, 'approvals', index, 'by'], report)
    if (override !== undefined) reportGroup(override, groups, [...path, 'override'], report)
    reportKinds(policy, checkKinds, path, report)
  }
}

/** A kind that is misspelt under `noWarn` would be the name of a check that no plan has, and let every check only warn. */
function reportKinds(
  { checks = [], noWarn = [] }: Policy,
  kinds: readonly string[],
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  const unknown = (received: string, at: ProblemPath, near: string | null) =>
    report({
      rule: 'unknown-check-kind',
      path: [...path, ...at],
      message: 'there is no such kind of check',
      received,
      expected: `one of ${kinds.join(', ')}`,
      fix: near === null ? 'use one of these' : `did you mean ${near}?`,
    })
  for (const [index, { kind }] of checks.entries())
    if (!kinds.includes(kind)) unknown(kind, ['checks', index, 'kind'], nearestWord(kind, kinds))
  for (const [index, word] of (noWarn === 'all' ? [] : noWarn).entries()) {
    const near = nearestWord(word, kinds)
    if (!kinds.includes(word) && (near !== null || !nameText.safeParse(word).success))
      unknown(word, ['noWarn', index], near)
  }
}

/** Reports a group that is not there. */
export function reportGroup(
  group: string,
  groups: Readonly<Record<string, readonly string[]>>,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (Object.hasOwn(groups, group)) return
  report({
    rule: 'unknown-group',
    path,
    message: 'there is no such group',
    received: group,
    expected: `a group of this file: ${Object.keys(groups).join(', ') || 'none is there'}`,
    fix: 'use one of these, or add the group',
  })
}

/** A target whose name cannot be read may be any. */
function mayBeMeant(policy: Policy, { service, environment, labels }: Partial<TargetConfig>): boolean {
  if (service === undefined || environment === undefined) return true
  return holdsFor(policy, { service, environment, labels })
}

/** A word that is misspelt here would let every plan through. */
function holdsForNothing({ for: chosen }: Policy, path: ProblemPath): Problem {
  return {
    rule: 'idle-policy',
    path: [...path, 'for'],
    message: 'this policy holds for no target',
    received: JSON.stringify(chosen),
    expected: 'services, environments and labels of targets of this file',
    fix: 'write them as the targets do, or remove the policy',
  }
}
