import type { Milliseconds } from '../../domain/units.ts'

/** So many events in so many requests. */
export interface PastCount {
  readonly events: number
  readonly requests: number
}

/** Both together. */
export function addCount(left: PastCount, right: PastCount): PastCount {
  return { events: left.events + right.events, requests: left.requests + right.requests }
}

/** What is more than usual must last so long before it may fail a canary that is alone, shortest first. */
export const SCALES: readonly Milliseconds[] = [30_000, 300_000, 3_600_000, 21_600_000]

/** How much a share of requests varies by itself from one stretch of so long to the next. Plain JSON. */
export interface Spread {
  readonly lasting: Milliseconds
  /** Standard deviation of ln(share / usual share) beyond what counting explains; 0 when chance explains all. */
  readonly deviation: number
  /** The largest and the smallest multiple of the usual that was certainly seen: ≥ 1 and ≤ 1. */
  readonly highest: number
  readonly lowest: number
}

/** Sums over stretches of one length. Plain JSON. */
export interface Stretches {
  readonly lasting: Milliseconds
  readonly open: PastCount & { readonly time: Milliseconds }
  readonly blocks: number
  readonly events: number
  readonly requests: number
  /** Σ events²/requests over the stretches. */
  readonly squares: number
}

/** Stretches within one release: a shorter one says too little, a longer one hardly ever ends. */
const MEASURED: readonly Milliseconds[] = [10_000, 60_000, 300_000]
const FEWEST_BLOCKS = 6
/** From this many stretches on older ones count half. */
const FORGET_FROM = 2_000
/** A deviation is taken at the upper end of what so few stretches leave open: its variance by this over √stretches more. */
const CAUTION = 2
/** Nothing departs from the usual by more deviations than this in a year of hours. */
const REACH = 3.7
/** What was the most for weeks is not the most for a year. */
const BEYOND = 1.1
const HIGHEST_FACTOR = 1e6

const NOTHING = { events: 0, requests: 0, time: 0 }

/** The state before the first look. */
export function startStretches(): readonly Stretches[] {
  return MEASURED.map((lasting) => ({ lasting, open: NOTHING, blocks: 0, events: 0, requests: 0, squares: 0 }))
}

/** One look more. */
export function growStretches(known: readonly Stretches[], look: PastCount, time: Milliseconds): readonly Stretches[] {
  return known.map((own) => {
    const { open, lasting } = own
    const grown = { ...addCount(open, look), time: open.time + time }
    if (grown.time < lasting) return { ...own, open: grown }
    if (!(grown.requests > 0)) return { ...own, open: NOTHING }
    const kept = own.blocks >= FORGET_FROM ? 0.5 : 1
    return {
      ...{ lasting, open: NOTHING },
      blocks: own.blocks * kept + 1,
      events: own.events * kept + grown.events,
      requests: own.requests * kept + grown.requests,
      squares: own.squares * kept + grown.events ** 2 / grown.requests,
    }
  })
}

/**
 * The spread that the stretches of one release show. With e_i events in n_i requests and p = Σe/Σn, Pearson's
 * Σ(e_i − n_i·p)²/(n_i·p) = (Σe²/n)/p − Σe is about k − 1 when only chance is at work; what is more, over the mean count,
 * is the square of the coefficient of variation.
 */
export function spreadOfStretches(known: readonly Stretches[]): readonly Spread[] {
  return known.flatMap(({ lasting, blocks, events, requests, squares }) => {
    if (blocks < FEWEST_BLOCKS || !(events > 0) || !(requests > 0)) return []
    const pearson = (squares * requests) / events - events
    const counted = (Math.max(0, pearson / (blocks - 1)) * blocks) / events
    const chance = blocks / events
    return [
      { lasting, deviation: deviationOf(counted * (1 + CAUTION / Math.sqrt(blocks)) - chance), highest: 1, lowest: 1 },
    ]
  })
}

/** So many events where so many were usual, in one stretch. */
export interface Expected {
  readonly events: number
  readonly usual: number
}

/** The spread over stretches of a record; null where they are too few to say. */
export function spreadOfRecord(lasting: Milliseconds, stretches: readonly Expected[]): Spread | null {
  const seen = stretches.filter(({ usual }) => usual > 0)
  if (seen.length < FEWEST_BLOCKS) return null
  let [squares, events, usuals, highest, lowest] = [0, 0, 0, 1, 1]
  for (const one of seen) {
    squares += (one.events - one.usual) ** 2
    events += one.events
    usuals += one.usual ** 2
    const reach = 2 * Math.sqrt(one.events)
    highest = Math.max(highest, (one.events - reach - 2) / one.usual)
    lowest = Math.min(lowest, (one.events + reach + 2) / one.usual)
  }
  return { lasting, deviation: deviationOf((squares - events) / usuals), highest, lowest }
}

/** How many times the usual may be expected by chance of the service itself, in a stretch of so long; ≥ 1. */
export function mostOf(spreads: readonly Spread[], lasting: Milliseconds): number {
  return factorOf(spreads, lasting, ({ highest }) => highest)
}

/** The same downwards: the usual divided by this; ≥ 1. */
export function leastOf(spreads: readonly Spread[], lasting: Milliseconds): number {
  return factorOf(spreads, lasting, ({ lowest }) => 1 / Math.max(lowest, 1 / HIGHEST_FACTOR))
}

/** By the stretches that are as long or the next longer; the longest where all are shorter. */
function factorOf(spreads: readonly Spread[], lasting: Milliseconds, extremeOf: (spread: Spread) => number): number {
  const spread = spreads.find((one) => one.lasting >= lasting) ?? spreads.at(-1)
  if (spread === undefined) return 1
  const factor = Math.max(Math.exp(REACH * spread.deviation), extremeOf(spread) ** BEYOND)
  return Number.isFinite(factor) ? Math.min(HIGHEST_FACTOR, Math.max(1, factor)) : 1
}

function deviationOf(variation: number): number {
  return Math.sqrt(Math.log1p(Math.max(0, Number.isFinite(variation) ? variation : 0)))
}
