import type { LatencyHistogram, RecordedWindow } from '../../domain/observation.ts'
import type { RecordedStable } from '../../domain/recorded-noise.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { addArms, NO_REQUESTS } from '../arms.ts'
import { formatShare } from '../explain.ts'
import { type LatencyShape, type QuantilePair, shapeThrough } from '../judges/sequential/latency-shape.ts'
import { recordedBefore } from '../traffic/record-noise.ts'

/** A rise of the share of failed requests, both in [0, 1]. */
interface Rise {
  readonly from: number
  readonly to: number
}

/** The traffic a plan is checked for, as it is and as a bad canary would have it. Plain JSON. */
export interface ExpectedTraffic {
  /** Of the whole target. */
  readonly requestsPerSecond: number
  readonly errors: Rise
  /** Null when it is not known. */
  readonly latency: LatencyShape | null
  /** How many times as slow a bad canary is; null for what each check would just not accept, and half as much again. */
  readonly slower: number | null
  /** Events per request, by name. */
  readonly events: Readonly<Record<string, number>>
  /** The ratio of a bad canary's events per request to those of stable, by name; what is left out follows the check. */
  readonly changes: Readonly<Record<string, number>>
  /** How unevenly stable behaved on its last day; absent where nobody knows. */
  readonly noise?: RecordedStable
}

/** How bad a version is feared to be: a share of failed requests, or so many times that of stable. */
export type StatedHarm = { readonly times: number } | { readonly share: number }

/** What is stated by whoever checks a plan; what is left out is measured, or a default. */
export interface StatedTraffic {
  readonly requestsPerSecond?: number | undefined
  readonly baseRate?: number | undefined
  readonly rise?: StatedHarm | undefined
  readonly latency?: QuantilePair | undefined
  /** Upper bounds in seconds of the buckets that `latency` is counted in. */
  readonly buckets?: readonly number[] | undefined
  readonly slower?: number | undefined
  readonly events?: Readonly<Record<string, number>> | undefined
  readonly changes?: Readonly<Record<string, number>> | undefined
}

/** What a target did over some time, both pools together. Plain JSON. */
export interface MeasuredTraffic {
  readonly requestsPerSecond: number
  /** Share of failed requests, in [0, 1]; null where the source cannot say which requests failed. */
  readonly errorShare: number | null
  readonly latency: LatencyHistogram | null
  /** Events per request, by name. */
  readonly events: Readonly<Record<string, number>>
  /** How unevenly it behaved on the last day; absent where the record is too short or too coarse to tell. */
  readonly noise?: RecordedStable
}

/** Share of failed requests, when none is stated or measured. */
const BASE_RATE = 0.005
/** A rise to so many times the base rate, when none is stated; to so much, when there are no errors at all. */
const RISE_TIMES = 4
const RISE_FROM_NOTHING = 0.01

/** What is stated goes before what was measured. Null without requests; a sentence when what is stated is no rise. */
export function expectedTraffic(
  stated: StatedTraffic,
  measured: MeasuredTraffic | null,
): ExpectedTraffic | { readonly problem: string } | null {
  const requestsPerSecond = stated.requestsPerSecond ?? measured?.requestsPerSecond ?? 0
  if (!(requestsPerSecond > 0)) return null
  const from = stated.baseRate ?? measured?.errorShare ?? BASE_RATE
  const to = harmAt(from, stated.rise ?? (from > 0 ? { times: RISE_TIMES } : { share: RISE_FROM_NOTHING }))
  if (!(to > from))
    return {
      problem:
        stated.rise === undefined
          ? `${formatShare(from)} of requests already fail, so the share cannot rise`
          : `${formatShare(to)} is no rise: ${formatShare(from)} of requests already fail`,
    }
  return {
    requestsPerSecond,
    errors: { from, to },
    latency: shapeOf(stated, measured?.latency ?? null),
    slower: stated.slower ?? null,
    events: { ...measured?.events, ...stated.events },
    changes: { ...stated.changes },
    ...(measured?.noise !== undefined && { noise: measured.noise }),
  }
}

function harmAt(from: number, harm: StatedHarm): number {
  return 'share' in harm ? harm.share : Math.min(1, harm.times * from)
}

function shapeOf({ latency, buckets }: StatedTraffic, histogram: LatencyHistogram | null): LatencyShape | null {
  if (latency !== undefined) return shapeThrough(latency, buckets ?? histogram?.upperBoundsSeconds)
  return histogram === null ? null : { kind: 'measured', histogram }
}

/**
 * The traffic of a whole target from the past of its pools: what they served together, over the time in which at least one
 * of them was seen. Null when that is no time or no request. Of latencies in several bucket layouts the newest counts.
 */
export function measureTraffic(pools: readonly (readonly RecordedWindow[])[]): MeasuredTraffic | null {
  const windows = pools.flat().toSorted((left, right) => left.end - right.end)
  const time = coveredBy(windows)
  const total = windows.map(({ counts }) => counts).reduce(addArms, NO_REQUESTS)
  const [only, ...others] = pools
  // Of two pools at once only the sum is one service, and windows of both need not fall together.
  const noise = only === undefined || others.length > 0 ? null : recordedBefore(only, windows.at(-1)?.end ?? 0)
  if (!(time > 0 && total.requests > 0)) return null
  return {
    requestsPerSecond: total.requests / (time / 1_000),
    errorShare: total.missing?.errors === undefined ? Math.min(1, total.errors / total.requests) : null,
    latency: total.latency,
    events: Object.fromEntries(Object.entries(total.events).map(([name, count]) => [name, count / total.requests])),
    ...(noise !== null && { noise }),
  }
}

/** Time covered by windows in the order of their ends, overlaps counted once. */
function coveredBy(windows: readonly RecordedWindow[]): Milliseconds {
  let covered = 0
  let until = Number.NEGATIVE_INFINITY
  for (const { start, end } of windows) {
    covered += Math.max(0, end - Math.max(start, until))
    until = Math.max(until, end)
  }
  return covered
}
