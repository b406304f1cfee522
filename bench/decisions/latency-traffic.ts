import type { Random } from '../../src/analysis/statistics/random.ts'
import type { LatencyHistogram } from '../../src/domain/observation.ts'

/** How the canary is slower: each request takes `factor` times as long with probability `share`. */
export interface Slowness {
  readonly share: number
  readonly factor: number
}

const SCENARIOS = {
  'latency-same': { share: 0, factor: 1 },
  'latency-all-10%': { share: 1, factor: 1.1 },
  'latency-all-25%': { share: 1, factor: 1.25 },
  'latency-3%-x3': { share: 0.03, factor: 3 },
  'latency-1%-x10': { share: 0.01, factor: 10 },
} as const satisfies Record<string, Slowness>
export const LATENCY_SCENARIOS: Readonly<Record<string, Slowness>> = SCENARIOS
export type LatencyScenario = keyof typeof SCENARIOS

export const LATENCY_MINUTES = 60
export const LATENCY_LOOK_SECONDS = 30
const REQUESTS_PER_SECOND = 5
const LOG_MEDIAN = Math.log(0.1)
const SPREAD = 0.6

/** The fine grid that rules on raw values see: 2,048 bins of 0.5% each, values in one bin counting as equal. */
export const FINE_BINS = 2_048
const FINE_STEP = Math.log(1.005)
const FINE_START = Math.log(0.001)

/** Lower end of a fine bin in seconds; halves lie within bins. */
export function fineSeconds(bin: number): number {
  return Math.exp(FINE_START + bin * FINE_STEP)
}

/** A quantile of stable's true distribution, as a fine bin. */
export function stableQuantileBin(zScore: number): number {
  return binOf(LOG_MEDIAN + SPREAD * zScore)
}

/** Draws one arm's requests of a look into fine bins. */
export function drawLatencies(slowness: Slowness, random: Random, perSecond = REQUESTS_PER_SECOND): Uint32Array {
  const counts = new Uint32Array(FINE_BINS)
  const requests = random.poisson(perSecond * LATENCY_LOOK_SECONDS)
  const slow = random.binomial(requests, slowness.share)
  const more = Math.log(slowness.factor)
  for (let request = 0; request < requests; request += 1) {
    const bin = binOf(LOG_MEDIAN + SPREAD * random.normal() + (request < slow ? more : 0))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts
}

/** Bucket bounds in seconds, moved to the nearest edges of the fine grid. */
export function layoutOf(bounds: readonly number[]): {
  readonly bounds: readonly number[]
  readonly edges: readonly number[]
} {
  const edges = bounds.map((bound) => Math.round((Math.log(bound) - FINE_START) / FINE_STEP))
  return { bounds: edges.map(fineSeconds), edges }
}

/** A histogram as a metric store would report it. */
export function histogramOf(
  fine: Uint32Array,
  { bounds, edges }: { readonly bounds: readonly number[]; readonly edges: readonly number[] },
): LatencyHistogram {
  const counts = Array.from({ length: edges.length + 1 }, () => 0)
  let bucket = 0
  for (let bin = 0; bin < fine.length; bin += 1) {
    while (bucket < edges.length && bin >= (edges[bucket] ?? 0)) bucket += 1
    counts[bucket] = (counts[bucket] ?? 0) + (fine[bin] ?? 0)
  }
  return { upperBoundsSeconds: bounds, counts }
}

/** The fine bin of the order statistic at this quantile; null for no request. */
export function quantileBin(fine: Uint32Array, quantile: number): number | null {
  const total = sizeOf(fine)
  return total === 0 ? null : binOfRank(fine, quantile * total)
}

/** The empirical quantile in seconds, interpolated between order statistics (R's type 7); null for no request. */
export function quantileSeconds(fine: Uint32Array, quantile: number): number | null {
  const total = sizeOf(fine)
  if (total === 0) return null
  const position = 1 + (total - 1) * quantile
  const below = fineSeconds(binOfRank(fine, Math.floor(position)) + 0.5)
  const above = fineSeconds(binOfRank(fine, Math.ceil(position)) + 0.5)
  return below + (above - below) * (position - Math.floor(position))
}

/** Requests from this bin on. */
export function sizeOf(fine: Uint32Array, from = 0): number {
  let size = 0
  for (let bin = from; bin < fine.length; bin += 1) size += fine[bin] ?? 0
  return size
}

function binOfRank(fine: Uint32Array, rank: number): number {
  let upTo = 0
  for (let bin = 0; bin < fine.length; bin += 1) {
    upTo += fine[bin] ?? 0
    if (upTo >= rank) return bin
  }
  return fine.length - 1
}

/** The fine bin of one request: `factor` times the usual time. */
export function drawBin(factor: number, random: Random): number {
  return binOf(LOG_MEDIAN + Math.log(factor) + SPREAD * random.normal())
}

function binOf(logSeconds: number): number {
  return Math.min(FINE_BINS - 1, Math.max(0, Math.floor((logSeconds - FINE_START) / FINE_STEP)))
}
