import type { ProblemPath } from '../../problems.ts'
import { type BasisPoints, formatWeight } from '../../units.ts'
import type { StepContext } from './step-kind.ts'

/** Reports a weight that is not above the one before it: a plan only ever goes forward. */
export function reportFallingWeight(
  weight: BasisPoints,
  before: BasisPoints,
  path: ProblemPath,
  context: Pick<StepContext, 'report'>,
): void {
  if (weight > before) return
  context.report({
    rule: 'weight-not-rising',
    path,
    message:
      weight === before ? 'this weight repeats the one before it' : 'this weight is lower than the one before it',
    received: formatWeight(weight),
    expected: `more than ${formatWeight(before)}`,
    fix: 'let weights rise from step to step; only a rollback lowers them',
  })
}

/**
 * What a weight without its unit is likely to mean, so that the steps after it can be judged at once: 25 as 25%. Null for
 * anything else, and for 0.5 and 1, which may be shares as well. It is never taken as the weight itself.
 */
export function likelyWeight(value: unknown): BasisPoints | null {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
  const percent = /^\d{1,3}(\.\d{1,2})?$/.test(text) ? Number(text) : 0
  return percent > 1 && percent <= 100 ? Math.round(percent * 100) : null
}
