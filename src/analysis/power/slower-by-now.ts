import type { LatencyHistogram } from '../../domain/observation.ts'
import { survivalOf } from '../histogram.ts'
import type { RatioEvidence } from '../judges/sequential/ratio-evidence.ts'
import { factorsOf, SLOWDOWNS, sharesBetween, type Thresholds } from '../judges/sequential/slowdown-test.ts'
import { logSumExp, startingLogs } from '../judges/sequential/wealth.ts'

/** What a latency judge has seen, and what it asks. */
interface SlownessSeen {
  /** The requests of all looks with both arms, by the split between them; so many as the design effect says count as one. */
  readonly requests: Pick<RatioEvidence, 'looks' | 'strata'>
  readonly stable: LatencyHistogram
  readonly thresholds: Thresholds
  /** The largest accepted ratio. */
  readonly ratio: number
  /** The quantile of stable below which requests are not told apart. */
  readonly floor: number
  /** ln of the odds at which the judge fails. */
  readonly needed: number
}

/** Where it is looked for first; slower than the last is not looked for. */
const START_OF_SEARCH = [1.5, 4, 100]
/** The size is found to this part of itself. */
const GRAIN = 0.01

/** As for rates, somewhat on the safe side. */
const AT_LAST_LOOK = 1.3
/** As good as lost are so many looks, as the first bets are made from little that was seen of stable. Fitted to the judge. */
const LOOKS_TO_LEARN = 2

/** The bets that all requests are slower: those that win when they are. */
const BETS = SLOWDOWNS.filter(({ share }) => share === 1)
/** What each has before the first look, the reserve left out: it is placed over hours. */
const START = startingLogs(BETS.map(({ logWeight }) => logWeight))

/**
 * How many times as slow all requests of a canary would have to be, from the start, for the judge to have failed it by now with
 * probability 90%; null when it would not have at a hundred times. The requests are those that there were, and stable's are as
 * slow as they were.
 *
 * What a bet earns is linear in the counts, which are Poisson: so its mean and variance are known, and the smallest slowdown is
 * the one at which the bets, each this far below its mean, are worth what the judge asks for. It takes some tens of
 * microseconds.
 */
export function slowerSeenByNow(seen: SlownessSeen): number | null {
  const earnings = earningsOf(seen)
  const above = survivalOf(seen.stable)
  const isSeen = (factor: number): boolean => {
    const shares = sharesBetween(seen.thresholds.canarySeconds.map((seconds) => above(seconds / factor)))
    return logSumExp(earnings.map((earned) => surelyEarned(earned, shares))) >= seen.needed
  }
  const first = START_OF_SEARCH.find(isSeen)
  if (first === undefined) return null
  let [blind, enough] = [START_OF_SEARCH[START_OF_SEARCH.indexOf(first) - 1] ?? 1, first]
  while (enough / blind > 1 + GRAIN) {
    const middle = Math.sqrt(blind * enough)
    if (isSeen(middle)) enough = middle
    else blind = middle
  }
  return enough
}

/** What one bet would have earned by now. */
interface BetEarnings {
  readonly start: number
  /** By the requests of stable, as they were: mean and variance. */
  readonly known: number
  readonly spread: number
  /** Per share of the canary's requests in a category: mean and variance. */
  readonly won: readonly number[]
  readonly squares: readonly number[]
}

function earningsOf({
  requests: { looks, strata },
  stable,
  thresholds,
  ratio,
  floor,
}: SlownessSeen): readonly BetEarnings[] {
  const usual = sharesBetween(thresholds.stableSeconds.map(survivalOf(stable)))
  const counted = looks / (looks + LOOKS_TO_LEARN)
  return factorsOf(BETS, ratio, stable, thresholds, floor).map((factors, bet) => {
    const won = factors.map(() => 0)
    const squares = factors.map(() => 0)
    let [known, spread] = [0, 0]
    for (const stratum of strata) {
      const canaryTrials = stratum.canaryTrials * counted
      const stableTrials = stratum.stableTrials * counted
      const part = canaryTrials / (canaryTrials + stableTrials)
      for (const [category, factor] of factors.entries()) {
        const cost = Math.log1p(part * (factor - 1))
        const gain = Math.log(factor) - cost
        const requests = stableTrials * (usual[category] ?? 0)
        known -= requests * cost
        spread += requests * cost * cost
        won[category] = (won[category] ?? 0) + canaryTrials * gain
        squares[category] = (squares[category] ?? 0) + canaryTrials * gain * gain
      }
    }
    return { start: START[bet] ?? Number.NEGATIVE_INFINITY, known, spread, won, squares }
  })
}

/** ln of what a bet would be worth, as little as it is in one of ten bakes of a canary with these shares of requests. */
function surelyEarned({ start, known, spread, won, squares }: BetEarnings, shares: readonly number[]): number {
  let [mean, variance] = [known, spread]
  for (let category = 0; category < shares.length; category += 1) {
    const share = shares[category] ?? 0
    mean += share * (won[category] ?? 0)
    variance += share * (squares[category] ?? 0)
  }
  return start + mean - AT_LAST_LOOK * Math.sqrt(variance)
}
