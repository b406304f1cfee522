import { type RatioEvidence, type Stratum, swapRatio } from '../judges/sequential/ratio-evidence.ts'
import { logSumExp, startingLogs } from '../judges/sequential/wealth.ts'
import { WORSE_BETS } from '../judges/split-test.ts'

/** One one-sided question about the ratio of two rates. */
interface SeenQuestion {
  /** The largest accepted ratio of the arm that should not have more to the other one. */
  readonly ratio: number
  /** ln of the odds at which the judge fails. */
  readonly needed: number
}

/** The probability that is meant by "would be seen by now". */
export const SEEN = 0.9

/**
 * Normal quantile of a probability to be over the barrier at the last look, for one of 90% to have been over it at some
 * look. Fitted to the power of planned bakes.
 */
const AT_LAST_LOOK = 1.1

/**
 * The smallest rate of events for which a canary that had it from the start would have been failed by now with probability
 * 90%; null when none would. The requests of both arms are those that there were, and so are stable's events.
 *
 * How many canary events the judge would have needed follows from its own bets; the mean of a Poisson number that is so large
 * with the wanted probability is a gamma quantile. So it takes microseconds where the power of a planned bake takes
 * milliseconds, with which it agrees within a tenth (`test/analysis/power/seen-by-now.test.ts`).
 *
 * Source: Wilson and Hilferty's approximation of the gamma quantile.
 */
export function riseSeenByNow({ strata }: RatioEvidence, question: SeenQuestion): number | null {
  const trials = sumOf(strata, ({ canaryTrials }) => canaryTrials)
  const { logs, each } = earningsOf(strata, question, 'more')
  // One bet alone is over the barrier here, so all together are.
  const over = logs.map((log, bet) => (at(each, bet) > 0 ? (question.needed - log) / at(each, bet) : Infinity))
  const start = Math.max(0, Math.min(...over))
  if (!(trials > 0 && Number.isFinite(start))) return null
  const enough = Math.max(1, Math.ceil(settle(logs, each, question.needed, start) - GRAIN))
  return poissonMean(enough, AT_LAST_LOOK) / trials
}

/** The same for a fall: the largest rate for which the canary would have been failed. */
export function fallSeenByNow(evidence: RatioEvidence, question: SeenQuestion): number | null {
  const { strata } = swapRatio(evidence)
  const trials = sumOf(strata, ({ stableTrials }) => stableTrials)
  const { logs, each } = earningsOf(strata, question, 'fewer')
  if (!(trials > 0) || !(logSumExp(logs) >= question.needed)) return null
  const over = logs.map((log, bet) => (log >= question.needed ? (question.needed - log) / at(each, bet) : 0))
  const most = Math.floor(settle(logs, each, question.needed, Math.max(0, ...over)) + GRAIN)
  return poissonMean(most + 1, -AT_LAST_LOOK) / trials
}

const GRAIN = 1e-6

/** What each bet has before the first event, the reserve left out: it is placed over hours. */
const START = startingLogs(WORSE_BETS.logWeights)

/**
 * What the bets have from the events of one arm, as they were, and what each event of the other would add: of the arm that
 * should not have `more` (the canary of these strata), or of the one that should not have `fewer`.
 */
function earningsOf(strata: readonly Stratum[], { ratio }: SeenQuestion, other: 'more' | 'fewer') {
  const isMore = other === 'more'
  const trials = sumOf(strata, (stratum) => (isMore ? stratum.canaryTrials : stratum.stableTrials))
  const logs = [...START]
  const each = WORSE_BETS.multiples.map((multiple) => (isMore ? Math.log(multiple) : 0))
  for (const { canaryTrials, stableTrials, canaryEvents, stableEvents } of strata) {
    const odds = (canaryTrials * ratio) / stableTrials
    const part = odds / (odds + 1)
    const share = (isMore ? canaryTrials : stableTrials) / trials
    for (const [bet, multiple] of WORSE_BETS.multiples.entries()) {
      const cost = Math.log1p(part * (multiple - 1))
      const known = isMore ? -stableEvents * cost : canaryEvents * (Math.log(multiple) - cost)
      logs[bet] = at(logs, bet) + known
      each[bet] = at(each, bet) - share * cost
    }
  }
  return { logs, each }
}

/** Newton's steps towards ln Σ exp(log + x·each) = needed. The sum is convex: from a point over it they stay over it. */
function settle(logs: readonly number[], each: readonly number[], needed: number, start: number): number {
  let x = start
  for (let round = 0; round < 20; round += 1) {
    const values = logs.map((log, bet) => log + x * at(each, bet))
    const height = logSumExp(values)
    const slope = values.reduce((sum, value, bet) => sum + Math.exp(value - height) * at(each, bet), 0)
    const step = (height - needed) / slope
    if (!Number.isFinite(step) || Math.abs(step) < 1e-4) break
    x = Math.max(0, x - step)
  }
  return x
}

/** The mean of a Poisson number that is at least `count` with the probability of this normal quantile. */
function poissonMean(count: number, z: number): number {
  return count * Math.max(0, 1 - 1 / (9 * count) + z / (3 * Math.sqrt(count))) ** 3
}

function sumOf(strata: readonly Stratum[], of: (stratum: Stratum) => number): number {
  return strata.reduce((sum, stratum) => sum + of(stratum), 0)
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0
}
