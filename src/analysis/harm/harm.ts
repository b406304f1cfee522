import { type BasisPoints, FULL_WEIGHT } from '../../domain/units.ts'
import { SURE } from '../judges/sequential/rate-outlook.ts'
import { NO_RATIO, type RatioEvidence, ratioInterval, type Stratum } from '../judges/sequential/ratio-evidence.ts'

/** What a check has seen of the failed requests of both versions, over all exposures of the release. */
export interface HarmEvidence {
  readonly ratio: RatioEvidence
  /** Requests that the canary has served. */
  readonly canaryRequests: number
}

export const NOTHING_SEEN: HarmEvidence = { ratio: NO_RATIO, canaryRequests: 0 }

/** What the canary may have cost so far and may cost yet, with all looks there ever are {@link SURE}. */
export interface Harm {
  /** Its failed requests are at most so many times those that stable would have had. */
  readonly ratioAtMost: number
  /** Failed requests so far that stable would not have had, at most. */
  readonly soFar: number
}

/**
 * The upper bound of the harm; null while nothing bounds it.
 *
 * One interval of the ratio holds at every look and every weight at once, with its stated probability: looks are never pooled over
 * weights, and the bound of a later look is one for all that was served before. So what was spent at one weight carries over to the
 * next: the bounds of all stretches hold together, and their sum is the bound of the release.
 */
export function harmOf({ ratio, canaryRequests }: HarmEvidence): Harm | null {
  const ratioAtMost = ratioInterval(ratio, SURE)?.atMost ?? Number.POSITIVE_INFINITY
  if (!Number.isFinite(ratioAtMost)) return null
  const usual = canaryRequests * usualShare(ratio.strata)
  return { ratioAtMost, soFar: usual * Math.max(0, ratioAtMost - 1) }
}

/** Failed requests at this weight beyond stable's, for each that stable's rate would bring if everybody were on it; at most. */
export function spentAt(weight: BasisPoints, { ratioAtMost }: Harm): number {
  return (weight / FULL_WEIGHT) * Math.max(0, ratioAtMost - 1)
}

/** The share of requests that stable failed, weighted as the canary's requests came. */
function usualShare(strata: readonly Stratum[]): number {
  let [expected, requests] = [0, 0]
  for (const { canaryTrials, stableEvents, stableTrials } of strata) {
    expected += (canaryTrials * stableEvents) / stableTrials
    requests += canaryTrials
  }
  return requests > 0 ? expected / requests : 0
}
