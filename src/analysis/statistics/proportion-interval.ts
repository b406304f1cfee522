import { bisect } from './bisect.ts'
import { betaBinomialMixture } from './mixtures.ts'

/**
 * Confidence sequence for a proportion: intervals that hold for all n at once with probability 1 − alpha, so one may
 * look after each trial. Both ends in [0, 1]; the whole of [0, 1] without trials.
 *
 * A value p stays in the interval while the two-sided beta-binomial mixture at (p̂ − p)·n, p(1 − p)·n with range (p, 1−p)
 * is below 1/alpha (Howard et al. 2021, section 3.5). `tunedFor` is the number of trials at which it is tightest.
 */
export function proportionInterval(
  successes: number,
  trials: number,
  alpha: number,
  tunedFor: number,
): { readonly low: number; readonly high: number } {
  if (!(trials > 0)) return { low: 0, high: 1 }
  const observed = Math.min(1, Math.max(0, successes / trials))
  const isInside = (p: number): boolean => {
    const variance = p * (1 - p)
    const mixture = betaBinomialMixture(tunedFor * variance, 0.05, { g: p, h: 1 - p }, 'two')
    return mixture.logValue((observed - p) * trials, variance * trials) < Math.log(1 / alpha)
  }
  return {
    low: edge(isInside, observed, 0),
    high: edge(isInside, observed, 1),
  }
}

/** Where the interval ends between the observed share, always inside, and 0 or 1, at which the mixture is degenerate. */
function edge(isInside: (p: number) => boolean, observed: number, end: 0 | 1): number {
  const last = end === 0 ? 1e-12 : 1 - 1e-12
  return isInside(last) ? end : bisect(isInside, observed, last)
}
