import { formatPercent } from '../../../domain/units.ts'
import { formatCount, formatInterval, formatShare } from '../../explain.ts'
import { fallSeenByNow, riseSeenByNow, SEEN } from '../../power/seen-by-now.ts'
import { type RatioEvidence, type RatioInterval, ratioInterval } from './ratio-evidence.ts'

/** How sure an interval is to hold the true ratio at every look there ever is. */
export const SURE = 0.95

/** What is asked of two rates, and ln of the odds at which the judge fails. */
interface Asked {
  readonly notAbove: number | null
  readonly notBelow: number | null
  readonly mostPerRequest?: number
  readonly needed: number
}

/** What a verdict says beside its outcome: how much more or fewer, and what would have been seen by now. */
export interface Outlook {
  /** Null while no event was seen. */
  readonly interval: RatioInterval | null
  /** The smallest rate of events that would have been seen by now; null when none would, or nobody asks. */
  readonly rise: number | null
  /** The largest one, for a fall. */
  readonly fall: number | null
  /** Events per request on stable, over all looks. */
  readonly stable: number
}

/** The outlook of a question after some looks, in some microseconds. */
export function outlookOf({ notAbove, notBelow, mostPerRequest, needed }: Asked, evidence: RatioEvidence): Outlook {
  const rise = notAbove === null ? null : riseSeenByNow(evidence, { ratio: notAbove, needed })
  const fall = notBelow === null ? null : fallSeenByNow(evidence, { ratio: 1 / notBelow, needed })
  const trials = evidence.strata.reduce((sum, { stableTrials }) => sum + stableTrials, 0)
  const events = evidence.strata.reduce((sum, { stableEvents }) => sum + stableEvents, 0)
  return {
    interval: ratioInterval(evidence, SURE),
    rise: rise !== null && rise <= (mostPerRequest ?? Number.POSITIVE_INFINITY) ? rise : null,
    fall,
    stable: trials > 0 ? events / trials : 0,
  }
}

/** The figures of an outlook; what is open or not known is left out. */
export function outlookFigures(outlook: Outlook | null): Readonly<Record<string, number>> {
  if (outlook === null) return {}
  const { interval, rise, fall } = outlook
  return {
    ...(interval !== null && { ratioAtLeast: interval.atLeast, ratioAtMost: interval.atMost, ratioConfidence: SURE }),
    ...(rise !== null && { seenRise: rise }),
    ...(fall !== null && { seenFall: fall }),
    ...((rise !== null || fall !== null) && { seenPower: SEEN }),
  }
}

/** One side of a question: more than so many times as many, or fewer. */
interface Limit {
  readonly word: 'more' | 'fewer'
  readonly ratio: number
}

/** True when the whole interval is beyond what is accepted. */
export function isBeyond(interval: RatioInterval | null, { word, ratio }: Limit): boolean {
  if (interval === null) return false
  return word === 'more' ? interval.atLeast > ratio : interval.atMost < ratio
}

/** What is left of the interval once the judge is sure that the ratio is beyond the limit. */
export function beyond({ atLeast, atMost }: RatioInterval, ratio: number, word: Limit['word']): RatioInterval {
  return word === 'more'
    ? { atLeast: Math.max(atLeast, ratio), atMost: Math.max(atMost, ratio) }
    : { atLeast: Math.min(atLeast, ratio), atMost: Math.min(atMost, ratio) }
}

/** `; 0.71 to 1.4 times as many (95% sure)`; `of` says what, where that is not what the sentence is about. */
export function describeInterval(interval: RatioInterval | null, of = ''): string {
  const said = interval === null ? null : formatInterval(interval.atLeast, interval.atMost)
  return said === null ? '' : `; ${of}${said} as many (${formatPercent(SURE, 2)} sure)`
}

/** A rise to more than so many times stable's rate is said not to be small. */
const LARGE_RISE = 10

/** `; a rise to 1.1% would be seen by now (90%)`, `; no rise below 10% would be seen yet` */
export function describeSeen(
  { notAbove, notBelow }: Pick<Asked, 'notAbove' | 'notBelow'>,
  { rise, fall, stable }: Outlook,
): string {
  const asked = notAbove === null ? 'fall' : notBelow === null ? 'rise' : 'change'
  if (rise === null && fall === null) return `; no ${asked} would be seen yet`
  if (rise !== null && fall === null && stable > 0 && rise > LARGE_RISE * stable)
    return `; no rise below ${formatShare(rise)} would be seen yet`
  const sizes = [
    ...(fall === null ? [] : [`a fall to ${formatShare(fall)}`]),
    ...(rise === null ? [] : [`a rise to ${formatShare(rise)}`]),
  ]
  return `; ${sizes.join(' or ')} would be seen by now (${formatPercent(SEEN, 2)})`
}

/** So many events may still be one user's, who tries again and again. */
const ONE_USERS_EVENTS = 40
/** So many at least in each of the looks: one who fails once or twice is no clump. */
const CLUMP = 3
/** Part of all that is too much which must have come at once for it to look like one user. */
const NEARLY_ALL = 0.8
/** Share of the canary's requests at that time; above it one user would be most of its users. */
const MOST_OF_ALL = 0.5

/**
 * Whether one user, or one moment, may be all that is wrong: few events, and nearly all that stable's rate does not explain in
 * the two looks with the most of them. No statistics of counts can tell that from a version that is worse.
 */
function mayBeOneUser({ bursts, excess }: RatioEvidence): boolean {
  const [events, trials, burst] = [sumOf(bursts, 'events'), sumOf(bursts, 'trials'), sumOf(bursts, 'excess')]
  return (
    events > 0 &&
    bursts.every((one) => one.events >= CLUMP) &&
    events <= ONE_USERS_EVENTS &&
    events <= MOST_OF_ALL * trials &&
    burst >= NEARLY_ALL * excess
  )
}

/** `; 20 errors came in one look: one user could be the cause` */
export function describeBursts(noun: string, evidence: RatioEvidence): string {
  if (!mayBeOneUser(evidence)) return ''
  const { bursts } = evidence
  const looks = bursts.length === 1 ? 'one look' : 'two looks'
  return `; ${formatCount(sumOf(bursts, 'events'))} ${noun} came in ${looks}: one user could be the cause`
}

function sumOf<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((sum, row) => sum + row[key], 0)
}
