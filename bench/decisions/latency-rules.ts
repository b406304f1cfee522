import { growWealth, startWealth } from '../../src/analysis/judges/sequential/wealth.ts'
import { splitGains, WORSE_BETS } from '../../src/analysis/judges/split-test.ts'
import { classifyMetric } from '../../src/analysis/kayenta/classifier.ts'
import { normalQuantile } from '../../src/analysis/statistics/normal.ts'
import type { LatencyHistogram } from '../../src/domain/observation.ts'
import { KAYENTA_RULES, README_ALPHA } from './error-rules.ts'
import {
  histogramOf,
  LATENCY_LOOK_SECONDS,
  layoutOf,
  quantileBin,
  quantileSeconds,
  sizeOf,
  stableQuantileBin,
} from './latency-traffic.ts'
import { sequentialRule, startOurJudge, USUAL_WARM_UP } from './our-judge.ts'
import { failureLimitCheck, NO_BREACH } from './peers/fixed-limits.ts'
import { quantileEvidence } from './peers/quantile-test.ts'
import { bandConstant, bandRadius, largestExcess } from './peers/stochastic-order.ts'

/** What a rule sees at a look: both arms' requests in fine bins. */
export interface LatencyLook {
  readonly canary: Uint32Array
  readonly stable: Uint32Array
  readonly canaryTotals: Uint32Array
  readonly stableTotals: Uint32Array
  /** The minute that ends with this look; null within a minute. */
  readonly minute: { readonly canary: Uint32Array; readonly stable: Uint32Array } | null
}

export type LatencyDetector = (look: LatencyLook) => boolean

const ALPHA = 0.05
const LIMIT_SECONDS = 0.5
const DURATION = LATENCY_LOOK_SECONDS * 1_000

/** The layout of the embedded data plane: nine buckets per power of ten. */
const NINE_PER_DECADE = layoutOf(Array.from({ length: 37 }, (_, index) => 0.001 * 10 ** (index / 9)))
/** What Prometheus client libraries use unless told otherwise. */
const PROMETHEUS_DEFAULT = layoutOf([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])

const RULES = {
  'p99-limit-1': () => fixedP99(0),
  'p99-limit-10': () => fixedP99(9),
  'kayenta-p99': () => kayenta(0.99),
  'kayenta-p50': () => kayenta(0.5),
  'quantile-p50': () => quantileTest(0.5),
  'quantile-p95': () => quantileTest(0.95),
  'quantile-p99': () => quantileTest(0.99),
  'stochastic-order': stochasticOrder,
  'exceedance-p99': exceedance,
  'ours-latency': () => ours(NINE_PER_DECADE, 1, ALPHA),
  'ours-latency-1%': () => ours(NINE_PER_DECADE, 1, 0.01),
  'ours-latency-1.25x': () => ours(NINE_PER_DECADE, 1.25, ALPHA),
  'ours-latency-coarse': () => ours(PROMETHEUS_DEFAULT, 1, ALPHA),
  'ours-latency-warm': () => ours(NINE_PER_DECADE, 1, ALPHA, USUAL_WARM_UP),
  'ours-latency-readme': () => ours(NINE_PER_DECADE, 1.25, README_ALPHA),
  'ours-latency-readme-warm': () => ours(NINE_PER_DECADE, 1.25, README_ALPHA, USUAL_WARM_UP),
} as const satisfies Record<string, () => LatencyDetector>

export type LatencyRule = keyof typeof RULES

export function isLatencyRule(name: string): name is LatencyRule {
  return Object.hasOwn(RULES, name)
}

/** Starts a rule on a new release. */
export function startLatencyRule(rule: LatencyRule): LatencyDetector {
  return RULES[rule]()
}

function ours(layout: ReturnType<typeof layoutOf>, notWorseThan: number, alpha: number, warmUp = 0): LatencyDetector {
  const rule = sequentialRule(alpha, notWorseThan)
  const quantiles = [0.95, 0.99]
  const judge = startOurJudge({ kind: 'latency', name: 'latency', source: 'bench', quantiles, rule }, warmUp)
  return ({ canary, stable }) => {
    const latency = { canary: knownHistogramOf(canary, layout), stable: knownHistogramOf(stable, layout) }
    const counts = { canaryEvents: 0, canaryTrials: sizeOf(canary), stableEvents: 0, stableTrials: sizeOf(stable) }
    return judge.look({ counts, latency, duration: DURATION, isNewExposure: false })
  }
}

const known = new WeakMap<Uint32Array, Map<typeof NINE_PER_DECADE, LatencyHistogram>>()

/** As `histogramOf`, counted once for all rules that see the same requests in the same buckets. */
function knownHistogramOf(fine: Uint32Array, layout: typeof NINE_PER_DECADE): LatencyHistogram {
  const ofFine = known.get(fine) ?? new Map<typeof NINE_PER_DECADE, LatencyHistogram>()
  known.set(fine, ofFine)
  const histogram = ofFine.get(layout) ?? histogramOf(fine, layout)
  ofFine.set(layout, histogram)
  return histogram
}

function fixedP99(failureLimit: number): LatencyDetector {
  let count = NO_BREACH
  return ({ minute }) => {
    if (minute !== null)
      count = failureLimitCheck(count, quantileSeconds(minute.canary, 0.99), LIMIT_SECONDS, failureLimit)
    return count.isOver
  }
}

const KAYENTA_MINUTES = 5

function kayenta(quantile: number): LatencyDetector {
  const points = { canary: [] as number[], baseline: [] as number[] }
  return ({ minute }) => {
    if (minute === null) return false
    points.canary.push(quantileSeconds(minute.canary, quantile) ?? Number.NaN)
    points.baseline.push(quantileSeconds(minute.stable, quantile) ?? Number.NaN)
    if (points.canary.length % KAYENTA_MINUTES !== 0) return false
    return classifyMetric(points, KAYENTA_RULES).label === 'high'
  }
}

/** Tuned for 1,000 requests per arm. */
function quantileTest(quantile: number): LatencyDetector {
  const settings = { quantile, tunedFor: 1_000, alpha: ALPHA }
  return ({ canaryTotals: canary, stableTotals: stable }) => {
    const isSlower = (quantileBin(canary, quantile) ?? 0) > (quantileBin(stable, quantile) ?? 0)
    return isSlower && quantileEvidence({ canary, stable }, settings) >= -Math.log(ALPHA)
  }
}

const BAND_FROM = 100

function stochasticOrder(): LatencyDetector {
  const constant = bandConstant(ALPHA / 2)
  return ({ canaryTotals, stableTotals }) => {
    const { excess, canary, stable } = largestExcess({ canary: canaryTotals, stable: stableTotals })
    return excess > bandRadius(canary, BAND_FROM, constant) + bandRadius(stable, BAND_FROM, constant)
  }
}

/** The error-rate test on "slower than stable's true p99", a limit that somebody would have to know beforehand. */
function exceedance(): LatencyDetector {
  const from = stableQuantileBin(normalQuantile(0.99))
  let wealth = startWealth(WORSE_BETS.multiples.length)
  return ({ canary, stable }) => {
    const counts = {
      canaryEvents: sizeOf(canary, from),
      canaryTrials: sizeOf(canary),
      stableEvents: sizeOf(stable, from),
      stableTrials: sizeOf(stable),
    }
    wealth = growWealth(wealth, splitGains(counts, 1, WORSE_BETS.multiples), WORSE_BETS.logWeights, DURATION)
    return wealth.logPeak >= -Math.log(ALPHA)
  }
}
