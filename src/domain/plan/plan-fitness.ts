import { z } from 'zod'
import type { Problem } from '../problems.ts'
import { formatPercent } from '../units.ts'
import type { ProofFacts } from './plan-calls.ts'
import type { TargetFacts } from './plan-context.ts'
import { shareText } from './plan-values.ts'

/** How much of each pool must be ready before an exposure is raised. */
interface PlanCapacity {
  /** Share of the pool's servers, in (0, 1]. */
  readonly ready: number
}

export const planCapacity = z
  .strictObject({
    ready: shareText.refine((share) => share > 0, { error: 'expected more than 0%' }),
  })
  .optional()

/** What must hold of the pools beside the plan's own checks; nothing when absent. */
export interface PlanFitness {
  readonly capacity?: PlanCapacity
  /** The canary pool must say the version before anybody gets it. */
  readonly proof?: ProofFacts
}

/** The plan's capacity, else its target's, and the target's proof. Reports a router that cannot say how its pools are. */
export function fitnessOf(
  written: z.output<typeof planCapacity>,
  facts: TargetFacts | null,
  report: (problem: Problem) => void,
): PlanFitness {
  const capacity = written ?? facts?.capacity
  const { proof } = facts ?? {}
  if (facts !== null && capacity !== undefined && facts.router?.capabilities.health !== true) {
    const router = facts.router === null ? 'a target without a router' : `the target's router (${facts.router.kind})`
    report({
      rule: 'router-cannot',
      path: written === undefined ? ['service'] : ['capacity'],
      message: `${router} cannot say how many servers of a pool are ready`,
      received: `capacity: { ready: ${formatPercent(capacity.ready, 3)} }`,
      expected: 'a router that knows the health of its pools',
      fix: 'remove capacity, or use a target whose router knows',
    })
  }
  return { ...(capacity !== undefined && { capacity }), ...(proof !== undefined && { proof }) }
}

/** What must hold of the pools, in lines; none when nothing must. */
export function fitnessText({ capacity, proof }: PlanFitness): readonly string[] {
  return [
    ...(proof === undefined
      ? []
      : ['before the first exposure, and until the end, every instance of the canary must say the new version']),
    ...(capacity === undefined
      ? []
      : [`before exposures are raised ${formatPercent(capacity.ready, 3)} of each pool must be ready`]),
  ]
}
