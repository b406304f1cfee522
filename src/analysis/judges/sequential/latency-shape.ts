import type { LatencyHistogram } from '../../../domain/observation.ts'
import { quantileText } from '../../../domain/plan/plan-values.ts'
import { type Parsed, parseDuration } from '../../../domain/units.ts'
import { survivalOf } from '../../histogram.ts'
import { normalCdf, normalQuantile } from '../../statistics/normal.ts'

/** The latency that is expected of stable, and the buckets it is counted in. Plain JSON. */
export type LatencyShape =
  | { readonly kind: 'measured'; readonly histogram: LatencyHistogram }
  | {
      readonly kind: 'logNormal'
      readonly medianSeconds: number
      /** Standard deviation of ln of the seconds. */
      readonly sigma: number
      readonly upperBoundsSeconds: readonly number[]
    }

/** The default buckets of Prometheus' client libraries. */
export const DEFAULT_BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A quantile in (0, 1) and what it is. */
interface QuantilePoint {
  readonly quantile: number
  readonly seconds: number
}

/** Two quantiles, the higher one slower: a log-normal distribution goes through them. */
export type QuantilePair = readonly [low: QuantilePoint, high: QuantilePoint]

/** Reads `p50=80ms,p99=900ms`. */
export function parseQuantilePair(text: string): Parsed<QuantilePair> {
  const times = text.split(',').map((point) => point.split('=')[1] ?? '')
  const expected = `${unitFor(times)}two quantiles, the higher one slower, such as p50=80ms,p99=900ms`
  const [low, high, ...more] = text.split(',').map(parsePoint)
  if (low == null || high == null || more.length > 0) return { ok: false, expected }
  const rises = high.quantile > low.quantile && high.seconds > low.seconds
  return rises ? { ok: true, value: [low, high] } : { ok: false, expected }
}

function parsePoint(text: string): QuantilePoint | null {
  const [name = '', time = '', ...more] = text.split('=')
  const quantile = quantileText.safeParse(name)
  const duration = parseDuration(time)
  if (!quantile.success || !duration.ok || !(duration.value > 0) || more.length > 0) return null
  return { quantile: quantile.data, seconds: duration.value / 1_000 }
}

/** Most buckets that are taken, as in a recording. */
const MOST_BUCKETS = 500

/** Reads the upper bounds of buckets in seconds: `10ms,25ms,50ms`. */
export function parseBounds(text: string): Parsed<readonly number[]> {
  const times = text.split(',')
  const parsed = times.map(parseDuration)
  const bounds = parsed.flatMap((one) => (one.ok ? [one.value / 1_000] : []))
  const rises = bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0))
  return rises && bounds.length === parsed.length && bounds.length <= MOST_BUCKETS
    ? { ok: true, value: bounds }
    : { ok: false, expected: `${unitFor(times)}the upper bounds of the buckets, rising, such as 10ms,25ms,50ms,100ms` }
}

/** `a unit behind 80, such as 80ms; ` for the first time without one; nothing when all have one. */
function unitFor(times: readonly string[]): string {
  const bare = times.find((time) => /^\d{1,9}(\.\d{1,9})?$/.test(time))
  return bare === undefined ? '' : `a unit behind ${bare}, such as ${Math.max(1, Math.round(Number(bare)))}ms; `
}

/** The log-normal distribution through two quantiles. */
export function shapeThrough(
  [low, high]: QuantilePair,
  upperBoundsSeconds: readonly number[] = DEFAULT_BOUNDS,
): LatencyShape {
  const [zLow, zHigh] = [normalQuantile(low.quantile), normalQuantile(high.quantile)]
  const sigma = Math.log(high.seconds / low.seconds) / (zHigh - zLow)
  return { kind: 'logNormal', medianSeconds: low.seconds * Math.exp(-zLow * sigma), sigma, upperBoundsSeconds }
}

/** The bounds of the buckets that the latency is counted in. */
export function boundsOf(shape: LatencyShape): readonly number[] {
  return shape.kind === 'measured' ? shape.histogram.upperBoundsSeconds : shape.upperBoundsSeconds
}

/** The share of requests slower than so many seconds. */
export function slowerThan(shape: LatencyShape): (seconds: number) => number {
  if (shape.kind === 'measured') return survivalOf(shape.histogram)
  const { medianSeconds, sigma } = shape
  return (seconds) => (seconds <= 0 ? 1 : normalCdf(Math.log(medianSeconds / seconds) / sigma))
}
