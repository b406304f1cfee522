import { bisect } from './bisect.ts'

const GOLDEN_SECTION = 0.6180339887498949

/** ζ(s) for s > 1, by Euler–Maclaurin summation (DLMF 25.2.9) with 20 terms. Relative error below 1e-14. */
export function riemannZeta(s: number): number {
  const terms = 20
  let sum = 0
  for (let n = 1; n < terms; n += 1) sum += n ** -s
  const last = terms ** -s
  const corrections =
    (s / 12) * (last / terms) -
    ((s * (s + 1) * (s + 2)) / 720) * (last / terms ** 3) +
    ((s * (s + 1) * (s + 2) * (s + 3) * (s + 4)) / 30_240) * (last / terms ** 5)
  return sum + (last * terms) / (s - 1) + last / 2 + corrections
}

/** How epochs share the error (s > 1) and how they are spaced (η > 1). */
export interface Epochs {
  readonly s: number
  readonly eta: number
}

export const USUAL_EPOCHS: Epochs = { s: 1.4, eta: 2 }

/**
 * Polynomial stitching boundary for a sub-gamma process of scale c at intrinsic time v, valid from vMin on.
 *
 * Source: Howard et al. (2021), Theorem 1, eq. (10).
 */
export function polyStitchingBound(
  v: number,
  alpha: number,
  { vMin, c }: { readonly vMin: number; readonly c: number },
  epochs: Epochs = USUAL_EPOCHS,
): number {
  const { s, eta } = epochs
  const used = Math.max(v, vMin)
  const ell =
    s * Math.log(Math.log((eta * used) / vMin)) + Math.log(riemannZeta(s) / Math.log(eta) ** s) + Math.log(1 / alpha)
  const [k1, k2] = spacing(eta)
  return Math.sqrt(k1 ** 2 * used * ell + (k2 * c * ell) ** 2) + k2 * c * ell
}

/**
 * Radius of a band around an empirical distribution function that holds for all quantiles and all t ≥ tMin together:
 * A·√((ln(1 + ln(t/tMin)) + C)/t).
 *
 * Source: Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B testing and best-arm
 * identification" (2022), Theorem 2.
 */
export function empiricalProcessBound(t: number, alpha: number, tMin: number, scale = 0.85): number {
  if (!(t >= tMin)) return Number.POSITIVE_INFINITY
  const constant = bisect((value) => crossingProbability(value, scale) > alpha, 0.1, 10_000)
  return scale * Math.sqrt((Math.log1p(Math.log(t / tMin)) + constant) / t)
}

/**
 * Bound on the deviation (in counts) of the number of observations below the p-quantile, for all quantiles and all
 * t ≥ tMin together; tighter than {@link empiricalProcessBound} far from the median. `delta` is the fineness of the
 * grid of quantiles.
 *
 * Source: Howard and Ramdas (2022), Theorem 3.
 */
export function doubleStitchingBound(
  p: number,
  t: number,
  alpha: number,
  tMin: number,
  delta = 0.5,
  epochs: Epochs = USUAL_EPOCHS,
): number {
  const { s, eta } = epochs
  const used = Math.max(t, tMin)
  const logit = Math.log(p / (1 - p))
  const step = 2 * delta * Math.sqrt((eta * tMin) / used)
  const nearest = Math.max(p, Math.min(0.5, 1 / (1 + Math.exp(-(logit + step)))))
  const grid = (Math.sqrt(used / tMin) * Math.abs(logit)) / (2 * delta) + 1
  const zeta = riemannZeta(s)
  const ell =
    s * Math.log(Math.log((eta * used) / tMin)) +
    s * Math.log(grid) +
    Math.log((2 * zeta * (2 * zeta + 1)) / (alpha * Math.log(eta) ** s))
  const [k1, k2] = spacing(eta)
  const c = (1 - 2 * p) / 3
  const variance = nearest * (1 - nearest)
  const spread = Math.sqrt(k1 ** 2 * variance * used * ell + (k2 * c * ell) ** 2)
  return delta * Math.sqrt((eta * used * variance) / tMin) + spread + k2 * c * ell
}

function spacing(eta: number): readonly [number, number] {
  return [(eta ** 0.25 + eta ** -0.25) / Math.SQRT2, (Math.sqrt(eta) + 1) / 2]
}

/**
 * inf over η of 4·e^{−γ²C}·(1 + 1/((γ² − 1)·ln η)) with γ = √(2/η)·(A − √(2(η−1)/C)), Theorem 2. It falls and then rises
 * with η, and is taken for infinite from where γ comes down to 1, so golden-section search finds it.
 */
function crossingProbability(constant: number, scale: number): number {
  const value = (eta: number): number => {
    const gamma = Math.sqrt(2 / eta) * (scale - Math.sqrt((2 * (eta - 1)) / constant))
    if (!(gamma > 1)) return Number.POSITIVE_INFINITY
    return 4 * Math.exp(-(gamma ** 2) * constant) * (1 + 1 / ((gamma ** 2 - 1) * Math.log(eta)))
  }
  let low = 1
  let high = 2 * scale ** 2
  for (let round = 0; round < 80; round += 1) {
    const left = high - (high - low) * GOLDEN_SECTION
    const right = low + (high - low) * GOLDEN_SECTION
    if (value(left) > value(right)) low = left
    else high = right
  }
  return value((low + high) / 2)
}
