import type { DriftPolicy, Floor, Plan } from './plan.ts'

/** What a plan has that says nothing about drift: three repairs in a row, or a tenth of a bake. */
export const USUAL_DRIFT: DriftPolicy = { repairs: 3, share: 0.1 }

/** What a plan has that says nothing about the floor: every second request fails. */
export const USUAL_FLOOR: Floor = { errors: 0.5, requests: 20 }

/** How much drift pauses a release of this plan. A plan that was read before plans could say so has the default. */
export function driftPolicyOf(plan: Partial<Pick<Plan, 'onDrift'>>): DriftPolicy {
  return plan.onDrift ?? USUAL_DRIFT
}

/** Below what no release of this plan goes on. A plan that was read before plans could say so has the default. */
export function floorOf(plan: Partial<Pick<Plan, 'floor'>>): Floor {
  return plan.floor ?? USUAL_FLOOR
}
