import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import { startCheck, weighCheck } from '../../../src/analysis/judges/check-judge.ts'
import type { CheckInput } from '../../../src/domain/plan/checks.ts'

/** Minutes until the check fails, Infinity when it never does within `looks` looks. */
export function delay(check: Check, looks: number, every: number, make: (index: number) => CheckInput): number {
  let state = startCheck(check)
  for (let index = 0; index < looks; index += 1) {
    const step = weighCheck(check, state, make(index))
    if (step.outcome === 'fail') return ((index + 1) * every) / 60_000
    state = step.state
  }
  return Number.POSITIVE_INFINITY
}

/** So many delays, sorted. */
export const repeat = (runs: number, one: () => number) => Array.from({ length: runs }, one).toSorted((a, b) => a - b)
export const median = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
/** Share of runs that failed. */
export const share = (delays: readonly number[]) => delays.filter(Number.isFinite).length / delays.length
