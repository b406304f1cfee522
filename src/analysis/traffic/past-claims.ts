import type { ArmCounts } from '../../domain/observation.ts'
import type { RateCheck, RelativeRule, SequentialRule, ThresholdRule } from '../checks/shapes.ts'
import { formatFraction, formatList, formatQuantile, formatSeconds, formatShare } from '../explain.ts'
import { hasSameBuckets, quantileOf, totalOf } from '../histogram.ts'
import type { PastCount, StablePast } from './past.ts'

/**
 * What a check accepts of a canary that is alone, as a limit on one share of its requests. It is wider than the check's
 * own ratio: the past is another time of day.
 */
export interface PastClaim {
  readonly side: 'above' | 'below'
  /** What is counted, as in sentences: `errors`, `slower than 420 ms`. */
  readonly noun: string
  /** Events per request: the most that is accepted, or the least. */
  readonly limit: number
  /** The event's count in a look of the canary; null when the look does not show it. */
  readonly countOf: (canary: ArmCounts) => PastCount | null
}

/** Everything that a check can still be asked, and how stable's past is told. */
export interface PastClaims {
  readonly claims: readonly PastClaim[]
  /** What stable has shown, as in sentences. */
  readonly said: string
  /** What is accepted, as in sentences: `above 3%`. */
  readonly breach: string
  readonly alpha: number
  /** Requests that the canary must have shown before it can pass. */
  readonly minRequests: number
}

/** Rates differ by so much between two times of a day, beyond what the check accepts. */
const RATE_DRIFT = 2
/** A rise of a percentage point is not told from another hour, whatever the rates. */
const LEAST_RISE = 0.01
/** Latencies differ by so much. */
const SECONDS_DRIFT = 1.5
/** With fewer requests of stable nothing is known of what is usual. */
const ENOUGH_PAST = 200
/** Limits beyond this see nothing. */
const HIGHEST_LIMIT = 0.9
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
export function errorClaims({ errors }: StablePast, { ratio, ...rule }: Accepted): PastClaims | null {
  if (errors.requests < ENOUGH_PAST) return null
  const limit = highest(errors, ratio)
  const countOf = ({ errors: events, requests }: ArmCounts) => ({ events, requests })
  const claims = usable([{ side: 'above', noun: 'errors', limit, countOf }])
  return { claims, said: shareOf(errors), breach: `above ${formatShare(limit)}`, ...rule }
}

/** What is asked of a named event; null likewise. */
export function eventClaims(past: StablePast, check: RateCheck): PastClaims | null {
  const { of: noun, notAbove, notBelow, alpha, minRequests } = check
  const known = Object.hasOwn(past.events, noun) ? past.events[noun] : undefined
  if (known === undefined || known.requests < ENOUGH_PAST) return null
  const countOf = ({ events, requests }: ArmCounts) =>
    Object.hasOwn(events, noun) ? { events: events[noun] ?? 0, requests } : null
  const above = notAbove === null ? [] : [{ side: 'above' as const, noun, limit: highest(known, notAbove), countOf }]
  const below = notBelow === null ? [] : [{ side: 'below' as const, noun, limit: lowest(known, notBelow), countOf }]
  const claims = usable([...above, ...below])
  const breach = claims.map(({ side, limit }) => `${side} ${formatShare(limit)}`).join(' or ')
  return { claims, said: shareOf(known), breach, alpha, minRequests }
}

/** A quantile of stable becomes a limit on how many of the canary's requests may be slower than so many seconds. */
export function latencyClaims(
  { latency }: StablePast,
  quantiles: readonly number[],
  { ratio, ...rule }: Accepted,
): PastClaims | null {
  if (latency === null || totalOf(latency) < ENOUGH_PAST) return null
  const bounds = latency.upperBoundsSeconds
  const rows = quantiles.flatMap((quantile) => {
    const usual = quantileOf(latency, quantile)
    const wanted = (usual?.seconds ?? Infinity) * ratio * SECONDS_DRIFT
    const seconds = usual?.kind === 'within' ? bounds.find((bound) => bound >= wanted * (1 - 1e-9)) : undefined
    const limit = Math.min(1 - quantile / 2, Math.max(RATE_DRIFT * (1 - quantile), 1 - quantile + LEAST_RISE))
    if (usual === null || seconds === undefined || limit >= HIGHEST_LIMIT) return []
    const noun = `slower than ${formatSeconds(seconds)}`
    const claim: PastClaim = { side: 'above', noun, limit, countOf: (canary) => slowerThan(canary, bounds, seconds) }
    return [{ claim, said: `${formatQuantile(quantile)} ${formatSeconds(usual.seconds)}` }]
  })
  const said = formatList(rows.map((row) => row.said))
  const breach = `above ${formatList(rows.map(({ claim }) => formatShare(claim.limit)))}`
  return { claims: rows.map(({ claim }) => claim), said, breach, ...rule }
}

function slowerThan({ latency }: ArmCounts, bounds: readonly number[], seconds: number): PastCount | null {
  if (latency === null || !hasSameBuckets(latency.upperBoundsSeconds, bounds)) return null
  const slower = latency.counts.filter((_, index) => (bounds[index] ?? Infinity) > seconds)
  return { events: slower.reduce((sum, count) => sum + count, 0), requests: totalOf(latency) }
}

/** The most events per request that are accepted, after a past that may have shown few by chance. */
function highest(past: PastCount, ratio: number): number {
  const share = (past.events + 2 * Math.sqrt(past.events) + 2) / past.requests
  return Math.max(RATE_DRIFT * ratio * share, share + LEAST_RISE)
}

/** The fewest, likewise. */
function lowest(past: PastCount, ratio: number): number {
  return ((ratio / RATE_DRIFT) * Math.max(0, past.events - 2 * Math.sqrt(past.events))) / past.requests
}

function usable(claims: readonly PastClaim[]): readonly PastClaim[] {
  return claims.filter(({ side, limit }) => (side === 'above' ? limit < HIGHEST_LIMIT : limit > 0))
}

function shareOf({ events, requests }: PastCount): string {
  return `${formatShare(events / requests)} (${formatFraction(events, requests)})`
}
