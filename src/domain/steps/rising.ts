import type { ProblemPath } from '../problems.ts'
import { type BasisPoints, formatWeight } from '../units.ts'
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
    fix: 'let weights rise from step to step; going back is what a rollback does',
  })
}
