import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { StablePast } from './past.ts'
import { factorAt, meanFactor, type Rhythm, type Season } from './season.ts'
import { leastOf, mostOf, type PastCount, SCALES, type Spread, type Stretches, spreadOfStretches } from './spread.ts'

/** What is known of stable when nobody is on it any more: from this release, and from the record of the target. */
export interface KnownOfStable {
  readonly past: StablePast | null
  readonly season: Season | null
}

/** What is usual for one share of requests, and how far it strays. */
export interface Usual {
  /** Events per request at this time, at the upper and at the lower end of what is known. */
  readonly high: (at: Instant) => number
  readonly low: (at: Instant) => number
  readonly spreads: readonly Spread[]
  /** True when the rhythm comes from a record, so that another hour is no reason to accept more. */
  readonly isOfRecord: boolean
}

/** With fewer requests of stable nothing is known of what is usual. */
export const ENOUGH_PAST = 200
/** A record is worth so many events of this release: a stretch of it may lie anywhere within the service's own noise. */
const WORTH_OF_RECORD = 20
/** A record that says otherwise than this release may move the usual by so much. */
const MOST_MOVED = 1.5
/** For so long stable's past is that of now … */
const FRESH: Milliseconds = 1_800_000
/** … and after this it says nothing of the hour; with a record an incident may have come since. */
const STALE: Milliseconds = 21_600_000
const STALE_WITH_RECORD: Milliseconds = 7_200_000

/** How many times the usual is accepted beyond what the check accepts, by {@link SCALES}: … */
export interface Drifts {
  /** … as long as stable was seen lately, … */
  readonly fresh: number
  /** … later, without a record, … */
  readonly stale: readonly number[]
  /** … and with one. Short rises are incidents more often than not. */
  readonly ofRecord: readonly number[]
}

/** What is usual for a counted event; null when neither this release nor a record has shown enough. */
export function usualOf(
  past: Pick<StablePast, 'from' | 'to'> | null,
  counted: PastCount | undefined,
  stretches: readonly Stretches[] | undefined,
  rhythm: Rhythm | null | undefined,
): Usual | null {
  const isSeen = counted !== undefined && counted.requests >= ENOUGH_PAST
  const spreads = stretches === undefined ? [] : spreadOfStretches(stretches)
  if (rhythm === null || rhythm === undefined) {
    if (!isSeen) return null
    const [high, low] = endsOf(counted)
    return { high: () => high, low: () => low, spreads, isOfRecord: false }
  }
  const [high, low] = levelsOf(isSeen ? counted : null, past, rhythm)
  return {
    high: (at) => high * factorAt(rhythm, at),
    low: (at) => low * factorAt(rhythm, at),
    spreads: rhythm.spreads.length > 0 ? rhythm.spreads : spreads,
    isOfRecord: true,
  }
}

/** The share of a past that may have shown few, or many, by chance. */
function endsOf({ events, requests }: PastCount): readonly [high: number, low: number] {
  const reach = 2 * Math.sqrt(events)
  return [(events + reach + 2) / requests, Math.max(0, events - reach) / requests]
}

/** The level that the rhythm goes on from: of this release, and of the record as far as that is small or says otherwise. */
function levelsOf(
  counted: PastCount | null,
  past: Pick<StablePast, 'from' | 'to'> | null,
  rhythm: Rhythm,
): readonly [high: number, low: number] {
  const { share } = rhythm
  if (counted === null) return [share, share]
  const { from, to } = past ?? {}
  const factor = from === undefined || to === undefined ? 1 : meanFactor(rhythm, from, to)
  const requests = counted.requests * factor + WORTH_OF_RECORD / share
  const level = (counted.events + WORTH_OF_RECORD) / requests
  return [Math.max(level, Math.min(share, MOST_MOVED * level)), Math.min(level, Math.max(share, level / MOST_MOVED))]
}

/** How many times the usual is accepted at this scale, so long after stable was seen. */
export function driftOf(
  { fresh, stale, ofRecord }: Drifts,
  { isOfRecord }: Pick<Usual, 'isOfRecord'>,
  scale: number,
  age: Milliseconds,
): number {
  const later = (isOfRecord ? ofRecord : stale)[scale] ?? fresh
  return fresh ** (1 - agedOf(isOfRecord, age)) * later ** agedOf(isOfRecord, age)
}

/** 0 as long as stable was seen lately, 1 when that is long ago. */
export function agedOf(isOfRecord: boolean, age: Milliseconds): number {
  const end = isOfRecord ? STALE_WITH_RECORD : STALE
  const part = Math.log(Math.max(1, age / FRESH)) / Math.log(end / FRESH)
  return Number.isFinite(part) ? Math.min(1, part) : 1
}

/** How many times the usual stable itself shows at this scale; ≥ 1. */
export function ownRise({ spreads }: Pick<Usual, 'spreads'>, scale: number): number {
  return mostOf(spreads, SCALES[scale] ?? 0)
}

/** The same downwards; ≥ 1. */
export function ownFall({ spreads }: Pick<Usual, 'spreads'>, scale: number): number {
  return leastOf(spreads, SCALES[scale] ?? 0)
}
