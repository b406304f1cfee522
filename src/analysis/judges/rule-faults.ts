import { formatImpossible } from '../explain.ts'

/** Why no test can keep this error budget, as a sentence; null when one can. */
export function budgetFault(alpha: number): string | null {
  return alpha > 0 && alpha < 1 ? null : `the error budget is not between 0 and 1${formatImpossible(alpha)}`
}

/** Why no canary can be held against this ratio to stable, as a sentence; null when one can. */
export function ratioFault(ratio: number): string | null {
  if (ratio > 0 && ratio < Number.POSITIVE_INFINITY) return null
  return `the accepted ratio is not a positive number${formatImpossible(ratio)}`
}
