import { logGamma } from './log-gamma.ts'
import { normalQuantile } from './normal.ts'

/**
 * A seeded source of random numbers: the same seed gives the same numbers on every machine. Calibration, power checks
 * and benchmarks take it as an argument; nothing in the judges draws from it.
 */
export interface Random {
  /** In (0, 1), 53 bits. */
  readonly uniform: () => number
  /** Standard normal. */
  readonly normal: () => number
  /** Poisson with this mean ≥ 0; 0 for a mean that is not a positive finite number. */
  readonly poisson: (mean: number) => number
  /** Successes in n trials of probability p (clamped to [0, 1]). */
  readonly binomial: (n: number, p: number) => number
  /** exp(mu + sigma·Z): median exp(mu). */
  readonly logNormal: (mu: number, sigma: number) => number
  /** A further source whose numbers are independent of this one's later numbers. */
  readonly fork: () => Random
}

/** Below this mean, samplers count up the distribution function; above, they use transformed rejection. */
const INVERSION_BELOW = 10

/** Generator sfc32 (Chris Doty-Humphrey, PractRand), its state filled by splitmix32 from the seed's lower 53 bits. */
export function createRandom(seed: number): Random {
  const uniform = createUniform(seed)
  return {
    uniform,
    normal: () => normalQuantile(uniform()),
    poisson: (mean) => samplePoisson(uniform, mean),
    binomial: (n, p) => sampleBinomial(uniform, n, p),
    logNormal: (mu, sigma) => Math.exp(mu + sigma * normalQuantile(uniform())),
    fork: () => createRandom(Math.floor(uniform() * Number.MAX_SAFE_INTEGER)),
  }
}

function createUniform(seed: number): () => number {
  const [a0, b0, c0] = seedWords(seed)
  let a = a0
  let b = b0
  let c = c0
  let counter = 1
  const next = (): number => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + out
    c |= 0
    return out >>> 0
  }
  for (let round = 0; round < 12; round += 1) next()
  // Half a unit is added so that 0, where quantile functions are infinite, never comes.
  return () => ((next() >>> 5) * 67_108_864 + (next() >>> 6) + 0.5) / 9_007_199_254_740_992
}

/** Three words from the seed by splitmix32. */
function seedWords(seed: number): readonly [number, number, number] {
  const whole = Number.isFinite(seed) ? Math.abs(Math.trunc(seed)) : 0
  let state = ((whole % 4_294_967_296) ^ Math.floor(whole / 4_294_967_296)) | 0
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
  return [next(), next(), next()]
}

function samplePoisson(uniform: () => number, mean: number): number {
  if (!(mean > 0) || mean === Number.POSITIVE_INFINITY) return 0
  return mean < INVERSION_BELOW ? poissonByInversion(uniform, mean) : poissonByRejection(uniform, mean)
}

function poissonByInversion(uniform: () => number, mean: number): number {
  let rest = uniform()
  let probability = Math.exp(-mean)
  let count = 0
  while (rest > probability && count < 200) {
    rest -= probability
    count += 1
    probability *= mean / count
  }
  return count
}

/** Algorithm PTRS of Hörmann, "The transformed rejection method for generating Poisson random variables" (1993). */
function poissonByRejection(uniform: () => number, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
  const squeeze = 0.9277 - 3.6224 / (b - 2)
  const logMean = Math.log(mean)
  for (;;) {
    const u = uniform() - 0.5
    const v = uniform()
    const us = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43)
    if (us >= 0.07 && v <= squeeze) return k
    if (k < 0 || (us < 0.013 && v > us)) continue
    const left = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b)
    if (left <= k * logMean - mean - logGamma(k + 1)) return k
  }
}

/** Successes in `trials` (rounded down) trials of probability p, drawn from a source of uniform numbers in (0, 1). */
export function drawBinomial(trials: number, p: number, uniform: () => number): number {
  return sampleBinomial(uniform, trials, p)
}

function sampleBinomial(uniform: () => number, trials: number, p: number): number {
  const n = Number.isFinite(trials) ? Math.max(0, Math.floor(trials)) : 0
  const share = Number.isNaN(p) ? 0 : Math.min(1, Math.max(0, p))
  if (n === 0 || share === 0) return 0
  if (share > 0.5) return n - sampleBinomial(uniform, n, 1 - share)
  return n * share < INVERSION_BELOW ? binomialByInversion(uniform, n, share) : binomialByRejection(uniform, n, share)
}

function binomialByInversion(uniform: () => number, n: number, p: number): number {
  const odds = p / (1 - p)
  let rest = uniform()
  let probability = Math.exp(n * Math.log1p(-p))
  let count = 0
  while (rest > probability && count < n && count < 200) {
    rest -= probability
    count += 1
    probability *= ((n - count + 1) / count) * odds
  }
  return count
}

/** Algorithm BTRS of Hörmann, "The generation of binomial random variates" (1993), for n·p ≥ 10 and p ≤ ½. */
function binomialByRejection(uniform: () => number, n: number, p: number): number {
  const spread = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * spread
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const centre = n * p + 0.5
  const alpha = (2.83 + 5.1 / b) * spread
  const squeeze = 0.92 - 4.2 / b
  const logOdds = Math.log(p / (1 - p))
  const mode = Math.floor((n + 1) * p)
  const top = logGamma(mode + 1) + logGamma(n - mode + 1)
  for (;;) {
    const u = uniform() - 0.5
    const us = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / us + b) * u + centre)
    const v = uniform()
    if (us >= 0.07 && v <= squeeze) return k
    if (k < 0 || k > n) continue
    const left = Math.log((v * alpha) / (a / (us * us) + b))
    if (left <= top - logGamma(k + 1) - logGamma(n - k + 1) + (k - mode) * logOdds) return k
  }
}
