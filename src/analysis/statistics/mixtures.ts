import { bisect } from './bisect.ts'
import { logIncompleteBeta } from './incomplete-beta.ts'
import { logLowerGamma, logUpperGamma } from './incomplete-gamma.ts'
import { logBeta, logGamma } from './log-gamma.ts'
import { logNormalCdf } from './normal.ts'

/**
 * A mixture supermartingale over a sum of deviations `s` with intrinsic time `v` (its variance so far). Exceeding
 * `bound(v, α)` at any time has probability at most α. All after Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
 * nonparametric, nonasymptotic confidence sequences" (2021); the normal ones go back to Robbins (1970).
 */
export interface Mixture {
  /** ln of the supermartingale at s and v. */
  logValue(s: number, v: number): number
  /** The s at which the supermartingale reaches 1/alpha at time v. */
  bound(v: number, alpha: number): number
}

/** The tuning ρ that makes the two-sided normal boundary tightest at v_opt: v/(2 ln 1/α + ln(1 + 2 ln 1/α)). */
export function normalRho(vOpt: number, alpha: number): number {
  const twice = 2 * Math.log(1 / alpha)
  return vOpt / (twice + Math.log1p(twice))
}

/** ln M = ½ ln(ρ/(v+ρ)) + s²/(2(v+ρ)), sub-Gaussian deviations to both sides. */
export function twoSidedNormalMixture(vOpt: number, alphaOpt: number): Mixture {
  const rho = normalRho(vOpt, alphaOpt)
  return {
    logValue: (s, v) => 0.5 * Math.log(rho / (v + rho)) + (s * s) / (2 * (v + rho)),
    bound: (v, alpha) => Math.sqrt((v + rho) * (Math.log1p(v / rho) + 2 * Math.log(1 / alpha))),
  }
}

/** ln M = ½ ln(4ρ/(v+ρ)) + s²/(2(v+ρ)) + ln Φ(s/√(v+ρ)), sub-Gaussian deviations upwards. */
export function oneSidedNormalMixture(vOpt: number, alphaOpt: number): Mixture {
  const rho = normalRho(vOpt, 2 * alphaOpt)
  return withBound((s, v) => {
    const total = v + rho
    return 0.5 * Math.log((4 * rho) / total) + (s * s) / (2 * total) + logNormalCdf(s / Math.sqrt(total))
  })
}

/**
 * Sub-exponential deviations upwards with scale c: ∫ exp(λs − v(−ln(1−cλ) − cλ)/c²) over 1 − cλ ~ Gamma(ρ/c², ρ/c²)
 * truncated to [0, 1].
 */
export function gammaExponentialMixture(vOpt: number, alphaOpt: number, c: number): Mixture {
  const scaled = normalRho(vOpt, 2 * alphaOpt) / (c * c)
  const leading = scaled * Math.log(scaled) - logGamma(scaled) - logLowerGamma(scaled, scaled)
  return withBound((s, v) => {
    const shape = v / (c * c) + scaled
    const drift = (c * s + v) / (c * c)
    const rate = drift + scaled
    return leading + logGamma(shape) + logLowerGamma(shape, rate) - shape * Math.log(rate) + drift
  })
}

/** Sub-Poisson deviations upwards with scale c: exp(cλ) ~ Gamma(ρ/c², ρ/c²) truncated to [1, ∞). */
export function gammaPoissonMixture(vOpt: number, alphaOpt: number, c: number): Mixture {
  const scaled = normalRho(vOpt, 2 * alphaOpt) / (c * c)
  const leading = scaled * Math.log(scaled) - logGamma(scaled) - logUpperGamma(scaled, scaled)
  return withBound((s, v) => {
    const shape = s / c + v / (c * c) + scaled
    const rate = v / (c * c) + scaled
    return leading + v / (c * c) + logGamma(shape) + logUpperGamma(shape, rate) - shape * Math.log(rate)
  })
}

/**
 * Sub-Bernoulli deviations of terms in [−g, h]: the tilted probability p = g·e^{hλ}/(g·e^{hλ} + h·e^{−gλ}) ~ Beta with
 * mean g/(g+h), truncated to λ ≥ 0 when one-sided.
 */
export function betaBinomialMixture(
  vOpt: number,
  alphaOpt: number,
  range: { readonly g: number; readonly h: number },
  sides: 'one' | 'two',
): Mixture {
  const { g, h } = range
  const r = Math.max(normalRho(vOpt, sides === 'two' ? alphaOpt : 2 * alphaOpt) - g * h, 1e-3 * g * h)
  const split = g / (g + h)
  const logMass = (a: number, b: number): number =>
    logBeta(a, b) + (sides === 'two' ? 0 : logIncompleteBeta(1 - split, b, a))
  const prior = [r / (h * (g + h)), r / (g * (g + h))] as const
  const logPrior = logMass(...prior)
  const logValue = (s: number, v: number): number => {
    const up = (v + h * s) / (h * (g + h))
    const down = (v - g * s) / (g * (g + h))
    if (prior[0] + up <= 0 || prior[1] + down <= 0) return Number.POSITIVE_INFINITY
    return (
      up * Math.log((g + h) / g) + down * Math.log((g + h) / h) + logMass(prior[0] + up, prior[1] + down) - logPrior
    )
  }
  return withBound(logValue, (v) => v / g)
}

/** Adds the bound by bisection; the logarithm rises with s from s = 0 on. */
function withBound(logValue: Mixture['logValue'], largest?: (v: number) => number): Mixture {
  return {
    logValue,
    bound: (v, alpha) => {
      const threshold = Math.log(1 / alpha)
      const isBelow = (s: number): boolean => logValue(s, v) < threshold
      let high = 1
      // Beyond the largest possible deviation the value is infinite, so this ends there.
      while (isBelow(high)) high *= 2
      return bisect(isBelow, 0, Math.min(high, largest?.(v) ?? high))
    },
  }
}
