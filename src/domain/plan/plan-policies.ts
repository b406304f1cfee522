/** How much drift of the router pauses a release. */
export interface DriftPolicy {
  /** So many repairs in a row, ≥ 1. */
  readonly repairs: number
  /** Drifted time as a share of a bake, in (0, 1]. */
  readonly share: number
}

/** Below it no release goes on, whatever its checks say. */
export interface Floor {
  /** Share of the canary's requests that failed, in (0, 0.95]. */
  readonly errors: number
  /** Requests that a short time must have shown before the share counts, ≥ 1. */
  readonly requests: number
}

/** What a plan has that says nothing about drift: three repairs in a row, or a tenth of a bake. */
export const USUAL_DRIFT: DriftPolicy = { repairs: 3, share: 0.1 }

/** What a plan has that says nothing about the floor: every second request fails. */
export const USUAL_FLOOR: Floor = { errors: 0.5, requests: 20 }

/** How much drift pauses a release of this plan. A plan that was read before plans could say so has the default. */
export function driftPolicyOf(plan: { readonly onDrift?: DriftPolicy }): DriftPolicy {
  return plan.onDrift ?? USUAL_DRIFT
}

/** Below what no release of this plan goes on. A plan that was read before plans could say so has the default. */
export function floorOf(plan: { readonly floor?: Floor }): Floor {
  return plan.floor ?? USUAL_FLOOR
}
