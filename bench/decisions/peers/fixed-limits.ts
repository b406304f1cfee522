/**
 * Counter of a rule that compares one number with a fixed limit at each check: breaches add up over the whole release
 * and nothing takes them back. Both Flagger's canary analysis and an Argo Rollouts metric with `failureLimit` count so.
 */
export interface BreachCount {
  readonly breaches: number
  readonly isOver: boolean
}

export const NO_BREACH: BreachCount = { breaches: 0, isOver: false }

/**
 * One check of Flagger: first the count so far is compared with `threshold`, then this check's answer is added, so a
 * rollback comes one interval after the breach that brought it about. A missing number counts as a breach there.
 */
export function flaggerCheck(count: BreachCount, value: number | null, limit: number, threshold: number): BreachCount {
  if (count.isOver || count.breaches >= threshold) return { ...count, isOver: true }
  const isBreach = value === null || value > limit
  return { breaches: count.breaches + (isBreach ? 1 : 0), isOver: false }
}

/** One measurement of a metric with `failureLimit`: over as soon as there are more failures than that. */
export function failureLimitCheck(
  count: BreachCount,
  value: number | null,
  limit: number,
  failureLimit: number,
): BreachCount {
  const breaches = count.breaches + (value !== null && value > limit ? 1 : 0)
  return { breaches, isOver: count.isOver || breaches > failureLimit }
}
