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
    low: observed === 0 ? 0 : edge(isInside, observed, 0),
    high: observed === 1 ? 1 : edge(isInside, observed, 1),
  }
}

function edge(isInside: (p: number) => boolean, inside: number, outside: number): number {
  // At 0 and 1 the mixture is degenerate; the observed share itself is always inside.
  let [near, far] = [Math.min(1 - 1e-12, Math.max(1e-12, inside)), outside === 0 ? 1e-12 : 1 - 1e-12]
  if (isInside(far)) return outside
  for (let round = 0; round < 100; round += 1) {
    const middle = (near + far) / 2
    if (isInside(middle)) near = middle
    else far = middle
  }
  return far
}
