import { normalQuantile } from '../../../src/analysis/statistics/normal.ts'
import type { ShareDifference } from './proportions.ts'

/**
 * How far GrowthBook's sequential interval reaches to each side of an estimate whose variance is `variance` after `size`
 * units in all. The interval is narrowest around `tunedFor` units (5,000 unless its users set it).
 *
 * @param sides 1 for guardrails, of which only the bad side counts; 2 for the usual interval
 * Source: asymptotic confidence sequences (Waudby-Smith et al., arXiv 2103.06476) as GrowthBook documents them.
 */
export function growthBookReach(
  variance: number,
  size: number,
  { alpha, sides, tunedFor = 5_000 }: { readonly alpha: number; readonly sides: 1 | 2; readonly tunedFor?: number },
): number {
  const tuningAlpha = sides === 1 ? 2 * alpha : alpha
  const width = -2 * Math.log(tuningAlpha)
  const rhoSquared = (width + Math.log(width + 1)) / tunedFor
  const grown = size * rhoSquared + 1
  const odds = sides === 1 ? Math.log1p(Math.sqrt(grown) / (2 * alpha)) : Math.log(Math.sqrt(grown) / alpha)
  return Math.sqrt(variance * size) * Math.sqrt(((2 * grown) / (size * size * rhoSquared)) * odds)
}

/** How far Eppo's sequential interval (GAVI, two-sided) reaches to each side; narrowest around `tunedFor` units. */
export function eppoReach(
  variance: number,
  size: number,
  { alpha, tunedFor = 10_000 }: { readonly alpha: number; readonly tunedFor?: number },
): number {
  const rho = tunedFor / (Math.log(Math.log(Math.E / alpha ** 2)) - 2 * Math.log(alpha))
  return Math.sqrt(variance) * Math.sqrt(((size + rho) / size) * Math.log((size + rho) / (rho * alpha ** 2)))
}

/**
 * How far Statsig's one-sided sequential interval reaches: the mixture sequential probability ratio test with the mixing
 * variance of Zhao, Liu and Deb (arXiv 1905.10493), which is taken from the data.
 *
 * @param unitVariances variance of one unit of the canary plus that of one of stable
 */
export function statsigReach(variance: number, size: number, unitVariances: number, alpha: number): number {
  const mixing = (normalQuantile(1 - alpha) ** 2 * unitVariances) / size
  const critical = ((variance + mixing) / mixing) * (-2 * Math.log(alpha) - Math.log(variance / (variance + mixing)))
  return Math.sqrt(variance * critical)
}

/** True when an interval around the difference that reaches so far lies wholly above 0; false without a variance. */
export function isAbove(difference: ShareDifference, reach: number): boolean {
  return difference.variance > 0 && difference.difference > reach
}
