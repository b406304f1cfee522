import type { SplitCounts } from '../split-test.ts'

/**
 * What all looks say of the ratio of two rates, canary / stable. Plain JSON of bounded size, absent in states of an older
 * version. Looks are never pooled over different weights: what a look says is the conditional likelihood of its own events
 * given its own split of the requests.
 */
export interface RatioEvidence {
  /** Looks in which both arms had requests. */
  readonly looks: number
  readonly strata: readonly Stratum[]
  /** Canary events beyond what stable's rate explains, summed over the looks; see {@link Burst}. */
  readonly excess: number
  /** The two looks with the most events beyond what stable's rate explains, most first. */
  readonly bursts: readonly Burst[]
}

/**
 * Looks with nearly the same odds o = canary requests / stable requests: within a factor √e of each other. Sums are over
 * the looks; d is how far ln o of a look is from the middle of the stratum.
 */
export interface Stratum {
  /** Middle of the stratum in halves: ln o ≈ bin / 2. */
  readonly bin: number
  readonly canaryTrials: number
  readonly stableTrials: number
  readonly canaryEvents: number
  readonly stableEvents: number
  /** Σ events · d, and Σ events · d². */
  readonly first: number
  readonly second: number
}

/** One look with more events on the canary than stable's rate explains. */
interface Burst {
  /** Canary events beyond stable's rate, weighted as by Mantel and Haenszel: (a·m − b·n)/(n + m). */
  readonly excess: number
  readonly events: number
  readonly trials: number
}

export const NO_RATIO: RatioEvidence = { looks: 0, strata: [], excess: 0, bursts: [] }

/** Bins are half a unit of ln o wide; beyond the outermost one arm has a millionth of the requests, which says nothing. */
const BINS_PER_UNIT = 2
const OUTERMOST = 28
const MOST_BURSTS = 2
/** Sums of more are no counts. */
const MOST = 1e16

/**
 * The evidence with one more look in it. `designEffect` ≥ 1 is how many times more the events vary than independent ones
 * would: so many count as one. It must be known before the look. Looks in which an arm has no request say nothing.
 */
export function addToRatio(before: RatioEvidence, counts: SplitCounts, designEffect = 1): RatioEvidence {
  const { canaryEvents: a, canaryTrials: n, stableEvents: b, stableTrials: m } = counts
  if (!(n > 0 && m > 0 && a >= 0 && b >= 0 && n + m + a + b <= MOST)) return before
  const part = designEffect > 1 ? 1 / designEffect : 1
  const logOdds = Math.log(n / m)
  // JSON has no −0.
  const bin = Math.round(logOdds * BINS_PER_UNIT) + 0
  if (!(Math.abs(bin) <= OUTERMOST)) return before
  const d = logOdds - bin / BINS_PER_UNIT
  const events = (a + b) * part
  const old = before.strata.find((stratum) => stratum.bin === bin)
  const stratum: Stratum = {
    bin,
    canaryTrials: (old?.canaryTrials ?? 0) + n * part,
    stableTrials: (old?.stableTrials ?? 0) + m * part,
    canaryEvents: (old?.canaryEvents ?? 0) + a * part,
    stableEvents: (old?.stableEvents ?? 0) + b * part,
    first: (old?.first ?? 0) + events * d + 0,
    second: (old?.second ?? 0) + events * d * d,
  }
  const excess = (a * m - b * n) / (n + m) + 0
  return {
    looks: before.looks + 1,
    strata: [...before.strata.filter((other) => other !== old), stratum],
    excess: before.excess + excess,
    bursts: withBurst(before.bursts, { excess, events: a, trials: n }),
  }
}

function withBurst(bursts: readonly Burst[], burst: Burst): readonly Burst[] {
  if (!(burst.excess > 0)) return bursts
  return [...bursts, burst].toSorted((left, right) => right.excess - left.excess).slice(0, MOST_BURSTS)
}

/** The same with the arms exchanged: the ratio of stable to canary. */
export function swapRatio({ looks, strata, excess }: RatioEvidence): RatioEvidence {
  const swapped = strata.map((stratum) => ({
    bin: 0 - stratum.bin,
    canaryTrials: stratum.stableTrials,
    stableTrials: stratum.canaryTrials,
    canaryEvents: stratum.stableEvents,
    stableEvents: stratum.canaryEvents,
    first: 0 - stratum.first,
    second: stratum.second,
  }))
  return { looks, strata: swapped, excess: 0 - excess, bursts: [] }
}

/** What an interval of a ratio is: `atMost` is infinite, or `atLeast` 0, where the events say nothing on that side. */
export interface RatioInterval {
  readonly atLeast: number
  readonly atMost: number
}

/**
 * The ratios that all looks so far leave possible: the true one is in all such intervals, at every look there ever is, with
 * probability ≥ `confidence`. Null without an event.
 *
 * Given the events e of a look, the canary's are binomial with probability oθ/(1 + oθ), so their likelihood as a function of
 * the ratio θ is θ^a / (1 + oθ)^e, whatever the rates are, were, or will be. The likelihood at the true ratio, as a part of
 * its mean over a prior that is fixed beforehand (here ln θ normal with mean 0 and variance 1), falls below 1 − confidence at
 * some look with at most that probability (Ville's inequality); the interval is where it has not. This holds for a single
 * event as for millions: no normal approximation is made. Exact for Poisson events; for events that are a part of the
 * requests it errs on the safe side. Within a stratum ln(1 + oθ) is taken to the second order of ln o, an error below 10⁻³
 * per event.
 *
 * Source: Robbins' method of mixtures on the likelihood ratio (Robbins 1970; Wasserman, Ramdas and Balakrishnan 2020).
 */
export function ratioInterval({ strata }: RatioEvidence, confidence: number): RatioInterval | null {
  const likelihood = likelihoodOf(strata)
  if (likelihood === null || !(confidence > 0 && confidence < 1)) return null
  const level = logMixture(likelihood) + Math.log(1 - confidence)
  const top = peakOf(likelihood, 0)
  const isInside = (x: number): boolean => likelihood(x).value >= level
  const bound = (towards: -1 | 1): number => {
    let inside = top
    let step = Math.min(1, 2 / Math.sqrt(-likelihood(top).bend + 1))
    while (Math.abs(inside) < WIDEST) {
      const next = inside + towards * step
      if (!isInside(next)) return Math.exp(crossing(likelihood, level, inside, next))
      inside = next
      step *= 1.6
    }
    return towards < 0 ? 0 : Number.POSITIVE_INFINITY
  }
  return { atLeast: bound(-1), atMost: bound(1) }
}

/** A ratio, and ln of the odds against it by all looks so far: of the releases that have it, at most one in so many ever gets as far. */
export interface OpposedRatio {
  readonly ratio: number
  readonly logOdds: number
}

/** Precision of the prior of a canary that is about as good as stable: a fifth wide in ln θ. */
const AS_GOOD = 25

/**
 * The ratio θ ≥ `least`, which is above 1, whose (θ − 1)/odds(θ) is largest; null where the events bound none.
 *
 * odds(θ) is the mean likelihood of a canary about as good as stable, as a multiple of that of θ: where θ is the true ratio its mean is at
 * most 1 whenever one stops. So who goes on only at odds of (θ − 1)/c against every θ pays, of what costs θ − 1 each time,
 * c at most on average over the releases of that ratio, whatever it is.
 */
export function dearestRatio({ strata }: RatioEvidence, least: number): OpposedRatio | null {
  const likelihood = likelihoodOf(strata)
  if (likelihood === null || !(least > 1)) return null
  // ln(θ − 1) is concave in ln θ as well, so there is one peak.
  const priced = (x: number): Derivatives => {
    const { value, slope, bend } = likelihood(x)
    const part = -Math.expm1(-x)
    return {
      value: value + Math.log(Math.expm1(x)),
      slope: slope + 1 / part,
      bend: bend - Math.exp(-x) / part ** 2,
    }
  }
  const x = peakOf(priced, 0, Math.log(least))
  if (priced(WIDEST).slope > 0) return null
  return { ratio: Math.exp(x), logOdds: logMixture(likelihood, AS_GOOD) - likelihood(x).value }
}

/** ln of the likelihood of a ratio, as a function of ln of it; null without an event. */
function likelihoodOf(strata: readonly Stratum[]): Concave | null {
  const pieces = strata.flatMap(pieceOf)
  if (pieces.length === 0) return null
  const a = pieces.reduce((sum, { canaryEvents }) => sum + canaryEvents, 0)
  return (x) => {
    let [value, slope, bend] = [a * x, a, 0]
    for (const { events, middle, spread } of pieces) {
      const at = middle + x
      const q = 1 / (1 + Math.exp(-at))
      const p = q * (1 - q)
      value -= events * softplus(at) + 0.5 * spread * p
      slope -= events * q + 0.5 * spread * p * (1 - 2 * q)
      bend -= events * p
    }
    return { value, slope, bend }
  }
}

/** ln of the ratio beyond which an interval is open: nobody reads more digits. */
const WIDEST = 12

interface Piece {
  readonly canaryEvents: number
  readonly events: number
  /** Mean of ln o over the events, and Σ (ln o − mean)². */
  readonly middle: number
  readonly spread: number
}

function pieceOf(stratum: Stratum): readonly Piece[] {
  const { bin, canaryEvents, first, second } = stratum
  const events = canaryEvents + stratum.stableEvents
  if (!(events > 0)) return []
  const spread = Math.max(0, second - (first * first) / events)
  return [{ canaryEvents, events, middle: bin / BINS_PER_UNIT + first / events, spread }]
}

/** A function of ln θ with its first two derivatives. */
interface Derivatives {
  readonly value: number
  readonly slope: number
  readonly bend: number
}

type Concave = (x: number) => Derivatives

/** How flat a likelihood may be at its peak: it then has none within the range. */
const MOST_ROUNDS = 60

/** Where a concave function, less `precision` · x²/2, is largest, within the range. Newton's steps, halved into a bracket. */
function peakOf(concave: Concave, precision: number, from = -WIDEST): number {
  let [low, high] = [from, WIDEST]
  let x = Math.max(0, from)
  for (let round = 0; round < MOST_ROUNDS && high - low > 1e-9; round += 1) {
    const { slope, bend } = concave(x)
    const up = slope - precision * x
    if (up > 0) low = x
    else high = x
    const step = up / (precision - bend)
    if (Math.abs(step) < 1e-9) break
    const newton = x + step
    x = newton > low && newton < high ? newton : (low + high) / 2
  }
  return x
}

/**
 * Parts of e that a posterior falls to before its tail is left out, and the grain of the sum in its own width: for a function as
 * smooth as this one such a sum is right to nine digits.
 */
const DEEP = 25
const GRAIN = 0.8
const MOST_NODES = 200

/** ln of the mean likelihood when ln θ is normal with mean 0 and variance 1/`precision`: a sum around the peak of the product. */
function logMixture(likelihood: Concave, precision = 1): number {
  const peak = peakOf(likelihood, precision)
  const { value, bend } = likelihood(peak)
  const height = value - (precision * peak * peak) / 2
  const grain = GRAIN / Math.sqrt(precision - bend)
  let sum = 1
  for (const side of [-1, 1]) {
    // A sum that is cut short makes the interval wider, never narrower.
    for (let node = 1; node <= MOST_NODES; node += 1) {
      const x = peak + side * node * grain
      const fall = likelihood(x).value - (precision * x * x) / 2 - height
      if (!(fall > -DEEP)) break
      sum += Math.exp(fall)
    }
  }
  return height + Math.log(sum * grain * Math.sqrt(precision / (2 * Math.PI)))
}

/**
 * Where the function has fallen to the level, between a point inside and one outside. Newton's steps stay outside, as the function
 * is concave; where rounding leads them astray the search ends, with a wider interval.
 */
function crossing(concave: Concave, level: number, inside: number, outside: number): number {
  let far = outside
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { value, slope } = concave(far)
    const next = far - (value - level) / slope
    const isBetween = (next - inside) * (next - far) < 0
    if (!isBetween) return far
    if (Math.abs(next - far) < 1e-6) return next
    far = next
  }
  return far
}

/** ln(1 + eˣ) without overflow. */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
}
