import type { ArmCounts, LatencyHistogram } from '../../domain/observation.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { RateCheck, RelativeRule, SequentialRule, ThresholdRule } from '../checks/shapes.ts'
import { formatFraction, formatList, formatQuantile, formatSeconds, formatShare } from '../explain.ts'
import { quantileOf, totalOf } from '../histogram.ts'
import { type SlowRhythm, slowerThan } from './season.ts'
import { type PastCount, spreadOfStretches } from './spread.ts'
import {
  agedOf,
  type Drifts,
  driftOf,
  ENOUGH_PAST,
  type KnownOfStable,
  ownFall,
  ownRise,
  type Usual,
  usualOf,
} from './usual.ts'

/**
 * What a check accepts of a canary that is alone, as limits on one share of its requests. They are wider than the check's
 * own ratio: the past is another time, and stable varies by itself.
 */
export interface PastClaim {
  readonly side: 'above' | 'below'
  /** What is counted, as in sentences: `errors`, `slower than 420 ms`. */
  readonly noun: string
  /**
   * Events per request, the most that is accepted or the least, of what lasts as long as this scale (an index into
   * `SCALES`), at this time and so long after stable was seen.
   */
  readonly limitAt: (scale: number, at: Instant, age: Milliseconds) => number
  /** The same for what is seen in two looks; null where two looks say nothing. */
  readonly deadAt: ((at: Instant) => number) | null
  /** What is usual at this time, by a record; null without one. */
  readonly usualAt: ((at: Instant) => number) | null
  /** The event's count in a look of the canary; null when the look does not show it. */
  readonly countOf: (canary: ArmCounts) => PastCount | null
}

/** Everything that a check can still be asked, and how stable's past is told. */
export interface PastClaims {
  readonly claims: readonly PastClaim[]
  /** What stable has shown in this release, as in sentences; null when that is too little. */
  readonly said: string | null
  readonly alpha: number
  /** Requests that the canary must have shown before it can pass. */
  readonly minRequests: number
}

/** Rates differ by so much between two times of a day, beyond what the check accepts. */
const RATE_DRIFTS: Drifts = { fresh: 2, stale: [20, 8, 4, 4], ofRecord: [20, 6, 1.5, 1.25] }
/** The part of requests that may be slower than a quantile allows; short incidents slow many down. */
const SLOW_DRIFTS: Drifts = { fresh: 2, stale: [20, 8, 4, 4], ofRecord: [200, 50, 1.5, 1.25] }
/** A rise of a percentage point is not told from another hour, whatever the rates … */
const LEAST_RISE = 0.01
/** … and with a record, by scale. */
const LEAST_RISES = [0.01, 0.005, 0.001, 0.001]
/** Latencies differ by so much. */
const SECONDS_DRIFT = 1.5
/** Limits beyond this see nothing. */
const HIGHEST_LIMIT = 0.9
/** However far stable has strayed once: such a share of errors is no usual hour. */
const HIGHEST_OF_ODDITIES = 0.2
/** In two looks only so large a share of errors is seen. */
const LEAST_DEAD = 0.25
/** What a check that controls no error rate is given. */
const USUAL_ALPHA = 0.001

/** What a check accepts of a canary, as far as the past of stable can tell. */
type Accepted = Pick<PastClaims, 'alpha' | 'minRequests'> & { readonly ratio: number }

/** A fixed limit compares nothing: for it any ratio will do. */
export function acceptedBy(rule: SequentialRule | ThresholdRule | RelativeRule): Accepted {
  const { minRequests } = rule
  switch (rule.judge) {
    case 'sequential':
      return { ratio: rule.notWorseThan, alpha: rule.alpha, minRequests }
    case 'relative':
      return { ratio: rule.maxRatio, alpha: USUAL_ALPHA, minRequests }
    case 'threshold':
      return { ratio: 1, alpha: USUAL_ALPHA, minRequests }
  }
}

/** What is asked of a canary's errors; null when stable has shown too few requests. */
export function errorClaims({ past, season }: KnownOfStable, { ratio, ...rule }: Accepted): PastClaims | null {
  const usual = usualOf(past, past?.errors, past?.stretches?.errors, season?.errors)
  if (usual === null) return null
  const countOf = ({ errors: events, requests }: ArmCounts) => ({ events, requests })
  const deadAt = (at: Instant) => Math.max(LEAST_DEAD, RATE_DRIFTS.fresh * ratio * usual.high(at))
  const claim: PastClaim = { ...risesOf('errors', usual, ratio), deadAt, countOf }
  return { claims: usable([claim]), said: shareOf(past?.errors), ...rule }
}

/** What is asked of a named event; null likewise. */
export function eventClaims({ past, season }: KnownOfStable, check: RateCheck): PastClaims | null {
  const { of: noun, notAbove, notBelow, alpha, minRequests } = check
  const counted = own(past?.events, noun)
  const usual = usualOf(past, counted, own(past?.stretches?.events, noun), own(season?.events, noun))
  if (usual === null) return null
  const countOf = ({ events, requests }: ArmCounts) =>
    Object.hasOwn(events, noun) ? { events: events[noun] ?? 0, requests } : null
  const above = notAbove === null ? [] : [{ ...risesOf(noun, usual, notAbove), countOf }]
  const below = notBelow === null ? [] : [{ ...fallsOf(noun, usual, notBelow), countOf }]
  return { claims: usable([...above, ...below]), said: shareOf(counted), alpha, minRequests }
}

/** A quantile of stable becomes a limit on how many of the canary's requests may be slower than so many seconds. */
export function latencyClaims(
  { past, season }: KnownOfStable,
  quantiles: readonly number[],
  { ratio, ...rule }: Accepted,
): PastClaims | null {
  const seen = past?.latency ?? null
  const isSeen = seen !== null && totalOf(seen) >= ENOUGH_PAST
  const rhythm = season?.latency ?? null
  const latency = isSeen ? seen : rhythm === null ? null : histogramOf(rhythm)
  if (latency === null) return null
  const bounds = latency.upperBoundsSeconds
  const slow = past?.stretches?.slow ?? null
  const ownSpreads = slow === null ? [] : spreadOfStretches(slow.stretches)
  const rows = quantiles.flatMap((quantile) => {
    const usual = quantileOf(latency, quantile)
    const isAtLeast = (seconds: number) => (bound: number) => bound >= seconds * (1 - 1e-9)
    // What is usual of each bucket at each hour is known by a record: then nothing need be allowed for another hour.
    const usualEnd = (usual?.seconds ?? Infinity) * (rhythm === null ? SECONDS_DRIFT : 1)
    const index = usual?.kind === 'within' ? bounds.findIndex(isAtLeast(usualEnd * ratio)) : -1
    const seconds = bounds[index]
    if (usual === null || seconds === undefined) return []
    // The slowest that is accepted has as many requests beyond `seconds` as stable has beyond that less the ratio.
    const place = rhythm?.upperBoundsSeconds.findLastIndex((bound) => bound <= (seconds / ratio) * (1 + 1e-9)) ?? -1
    const known = usualOf(past, undefined, undefined, rhythm?.above[place])
    const slowUsual = known ?? { high: () => 0, spreads: ownSpreads, isOfRecord: false }
    const claim = slowClaim(quantile, seconds, slowUsual, (canary) => slowerThan(canary, bounds, index))
    const said = `${formatQuantile(quantile)} ${formatSeconds(usual.seconds)}`
    return claim.limitAt(0, 0, 0) >= HIGHEST_LIMIT ? [] : [{ claim, said }]
  })
  const said = isSeen ? formatList(rows.map((row) => row.said)) : null
  return { claims: rows.map(({ claim }) => claim), said, ...rule }
}

function slowClaim(
  quantile: number,
  seconds: number,
  usual: Pick<Usual, 'high' | 'spreads' | 'isOfRecord'>,
  countOf: PastClaim['countOf'],
): PastClaim {
  const rest = 1 - quantile
  return {
    ...{ side: 'above', noun: `slower than ${formatSeconds(seconds)}`, deadAt: null, usualAt: null, countOf },
    limitAt(scale, at, age) {
      const [share, factor] = [usual.high(at), ownRise(usual, scale)]
      const drift = driftOf(SLOW_DRIFTS, usual, scale, age)
      const aged = usual.isOfRecord ? agedOf(true, age) : 0
      const wanted = Math.max(rest * (usual.isOfRecord ? SLOW_DRIFTS.fresh : drift), rest + LEAST_RISE)
      const lately = Math.min(1 - quantile / 2, Math.max(wanted, usual.isOfRecord ? 0 : rest * factor))
      return Math.max(aged < 1 ? lately : 0, withOdds(share, Math.max(drift, factor)), share + LEAST_RISE)
    },
  }
}

/** The share whose odds are so many times as high: what a tail may rise to without ever being more than all. */
function withOdds(share: number, times: number): number {
  return (times * share) / (1 - share + times * share)
}

function risesOf(noun: string, usual: Usual, ratio: number): Omit<PastClaim, 'countOf'> {
  return {
    ...{ side: 'above', noun, deadAt: null, usualAt: usual.isOfRecord ? usual.high : null },
    limitAt(scale, at, age) {
      const share = usual.high(at)
      const accepted = ratio * share * driftOf(RATE_DRIFTS, usual, scale, age)
      const own = Math.min(ratio * share * ownRise(usual, scale), HIGHEST_OF_ODDITIES)
      const aged = usual.isOfRecord ? agedOf(true, age) : 0
      const least = LEAST_RISE ** (1 - aged) * (LEAST_RISES[scale] ?? LEAST_RISE) ** aged
      return Math.max(accepted, own, share + least)
    },
  }
}

function fallsOf(noun: string, usual: Usual, ratio: number): Omit<PastClaim, 'countOf'> {
  return {
    ...{ side: 'below', noun, deadAt: null, usualAt: usual.isOfRecord ? usual.low : null },
    limitAt: (scale, at, age) =>
      (ratio * usual.low(at)) / Math.max(driftOf(RATE_DRIFTS, usual, scale, age), ownFall(usual, scale)),
  }
}

function usable(claims: readonly PastClaim[]): readonly PastClaim[] {
  return claims.filter(({ side, limitAt }) => {
    const limit = limitAt(0, 0, 0)
    return side === 'above' ? limit < HIGHEST_LIMIT : limit > 0
  })
}

function own<Value>(values: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined
}

/** A histogram with the shares of a record as counts, for its quantiles. */
function histogramOf({ upperBoundsSeconds, above }: SlowRhythm): LatencyHistogram {
  const first = above.findIndex((one) => one !== null)
  let left = 1
  const counts = upperBoundsSeconds.map((_, index) => {
    const share = above[index]?.share ?? (index < first ? 1 : 0)
    const count = Math.max(0, left - share)
    left = Math.min(left, share)
    return count
  })
  return { upperBoundsSeconds, counts: [...counts, Math.max(0, left)] }
}

function shareOf(counted: PastCount | undefined): string | null {
  if (counted === undefined || counted.requests < ENOUGH_PAST) return null
  return `${formatShare(counted.events / counted.requests)} (${formatFraction(counted.events, counted.requests)})`
}
