import type { Check } from '../plan/checks.ts'
import type { ProblemPath } from '../problems.ts'
import type { GovernedPlan, Weakness } from './governed-plan.ts'
import type { Policy } from './policy.ts'

type RequiredCheck = NonNullable<Policy['checks']>[number]

/** `rate of orders from shop-db`. */
export function requiredText({ kind, of, source }: RequiredCheck): string {
  return `${kind}${of === undefined ? '' : ` of ${of}`}${source === undefined ? '' : ` from ${source}`}`
}

/** How a plan lacks a check that watches all of it and does more than warn; null when it has one. */
export function missingCheck(plan: GovernedPlan, wanted: RequiredCheck): Weakness | null {
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

/** How a check only warns; null when it does more. */
export function warning(check: Check, path: ProblemPath): Weakness | null {
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
