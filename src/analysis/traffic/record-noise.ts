import type { ArmCounts, LatencyHistogram, RecordedWindow } from '../../domain/observation.ts'
import type { RecordedEvents, RecordedNoise, RecordedStable } from '../../domain/recorded-noise.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import { addHistograms, histogramFault } from '../histogram.ts'
import { isCount } from '../read-look.ts'
import { slowerThan } from './season.ts'
import { addCount, type PastCount } from './spread.ts'

/** Noise of an arm of its own lasts so long, shortest first; what lasts longer is taken for the time of day. */
const SCALES: readonly Milliseconds[] = [60_000, 300_000, 1_200_000]
/** So far to both sides reaches what is usual at a time. */
const AROUND: Milliseconds = 3 * 3_600_000
const SHORTEST_RECORD: Milliseconds = 6 * 3_600_000
const FEWEST_BLOCKS = 12
const FEWEST_EVENTS = 100
/** The stretches that stray most are left out: an incident of an hour is no noise of the day. */
const KEPT = 0.95
/** What the others show of the variance, when all stray as a normal variable does: E[z²; z² < q]/0.95 at its 95% quantile q. */
const KEPT_VARIANCE = 0.759
/** A variance is taken so many of 1/√stretches higher than it was seen. */
const CAUTION = 1
/** More noise than this is no noise. */
const MOST_VARIATION = 2
const MOST_EVENTS = 20
const TAILS: readonly number[] = [0.5, 0.1, 0.02]

interface Point extends PastCount {
  readonly start: Instant
  readonly end: Instant
}

/**
 * How unevenly stable's errors, events and slow requests came, from windows of at most a minute over some hours or more.
 * Null where the record is too short or too coarse to tell. Windows may be missing.
 */
export function recordedStableOf(record: readonly RecordedWindow[]): RecordedStable | null {
  const windows = record
    .filter(({ start, end, counts }) => Number.isFinite(start) && end > start && isCount(counts.requests))
    .toSorted((left, right) => left.start - right.start)
  const [first, last] = [windows[0], windows.at(-1)]
  if (first === undefined || last === undefined || !(last.end - first.start >= SHORTEST_RECORD)) return null
  const eventsOf = (countOf: (counts: ArmCounts) => PastCount | null) =>
    recordedEvents(windows.flatMap((window) => pointOf(window, countOf)))
  const names = [...new Set(windows.flatMap(({ counts }) => Object.keys(counts.events)))].slice(0, MOST_EVENTS)
  const events = names.flatMap((name) => {
    const known = eventsOf(({ events: seen, requests, missing }) =>
      Object.hasOwn(seen, name) && missing?.events?.[name] === undefined ? { events: seen[name] ?? 0, requests } : null,
    )
    return known === null ? [] : [[name, known] as const]
  })
  return {
    errors: eventsOf(({ errors, requests, missing }) =>
      missing?.errors === undefined ? { events: errors, requests } : null,
    ),
    events: Object.fromEntries(events),
    slow: slowEvents(windows, eventsOf),
  }
}

/** So long before a release stable's record is read. */
export const DAY_BEFORE: Milliseconds = 86_400_000

/** What a guard that begins at that time would know, of a record that goes on after it. */
export function recordedBefore(record: readonly RecordedWindow[], at: Instant): RecordedStable | null {
  return recordedStableOf(record.filter(({ start, end }) => start >= at - DAY_BEFORE && end <= at))
}

function pointOf({ start, end, counts }: RecordedWindow, countOf: (counts: ArmCounts) => PastCount | null): Point[] {
  const count = countOf(counts)
  return count === null || !isCount(count.events) || !isCount(count.requests) ? [] : [{ start, end, ...count }]
}

function recordedEvents(points: readonly Point[]): RecordedEvents | null {
  const { events, requests } = points.reduce(addCount, { events: 0, requests: 0 })
  if (!(requests > 0 && events >= FEWEST_EVENTS)) return null
  const usual = usualAround(points)
  const noise = SCALES.flatMap((lasting) => noiseOver(points, usual, lasting) ?? [])
  return noise.length === 0 ? null : { share: events / requests, noise }
}

/** The events that each window would have had at the mean share of the hours around it. */
function usualAround(points: readonly Point[]): readonly number[] {
  const sum = { events: 0, requests: 0 }
  let [from, to] = [0, 0]
  const add = (point: Point, sign: 1 | -1) => {
    sum.events += sign * point.events
    sum.requests += sign * point.requests
  }
  return points.map((point) => {
    for (let next = points[to]; next !== undefined && next.start < point.end + AROUND; next = points[to]) {
      add(next, 1)
      to += 1
    }
    for (let old = points[from]; old !== undefined && old.end <= point.start - AROUND; old = points[from]) {
      add(old, -1)
      from += 1
    }
    return sum.requests > 0 ? (point.requests * Math.max(0, sum.events)) / sum.requests : 0
  })
}

/**
 * With e events where u were usual, Σ(e − u)² is Σu where only chance is at work, and Σu + v·Σu² with noise of the squared
 * coefficient of variation v.
 */
function noiseOver(points: readonly Point[], usual: readonly number[], lasting: Milliseconds): RecordedNoise | null {
  const blocks = new Map<number, { events: number; usual: number; time: Milliseconds }>()
  for (const [index, { start, end, events }] of points.entries()) {
    if (end - start > lasting) return null
    const place = Math.floor((start + end) / 2 / lasting)
    const known = blocks.get(place) ?? { events: 0, usual: 0, time: 0 }
    known.events += events
    known.usual += usual[index] ?? 0
    known.time += end - start
    blocks.set(place, known)
  }
  const whole = [...blocks.values()].filter((block) => block.time >= lasting / 2 && block.usual > 0)
  if (whole.length < FEWEST_BLOCKS) return null
  const kept = whole
    .map((block) => ({ usual: block.usual, square: (block.events - block.usual) ** 2 }))
    .toSorted((left, right) => left.square / left.usual - right.square / right.usual)
    .slice(0, Math.ceil(KEPT * whole.length))
  let [squares, usuals, usualSquares] = [0, 0, 0]
  for (const block of kept) {
    squares += block.square
    usuals += block.usual
    usualSquares += block.usual ** 2
  }
  const seen = (squares / KEPT_VARIANCE) * (1 + CAUTION / Math.sqrt(whole.length))
  const variation = (seen - usuals) / usualSquares
  if (!Number.isFinite(variation)) return null
  return { lasting, variation: Number(Math.min(MOST_VARIATION, Math.max(0, variation)).toPrecision(4)) }
}

/** Of the newest buckets, as others mean that the service was changed since; the bounds nearest to {@link TAILS}. */
function slowEvents(
  windows: readonly RecordedWindow[],
  eventsOf: (countOf: (counts: ArmCounts) => PastCount | null) => RecordedEvents | null,
): readonly RecordedEvents[] {
  const newest = windows.findLast(({ counts }) => counts.latency !== null)?.counts.latency
  if (newest === null || newest === undefined || histogramFault(newest) !== null) return []
  const bounds = newest.upperBoundsSeconds
  const latency = windows.reduce(addUsable, { upperBoundsSeconds: bounds, counts: newest.counts.map(() => 0) })
  const shares = bounds.map((_, index) => {
    const { events, requests } = slowerThan({ latency }, bounds, index) ?? { events: 0, requests: 0 }
    return events / requests
  })
  const distance = (share: number, tail: number) => Math.abs(Math.log(Math.max(share, 1e-9) / tail))
  const chosen = TAILS.flatMap((tail) => {
    const distances = shares.map((share) => (Number.isFinite(share) ? distance(share, tail) : Number.POSITIVE_INFINITY))
    const nearest = distances.indexOf(Math.min(...distances))
    return Number.isFinite(distances[nearest]) ? [nearest] : []
  })
  return [...new Set(chosen)].flatMap((index) => eventsOf((counts) => slowerThan(counts, bounds, index)) ?? [])
}

function addUsable(sum: LatencyHistogram, { counts: { latency } }: RecordedWindow): LatencyHistogram {
  if (latency === null || histogramFault(latency) !== null) return sum
  return addHistograms(sum, latency) ?? sum
}
