import {
  FLAG_OFF,
  type FlagReach,
  type FlagReaches,
  isAllOrNobody,
  isOff,
  isWider,
  reachIn,
  reachText,
  widestReach,
} from '../flag-reach.ts'
import type { Problem } from '../problems.ts'
import { FULL_WEIGHT, formatWeight } from '../units.ts'
import type { Check } from './checks.ts'
import type { Traced } from './plan-steps.ts'

/** Reports what makes no sense in a plan for a target that has no router, so that its flags are all there is. */
export function reportFlagOnly(
  trace: readonly Traced[],
  checks: readonly Check[],
  comparesWithStable: (check: Check) => boolean,
  report: (problem: Problem) => void,
): void {
  for (const { name, onFailFlag } of checks) if (onFailFlag !== undefined) reportOwnFlag(name, onFailFlag.flag, report)
  if (trace.some(({ kind }) => kind === 'unread')) return
  const exposes = trace.flatMap((action) => (action.kind === 'expose' ? [action] : []))
  if (trace.length > 0 && exposes.length === 0) return reportNothing(report)
  let flags: FlagReaches = {}
  for (const { exposure, step } of exposes) {
    for (const [name, reach] of Object.entries(exposure.flags ?? {})) {
      const before = reachIn(flags, name) ?? FLAG_OFF
      if (!isOff(reach) && isWider(reach, before)) reportNarrower(name, { before, reach, step }, report)
    }
    flags = { ...flags, ...exposure.flags }
  }
  for (const [name, reach] of Object.entries(flags)) if (!isAllOrNobody(reach)) reportPartial(name, reach, report)
  const inAnalyses = trace.flatMap((action) => (action.kind === 'judge' ? action.checks : []))
  for (const check of new Set([...checks, ...inAnalyses]))
    if (comparesWithStable(check)) reportBlurred(check.name, flags, report)
}

function reportOwnFlag(check: string, flag: string, report: (problem: Problem) => void): void {
  report({
    rule: 'flag-is-the-release',
    path: ['checks', check, 'onFail'],
    message: 'without a router the flag is all that the release brings, so that setting it off is the rollback',
    received: `{ flag: ${flag}, set: off }`,
    expected: 'rollback, pause, hold or warn',
    fix: 'write onFail: rollback',
  })
}

function reportNothing(report: (problem: Problem) => void): void {
  report({
    rule: 'never-full',
    path: ['steps'],
    message: 'no step sets a flag, and the target has no router: nobody would ever get anything new',
    expected: 'a flag step',
    fix: 'add one, such as flag: { new-checkout: on }',
  })
}

interface Narrowing {
  readonly before: FlagReach
  readonly reach: FlagReach
  readonly step: number
}

function reportNarrower(name: string, { before, reach, step }: Narrowing, report: (problem: Problem) => void): void {
  const { weight, cohorts } = widestReach({ before, reach })
  const parts = [...cohorts, ...(weight === 0 ? [] : [formatWeight(weight)])]
  const whole =
    weight === FULL_WEIGHT ? 'on' : parts.length === 1 && weight > 0 ? parts.join() : `[${parts.join(', ')}]`
  report({
    rule: 'flag-narrower',
    path: ['steps', step - 1, 'flag', name],
    message: `this takes ${name} from people who have it: a step before has set it to ${reachText(before)}`,
    received: reachText(reach),
    expected: 'whoever has it already and more, or off',
    fix: `write ${whole}`,
  })
}

function reportPartial(name: string, reach: FlagReach, report: (problem: Problem) => void): void {
  report({
    rule: 'never-full',
    path: ['steps'],
    message: `the steps leave ${name} at ${reachText(reach)}, so the release could not end with everybody having it, or nobody`,
    received: `${name}: ${reachText(reach)}`,
    expected: 'on or off in the last step that sets it',
    fix: `add the step flag: { ${name}: on }`,
  })
}

/** Two groups can be compared where one flag tells them apart, and having it is what is new. */
function reportBlurred(check: string, flags: FlagReaches, report: (problem: Problem) => void): void {
  const names = Object.keys(flags)
  const off = names.filter((name) => isOff(flags[name] ?? FLAG_OFF))
  if (names.length < 2 && off.length === 0) return
  const isSeveral = names.length > 1
  report({
    rule: 'nothing-to-compare',
    path: ['checks', check],
    message: isSeveral
      ? `the plan sets ${names.length} flags, and ${check} compares two groups of users: who has what in which is not clear`
      : `the plan ends with ${off.join()} off, and ${check} would judge the users who still have it against those who do not`,
    received: names.join(', '),
    expected: isSeveral ? 'one flag' : 'a flag that ends on',
    fix: isSeveral
      ? 'release one flag at a time, or use a check that compares nobody, such as a query'
      : 'use a check that compares nobody, such as a query',
  })
}
