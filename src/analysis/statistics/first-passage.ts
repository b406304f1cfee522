import { logNormalCdf, normalCdf } from './normal.ts'

/** A Gaussian walk over all looks of a bake: the mean and the variance of where it ends, from 0. */
export interface Walk {
  readonly drift: number
  readonly variance: number
  readonly looks: number
}

/** Mean distance by which a Gaussian walk jumps over a barrier, in standard deviations of one step: −ζ(½)/√(2π). */
const OVERSHOOT = 0.5826

/**
 * Probability that the walk is at or over `barrier` > 0 at some look.
 *
 * P = Φ((D − b)/s) + exp(2Db/s²)·Φ(−(b + D)/s), the reflection principle for Brownian motion with drift D and variance s²,
 * with b raised because the walk is only looked at now and then; at least what the last look alone gives, with b as it is.
 * b is raised by 0.5826·s/√n for n looks, times 1 − 1/√n: at the last look nothing has to be jumped over, which matters
 * for few looks (fitted to simulation). Source: Siegmund, Sequential Analysis (1985), (3.15) and chapter X.
 */
export function passage({ drift, variance, looks }: Walk, barrier: number): number {
  if (!(variance > 0)) return drift >= barrier ? 1 : 0
  const spread = Math.sqrt(variance)
  const atEnd = normalCdf((drift - barrier) / spread)
  if (!(looks > 1)) return atEnd
  const raised = barrier + ((OVERSHOOT * spread) / Math.sqrt(looks)) * (1 - 1 / Math.sqrt(looks))
  const reflected = Math.exp((2 * drift * raised) / variance + logNormalCdf(-(raised + drift) / spread))
  return Math.max(atEnd, Math.min(1, normalCdf((drift - raised) / spread) + reflected))
}
