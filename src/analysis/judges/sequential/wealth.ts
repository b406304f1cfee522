import type { Milliseconds } from '../../../domain/units.ts'

/**
 * The wealth of several bets against one null hypothesis, as logarithms. Plain JSON.
 *
 * Each bet is a test martingale; their weighted mean is an e-process: while the null holds, the probability that it ever
 * reaches 1/α is at most α, however often one looks (Ville's inequality). A bet that has lost for hours would need hours
 * to recover, so only a part of the money is placed at the start and the rest is placed little by little: the mean over
 * starting times is an e-process as well, and a regression that comes late is seen nearly as fast as an early one.
 */
export interface Wealth {
  /** ln of the wealth of each bet, from one unit of money per bet of which the reserve is not yet placed. */
  readonly logs: readonly number[]
  /** Time watched with usable data, which decides how much of the reserve is placed. */
  readonly watched: Milliseconds
  /** Largest ln of the mean wealth so far: what Ville's inequality is about. */
  readonly logPeak: number
  /** Absent for a release. */
  readonly pace?: Watched
}

/** How money is placed: a part at the very start; of the rest n/(n+1) after n half-lives. */
interface Placing {
  readonly atStart: number
  readonly halfLife: Milliseconds
}

const PLACING = {
  /**
   * A release, whose canary may get worse later. Measured at 100 requests/s and 5%: 0.5 → 2% errors after an hour of health
   * are seen within 3.5 min, 4.5 when placed as for weeks; a rise to 20 times at 1,000 requests/s after 20 minutes at the second
   * look instead of the tenth. A burst on one arm cannot win what was placed just before it: see `design-effect.ts`.
   */
  release: { atStart: 0.95, halfLife: 3_600_000 },
  /** A watch of weeks, in which a burst that nothing is known of must not win freshly placed money. */
  weeks: { atStart: 0.99, halfLife: 86_400_000 },
} as const satisfies Record<string, Placing>

/** What the bets watch, which decides how their money is placed. */
type Watched = keyof typeof PLACING

/** ln of the odds of 1 : 10. */
const DOUBT = Math.log(10)

/**
 * True when the evidence of now, as ln of its odds, is too much to send the canary more users, and may be too little yet to go back
 * for. Of the releases that are just within what is accepted at most one in ten ever comes to it, and the next looks undo it.
 */
export function isDoubt(logOdds: number): boolean {
  return logOdds >= DOUBT
}

/** Keeps logarithms finite, and so JSON: no test ever comes near it from above. */
const LOWEST_LOG = -1e12
const HIGHEST_LOG = 1e12

/** Wealth of `bets` bets before the first interval. */
export function startWealth(bets: number, pace: Watched = 'release'): Wealth {
  const logs = Array.from({ length: bets }, () => Math.log(PLACING[pace].atStart))
  return { logs, watched: 0, logPeak: 0, ...(pace !== 'release' && { pace }) }
}

/** ln of what each bet has before the first interval, by ln of the bets' weights; the reserve, placed over hours, is left out. */
export function startingLogs(logWeights: readonly number[]): readonly number[] {
  return startWealth(logWeights.length).logs.map((log, bet) => log + (logWeights[bet] ?? Number.NEGATIVE_INFINITY))
}

/**
 * Wealth after one interval of `duration`, in which bet i was multiplied by exp(gains[i]). A gain that is not a number
 * counts as no gain. `logWeights` are ln of the bets' weights, which sum to 1.
 */
export function growWealth(
  wealth: Wealth,
  gains: readonly number[],
  logWeights: readonly number[],
  duration: Milliseconds,
): Wealth {
  const watched = wealth.watched + Math.max(0, finiteOr0(duration))
  // Money is placed before the interval it bets on, by a rule that does not look at the data.
  const logPlaced = Math.log(reserveOf(wealth) - reserveOf({ ...wealth, watched }))
  const logs = wealth.logs.map((log, index) => clampLog(logAddExp(log, logPlaced) + finiteOr0(gains[index])))
  const grown = { ...wealth, logs, watched }
  return { ...grown, logPeak: Math.max(wealth.logPeak, logMeanWealth(grown, logWeights)) }
}

/** ln of the mean wealth that a further interval of `duration` bets with: what is placed, and what is placed just now. */
export function logStake(wealth: Wealth, logWeights: readonly number[], duration: Milliseconds): number {
  const placed = logSumExp(wealth.logs.map((log, index) => log + (logWeights[index] ?? Number.NEGATIVE_INFINITY)))
  const later = { ...wealth, watched: wealth.watched + Math.max(0, finiteOr0(duration)) }
  const fresh = reserveOf(wealth) - reserveOf(later)
  return logAddExp(placed, Math.log(fresh))
}

/** ln of the mean wealth, the e-value now. */
export function logMeanWealth(wealth: Wealth, logWeights: readonly number[]): number {
  const placed = logSumExp(wealth.logs.map((log, index) => log + (logWeights[index] ?? Number.NEGATIVE_INFINITY)))
  return logAddExp(placed, Math.log(reserveOf(wealth)))
}

/** ln Σ exp(xᵢ) without overflow; −∞ for nothing. */
export function logSumExp(values: readonly number[]): number {
  const top = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  if (!Number.isFinite(top)) return top
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0))
}

/** ln(exp(a) + exp(b)) without overflow. */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b)
  const low = Math.min(a, b)
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high))
}

function reserveOf({ watched, pace = 'release' }: Pick<Wealth, 'watched' | 'pace'>): number {
  const { atStart, halfLife } = PLACING[pace]
  return (1 - atStart) / (1 + watched / halfLife)
}

function clampLog(log: number): number {
  return Math.min(HIGHEST_LOG, Math.max(LOWEST_LOG, log))
}

function finiteOr0(value = 0): number {
  return Number.isFinite(value) ? value : 0
}
