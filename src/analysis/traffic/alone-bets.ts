import type { ArmCounts } from '../../domain/observation.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import {
  growWealth,
  logMeanWealth,
  logStake,
  logSumExp,
  startWealth,
  type Wealth,
} from '../judges/sequential/wealth.ts'
import { isCount } from '../read-look.ts'
import type { PastClaim } from './past-claims.ts'
import { addCount, type PastCount, SCALES } from './spread.ts'

/** What the bets against one claim have come to: at each scale of `SCALES`, and on what is seen in two looks. Plain JSON. */
export interface ClaimBets {
  /** All that the canary has shown since it is alone. */
  readonly seen: PastCount
  readonly scales: readonly ScaleBets[]
  /** Null where two looks say nothing. */
  readonly dead: DeadBets | null
}

interface ScaleBets {
  readonly wealth: Wealth
  /** What is not bet on yet: so much is accepted of the events. */
  readonly open: { readonly events: number; readonly accepted: number; readonly time: Milliseconds }
  /** What was shown lately, in two parts of about the scale's length: the newest, and the one before. */
  readonly recent: PastCount & { readonly time: Milliseconds }
  readonly earlier: PastCount & { readonly time: Milliseconds }
}

interface DeadBets {
  readonly wealth: Wealth
  /** Counts of the looks in a row, this one last, whose share of errors is far beyond everything; null when it is not. */
  readonly row: PastCount | null
}

/** The look that the bets are on. */
interface BetLook {
  readonly canary: ArmCounts
  readonly at: Instant
  readonly duration: Milliseconds
  /** Time since stable was seen; Infinity when it was not seen in this release. */
  readonly age: Milliseconds
  /** ln of the wealth at which the check fails, were there only one bet. */
  readonly needed: number
}

/** Bets on how many times the limit the canary's share is. */
const MORE = [1.25, 1.5, 2, 3, 5, 10]
const FEWER = MORE.map((times) => 1 / times)
const LOG_WEIGHTS = MORE.map(() => -Math.log(MORE.length))
/** What one look may earn more than its part of what is needed, as the bets' weights and the other bets take some. */
const RESERVE_LOG = 5
/** Bets are on a quarter of the scale each: within it what varies from look to look evens out. */
const BETS_PER_SCALE = 4
/** However long a look is, one alone must not be enough. */
const MOST_OF_A_LOOK = 0.55
/** A look says that the canary is dead with so large a share of errors, of so many requests. */
const DEAD_SHARE = 0.45
const DEAD_REQUESTS = 5
const DEAD_LIMIT = 0.9
/** So far below the failure one look alone may bring the bets on a dead canary. */
const SHORT_OF_FAILURE = 1.5
const MOST_SHARE = 0.98
const NOTHING = { events: 0, requests: 0, time: 0 }
const NOTHING_OPEN = { events: 0, accepted: 0, time: 0 }

/** The bets before the first look. */
export function startBets(claims: readonly PastClaim[]): readonly ClaimBets[] {
  return claims.map(({ deadAt }) => ({
    seen: { events: 0, requests: 0 },
    scales: SCALES.map(() => ({
      wealth: startWealth(MORE.length, 'weeks'),
      open: NOTHING_OPEN,
      recent: NOTHING,
      earlier: NOTHING,
    })),
    dead: deadAt === null ? null : { wealth: startWealth(MORE.length, 'weeks'), row: null },
  }))
}

/** True when these bets are on these claims: a state of an older version, or of other claims, is begun anew. */
export function areBetsOn(bets: readonly ClaimBets[], claims: readonly PastClaim[]): boolean {
  return (
    bets.length === claims.length &&
    bets.every(
      (own, index) => own.scales?.length === SCALES.length && (own.dead !== null) === (claims[index]?.deadAt !== null),
    )
  )
}

/**
 * The bets after one look. A bet on m times the limit r earns m^e·exp(−n·r·(m−1)) from e events in n requests, whose mean is
 * at most 1 while the true share is within r (Poisson counts; binomial ones vary less). What one look may earn is bounded by
 * its part of the scale, which can only lower the mean, so that only what lasts fails.
 */
export function growBets(
  bets: readonly ClaimBets[],
  claims: readonly PastClaim[],
  look: BetLook,
): readonly ClaimBets[] {
  const needed = look.needed + Math.log(betsOf(bets))
  return bets.map((own, index) => {
    const claim = claims[index]
    const count = claim?.countOf(look.canary) ?? null
    if (claim === undefined || count === null || !isCount(count.events) || !isCount(count.requests)) return own
    return {
      seen: addCount(own.seen, count),
      scales: own.scales.map((bet, scale) => growScale(bet, claim, scale, count, { ...look, needed })),
      dead: own.dead === null ? null : growDead(own.dead, claim.deadAt?.(look.at) ?? 1, count, { ...look, needed }),
    }
  })
}

function growScale(
  { wealth, open, recent, earlier }: ScaleBets,
  { side, limitAt }: PastClaim,
  scale: number,
  { events, requests }: PastCount,
  { at, age, duration, needed }: BetLook,
): ScaleBets {
  const lasting = SCALES[scale] ?? 0
  const limit = limitAt(scale, at, age)
  const bet = {
    events: open.events + events,
    accepted: open.accepted + requests * limit,
    time: open.time + duration,
  }
  const isDue = bet.time >= lasting / BETS_PER_SCALE
  const isOver = recent.time >= lasting
  const shown = { events, requests, time: duration }
  return {
    wealth: isDue ? settle(wealth, side, bet, lasting, needed) : wealth,
    open: isDue ? NOTHING_OPEN : bet,
    recent: isOver ? shown : { ...addCount(recent, shown), time: recent.time + duration },
    earlier: isOver ? recent : earlier,
  }
}

function settle(
  wealth: Wealth,
  side: PastClaim['side'],
  { events, accepted, time }: ScaleBets['open'],
  lasting: Milliseconds,
  needed: number,
): Wealth {
  const part = Math.min(MOST_OF_A_LOOK, time / lasting)
  // What was lost over a time of health may be earned back within the same time.
  const lost = Math.max(0, -logStake(wealth, LOG_WEIGHTS, time))
  const most = part * (needed + RESERVE_LOG + lost)
  const gains = (side === 'above' ? MORE : FEWER).map((times) =>
    Math.min(most, events * Math.log(times) - accepted * (times - 1)),
  )
  return growWealth(wealth, gains, LOG_WEIGHTS, time)
}

/**
 * Bets on a share q against the limit r earn (q/r)^e·((1−q)/(1−r))^(n−e). Looks that are not far beyond the limit win nothing,
 * and the first of a row wins no more than leaves the check short of failing: both only lower the mean.
 */
function growDead(
  { wealth, row }: DeadBets,
  limit: number,
  { events, requests }: PastCount,
  { duration, needed }: BetLook,
): DeadBets {
  const isDead = requests >= DEAD_REQUESTS && events >= DEAD_SHARE * requests && limit < DEAD_LIMIT
  const failed = Math.min(events, requests)
  const room = Math.max(0, needed - SHORT_OF_FAILURE - logStake(wealth, LOG_WEIGHTS, duration))
  const most = !isDead ? 0 : row === null ? room : Number.MAX_VALUE
  const gains = MORE.map((times) => {
    const share = Math.min(MOST_SHARE, times * limit)
    const gain = failed * Math.log(share / limit) + (requests - failed) * Math.log((1 - share) / (1 - limit))
    return Math.min(most, limit < DEAD_LIMIT ? gain : 0)
  })
  const next = isDead ? addCount(row ?? { events: 0, requests: 0 }, { events: failed, requests }) : null
  return { wealth: growWealth(wealth, gains, LOG_WEIGHTS, duration), row: next }
}

/** The bet that has won most. */
export interface Leader {
  readonly claim: number
  /** Index into `SCALES`; null for what is seen in two looks. */
  readonly scale: number | null
  /** What was seen in the time that the bet is about. */
  readonly seen: PastCount & { readonly time: Milliseconds | null }
}

/** ln of the mean wealth of all bets, and the bet that leads. */
export function standingOfBets(bets: readonly ClaimBets[]): { readonly log: number; readonly leader: Leader } {
  let leader: Leader = { claim: 0, scale: 0, seen: NOTHING }
  let most = Number.NEGATIVE_INFINITY
  const logs = bets.flatMap(({ scales, dead }, claim) => {
    const own = scales.map(({ wealth, recent, earlier }, scale) => {
      const log = logMeanWealth(wealth, LOG_WEIGHTS)
      if (log > most) {
        most = log
        leader = { claim, scale, seen: { ...addCount(recent, earlier), time: recent.time + earlier.time } }
      }
      return log
    })
    if (dead === null) return own
    const log = logMeanWealth(dead.wealth, LOG_WEIGHTS)
    if (log > most && dead.row !== null) {
      most = log
      leader = { claim, scale: null, seen: { ...dead.row, time: null } }
    }
    return [...own, log]
  })
  return { log: logs.length === 0 ? 0 : logSumExp(logs) - Math.log(logs.length), leader }
}

function betsOf(bets: readonly ClaimBets[]): number {
  return Math.max(
    1,
    bets.reduce((sum, { scales, dead }) => sum + scales.length + (dead === null ? 0 : 1), 0),
  )
}
