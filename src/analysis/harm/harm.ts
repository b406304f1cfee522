import type { BudgetedRaise } from '../../domain/plan/actions.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { SURE } from '../judges/sequential/rate-outlook.ts'
import {
  dearestRatio,
  NO_RATIO,
  type OpposedRatio,
  type RatioEvidence,
  ratioInterval,
  type Stratum,
} from '../judges/sequential/ratio-evidence.ts'

/** What a check has seen of the failed requests of both versions, over all exposures of the release. */
export interface HarmEvidence {
  readonly ratio: RatioEvidence
  /** Requests that the canary has served. */
  readonly canaryRequests: number
}

export const NOTHING_SEEN: HarmEvidence = { ratio: NO_RATIO, canaryRequests: 0 }

/** A raise with the canary that it is dearest for, of those that the ramp's end would be too dear for. */
export interface RaisePrice extends OpposedRatio {
  /** Failed requests at the next weight beyond stable's, for each that stable's rate brings. */
  readonly cost: number
  /** The same at the ramp's end: more than the budget. */
  readonly atEnd: number
  /** The cost by the odds against such a canary. */
  readonly average: number
}

/**
 * What a raise costs at most on average over the releases of a canary that fails r times as many requests, whatever r is; null while
 * nothing bounds it.
 *
 * At odds of k to 1 against r no more than one in k of them is ever raised, so at the weight w they cost w · (r − 1)/k on average, at
 * most. A canary that even the ramp's end can afford needs no odds. Against every other they are asked for all the way: to
 * raise a canary that is going to be stopped below the end saves no time.
 */
export function priceOf({ to, end = to, spend }: BudgetedRaise, { ratio: seen }: HarmEvidence): RaisePrice | null {
  const dearest = dearestRatio(seen, 1 + (spend * FULL_WEIGHT) / end)
  if (dearest === null) return null
  const excess = (dearest.ratio - 1) / FULL_WEIGHT
  return { ...dearest, cost: to * excess, atEnd: end * excess, average: to * excess * Math.exp(-dearest.logOdds) }
}

/** Failed requests so far that stable would not have had, at most and {@link SURE} at every look; null while nothing bounds them. */
export function spentSoFar({ ratio, canaryRequests }: HarmEvidence): number | null {
  const atMost = ratioInterval(ratio, SURE)?.atMost ?? Number.POSITIVE_INFINITY
  return Number.isFinite(atMost) ? canaryRequests * usualShare(ratio.strata) * Math.max(0, atMost - 1) : null
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
