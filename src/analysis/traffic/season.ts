import type { ArmCounts, RecordedWindow } from '../../domain/observation.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import { hasSameBuckets, histogramFault, totalOf } from '../histogram.ts'
import { isCount } from '../read-look.ts'
import { type Expected, type PastCount, SCALES, type Spread, spreadOfRecord } from './spread.ts'

/**
 * The rhythm of a target's record by one metric source: what is usual at which hour (UTC) of which day, and how far stable
 * strayed from it. Plain JSON of bounded size (some 10 kB).
 */
export interface Season {
  /** Length of the record. */
  readonly lasting: Milliseconds
  readonly errors: Rhythm | null
  readonly events: Readonly<Record<string, Rhythm>>
  readonly latency: SlowRhythm | null
}

/** The requests that were slower than each of these bounds; null where nearly none or nearly all were. */
export interface SlowRhythm {
  readonly upperBoundsSeconds: readonly number[]
  readonly above: readonly (Rhythm | null)[]
}

/** Events per request: `share` · `hours`[hour of the day] · `days`[days since 1 January 1970, mod 7]. */
export interface Rhythm {
  /** That of the last week, with the rhythm taken out. */
  readonly share: number
  /** 24 factors; empty where the record is too short, or shows too few events, to tell. */
  readonly hours: readonly number[]
  /** 7 factors, likewise. */
  readonly days: readonly number[]
  /** By ascending length. */
  readonly spreads: readonly Spread[]
}

const HOUR: Milliseconds = 3_600_000
const DAY = 24 * HOUR
const SHORTEST = 2 * DAY
const DAYS_FROM = 13 * DAY
const RECENT = 7 * DAY
const FEWEST_REQUESTS = 1_000
/** Events that an hour of the day should have had in the mean before its factor is worth anything. */
const FEWEST_PER_SLOT = 20
/** Events that are added to each slot as if it were as usual. */
const PRIOR_EVENTS = 10
const MOST_EVENTS = 20
const MOST_BOUNDS = 40
const LEAST_SLOW = 0.0005
const MOST_SLOW = 0.95

/**
 * The season of one or more records of the same stable: the first is the long one, which tells the rhythm; finer ones tell the
 * variation over short times. Null when the record is shorter than two days or nearly empty.
 */
export function seasonOf(records: readonly (readonly RecordedWindow[])[]): Season | null {
  const [long = []] = records
  const windows = records.map((record) => record.filter(isUsable).toSorted((left, right) => left.start - right.start))
  const [first = []] = windows
  const lasting = (first.at(-1)?.end ?? 0) - (first[0]?.start ?? 0)
  if (long.length === 0 || !(lasting >= SHORTEST)) return null
  const rhythm = (countOf: (counts: ArmCounts) => PastCount | null) =>
    rhythmOf(windows.map((record) => record.flatMap((window) => pointOf(window, countOf))))
  const names = [...new Set(first.flatMap(({ counts }) => Object.keys(counts.events)))].slice(0, MOST_EVENTS)
  const events = names.flatMap((name) => {
    const known = rhythm(({ events: seen, requests, missing }) =>
      Object.hasOwn(seen, name) && missing?.events?.[name] === undefined ? { events: seen[name] ?? 0, requests } : null,
    )
    return known === null ? [] : [[name, known] as const]
  })
  const errors = rhythm(({ errors: seen, requests, missing }) =>
    missing?.errors === undefined ? { events: seen, requests } : null,
  )
  const latency = slowRhythm(first, rhythm)
  if (errors === null && events.length === 0 && latency === null) return null
  return { lasting, errors, events: Object.fromEntries(events), latency }
}

/** How many times the mean is usual at this time; 1 where the rhythm is not known. */
export function factorAt({ hours, days }: Pick<Rhythm, 'hours' | 'days'>, at: Instant): number {
  const day = days[mod(Math.floor(at / DAY), 7)] ?? 1
  const place = mod(at / HOUR - 0.5, 24)
  const [before, part] = [Math.floor(place), place - Math.floor(place)]
  const hour = (hours[before] ?? 1) * (1 - part) + (hours[(before + 1) % 24] ?? 1) * part
  const factor = day * hour
  return Number.isFinite(factor) && factor > 0 ? factor : 1
}

/** The mean of {@link factorAt} over a stretch of time. */
export function meanFactor(rhythm: Pick<Rhythm, 'hours' | 'days'>, from: Instant, to: Instant): number {
  const parts = Math.min(48, Math.max(1, Math.ceil((to - from) / HOUR) + 1))
  if (!Number.isFinite(parts)) return 1
  const factors = Array.from({ length: parts }, (_, part) =>
    factorAt(rhythm, from + ((part + 0.5) / parts) * (to - from)),
  )
  return factors.reduce((sum, factor) => sum + factor, 0) / parts
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by
}

function isUsable({ start, end, counts }: RecordedWindow): boolean {
  return Number.isFinite(start) && end > start && Number.isFinite(end) && isCount(counts.requests)
}

interface Point extends PastCount {
  readonly start: Instant
  readonly end: Instant
}

function pointOf({ start, end, counts }: RecordedWindow, countOf: (counts: ArmCounts) => PastCount | null): Point[] {
  const count = countOf(counts)
  return count === null || !isCount(count.events) || !isCount(count.requests) ? [] : [{ start, end, ...count }]
}

function rhythmOf(records: readonly (readonly Point[])[]): Rhythm | null {
  const [points = []] = records
  const { events, requests } = sumOf(points)
  if (requests < FEWEST_REQUESTS || !(events > 0)) return null
  const mean = events / requests
  const lasting = (points.at(-1)?.end ?? 0) - (points[0]?.start ?? 0)
  const hours = events >= 24 * FEWEST_PER_SLOT ? slotsOf(points, 24, hourOf, () => mean) : []
  const hourly = { hours, days: [] }
  const isDaily = lasting >= DAYS_FROM && events >= 7 * FEWEST_PER_SLOT
  const days = isDaily ? slotsOf(points, 7, dayOf, (point) => mean * factorAt(hourly, middleOf(point))) : []
  const rhythm = { hours, days }
  const recent = points.filter(({ end }) => end > (points.at(-1)?.end ?? 0) - RECENT)
  const level = levelOf(recent, rhythm, mean)
  const usualOf = (point: Point) => point.requests * level * factorAt(rhythm, middleOf(point))
  const spreads = SCALES.flatMap((scale) => {
    const longest = records.find((record) => isFineEnough(record, scale))
    const spread = longest === undefined ? null : spreadOfRecord(scale, stretchesOf(longest, scale, usualOf))
    return spread === null ? [] : [rounded(spread)]
  })
  const share = round(level)
  // Counts of a source gone astray (5e-324 errors, 1e308 requests) tell nothing of what is usual.
  return share > 0 && Number.isFinite(share) ? { share, hours: hours.map(round), days: days.map(round), spreads } : null
}

function isFineEnough(record: readonly Point[], scale: Milliseconds): boolean {
  const [first] = record
  return first !== undefined && first.end - first.start <= scale
}

function levelOf(points: readonly Point[], rhythm: Pick<Rhythm, 'hours' | 'days'>, mean: number): number {
  const events = sumOf(points).events
  const weighed = points.reduce((sum, point) => sum + point.requests * factorAt(rhythm, middleOf(point)), 0)
  return (events + PRIOR_EVENTS) / (weighed + PRIOR_EVENTS / mean)
}

/** Each slot's events over those that were to be expected, with a few more added as if they were as usual. */
function slotsOf(
  points: readonly Point[],
  count: number,
  slotOf: (point: Point) => number,
  shareOf: (point: Point) => number,
): readonly number[] {
  const seen = Array.from({ length: count }, () => 0)
  const usual = Array.from({ length: count }, () => 0)
  for (const point of points) {
    const slot = slotOf(point)
    seen[slot] = (seen[slot] ?? 0) + point.events
    usual[slot] = (usual[slot] ?? 0) + point.requests * shareOf(point)
  }
  return seen.map((events, slot) => (events + PRIOR_EVENTS) / ((usual[slot] ?? 0) + PRIOR_EVENTS))
}

function stretchesOf(points: readonly Point[], scale: Milliseconds, usualOf: (point: Point) => number): Expected[] {
  const blocks = new Map<number, { events: number; usual: number; time: Milliseconds }>()
  for (const point of points) {
    const place = Math.floor(middleOf(point) / scale)
    const known = blocks.get(place) ?? { events: 0, usual: 0, time: 0 }
    known.events += point.events
    known.usual += usualOf(point)
    known.time += point.end - point.start
    blocks.set(place, known)
  }
  return [...blocks.values()].filter(({ time }) => time >= scale / 2)
}

function slowRhythm(
  windows: readonly RecordedWindow[],
  rhythm: (countOf: (counts: ArmCounts) => PastCount | null) => Rhythm | null,
): SlowRhythm | null {
  // The newest buckets: others mean that the service was changed since.
  const bounds = windows.findLast(({ counts }) => counts.latency !== null)?.counts.latency?.upperBoundsSeconds ?? []
  if (bounds.length === 0 || bounds.length > MOST_BOUNDS) return null
  const above = bounds.map((_, index) => {
    const known = rhythm((counts) => slowerThan(counts, bounds, index))
    return known !== null && known.share >= LEAST_SLOW && known.share <= MOST_SLOW ? known : null
  })
  return above.every((one) => one === null) ? null : { upperBoundsSeconds: bounds, above }
}

/** The requests that were slower than the bound with this index; null when the histogram has other buckets. */
export function slowerThan(
  { latency }: Pick<ArmCounts, 'latency'>,
  bounds: readonly number[],
  index: number,
): PastCount | null {
  if (latency === null || histogramFault(latency) !== null || !hasSameBuckets(latency.upperBoundsSeconds, bounds))
    return null
  const events = latency.counts.slice(index + 1).reduce((sum, count) => sum + count, 0)
  return { events, requests: totalOf(latency) }
}

function sumOf(points: readonly PastCount[]): PastCount {
  let [events, requests] = [0, 0]
  for (const point of points) {
    events += point.events
    requests += point.requests
  }
  return { events, requests }
}

function middleOf({ start, end }: Point): Instant {
  return (start + end) / 2
}

function hourOf(point: Point): number {
  return mod(Math.floor(middleOf(point) / HOUR), 24)
}

function dayOf(point: Point): number {
  return mod(Math.floor(middleOf(point) / DAY), 7)
}

function rounded({ lasting, deviation, highest, lowest }: Spread): Spread {
  return { lasting, deviation: round(deviation), highest: round(highest), lowest: round(lowest) }
}

/** Four digits: it is carried along. */
function round(value: number): number {
  return Number(value.toPrecision(4))
}
