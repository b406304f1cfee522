import type { ArmNames } from '../../domain/arm-names.ts'
import type { ArmCounts } from '../../domain/observation.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { armFault, formatServed, inconclusive, isCount, isTime, namesOf, windowFault } from '../arms.ts'
import type { CheckState } from '../checks/check-kind.ts'
import { kindOf } from '../checks/index.ts'
import { knownTo } from '../checks/needs.ts'
import {
  asClause,
  asSentence,
  capEvidence,
  finiteFigures,
  formatCount,
  formatFraction,
  formatList,
  formatOdds,
  formatShare,
  formatStanding,
  formatWatched,
} from '../explain.ts'
import { growWealth, logMeanWealth, logSumExp, startWealth, type Wealth } from '../judges/sequential/wealth.ts'
import type { PastCount, StablePast } from './past.ts'
import type { PastClaim, PastClaims } from './past-claims.ts'

/** What is remembered while everybody is on the canary. Plain JSON. */
export interface AgainstPastState {
  readonly lastEnd: Instant | null
  readonly watched: Milliseconds
  /** Time since the canary's last request. */
  readonly silent: Milliseconds
  /** What the canary has shown, and how sure it is that this is too much, by claim. */
  readonly claims: readonly { readonly seen: PastCount; readonly wealth: Wealth }[]
  /** ln of the evidence with which the comparison with stable has ended: it goes on from there. */
  readonly carried: number
  readonly failure: Verdict | null
}

/** Bets on how many times the limit the canary's share is. */
const MORE = [1.25, 1.5, 2, 3, 5, 10]
const FEWER = MORE.map((times) => 1 / times)
const LOG_WEIGHTS = MORE.map(() => -Math.log(MORE.length))
/** What is shown must last: no failure comes of less than about half of this time, and a minute is enough. */
const LASTING: Milliseconds = 30_000
const RESERVE_LOG = 5
const LONGEST_SILENCE: Milliseconds = 60_000

/**
 * What is asked of the canary while nobody is on stable, or null when the check is none that compares counts, or too
 * little is known of stable.
 */
export function claimsOf(check: Check, past: StablePast | null): PastClaims | null {
  const kind = kindOf(check)
  if (past === null || !kind.needsCounts || !kind.comparesWithStable(check)) return null
  const claims = kind.pastClaims(check, past)
  return claims === null || claims.claims.length === 0 ? null : claims
}

/** What a check has to go on with when everybody is on the canary, before the first look. */
function startAgainstPast(carried: number, claims: PastClaims): AgainstPastState {
  return {
    ...{ lastEnd: null, watched: 0, silent: 0, failure: null, carried },
    claims: claims.claims.map(() => ({ seen: { events: 0, requests: 0 }, wealth: startWealth(MORE.length) })),
  }
}

/**
 * One look at a canary that everybody is on, against what stable has shown before; null when the check compares no counts,
 * or too little is known of stable.
 *
 * It fails once the odds against "the share is within the limit" (`past-claims.ts`) reach 1 : 1/alpha. A bet on m times
 * the limit r earns m^e·exp(−n·r·(m−1)) from e events in n requests, whose mean is at most 1 while the true share is
 * within r; what one look may earn is bounded, so that only what lasts fails. It goes on with the evidence that the
 * comparison with stable has left, so that both together keep the check's part of the error budget.
 */
export function judgeAgainstPast(
  check: Check,
  checkState: CheckState,
  before: AgainstPastState | null,
  past: StablePast | null,
  shown: CheckInput,
): { readonly state: AgainstPastState; readonly verdict: Verdict } | null {
  const input = knownTo(check, shown)
  const claims = claimsOf(check, past)
  if (claims === null) return null
  const isGoingOn = before !== null && before.claims.length === claims.claims.length
  const state = isGoingOn ? before : startAgainstPast(kindOf(check).evidence(checkState).now, claims)
  if (state.failure !== null) return { state, verdict: state.failure }
  const names = namesOf(input)
  const fault = inputFault(input, state)
  if (fault !== null) {
    const seen = input.canary.kind === 'value' && isTime(input.window.end)
    const next = seen ? { ...state, lastEnd: input.window.end } : state
    return { state: next, verdict: inconclusive('blind', asSentence(fault), evidenceFor(next, claims)) }
  }
  if (input.canary.kind !== 'value' || input.window.end === input.window.start) {
    const reason = 'measuring has only just begun: the first window is still empty'
    return { state, verdict: inconclusive('undecided', reason, evidenceFor(state, claims)) }
  }
  const next = grow(state, claims, input.canary.value, input.window)
  return conclude(next, claims, names)
}

/** Only the canary is read: nobody is on stable. */
function inputFault(input: CheckInput, state: AgainstPastState): string | null {
  const name = namesOf(input).canary
  if (input.canary.kind !== 'value') return `${name} cannot be seen: ${asClause(input.canary.reason)}`
  const fault = armFault(name, input.canary)
  if (fault !== null) return fault
  return windowFault(input.window, state.lastEnd)
}

function grow(
  state: AgainstPastState,
  { claims, alpha }: PastClaims,
  canary: ArmCounts,
  { start, end }: CheckInput['window'],
): AgainstPastState {
  const duration = end - start
  const needed = Math.log(1 / alpha) - Math.min(0, state.carried) + RESERVE_LOG
  const part = Math.min(1, duration / LASTING)
  return {
    ...state,
    lastEnd: end,
    watched: state.watched + duration,
    silent: canary.requests > 0 ? 0 : state.silent + duration,
    claims: state.claims.map((own, index) => {
      const claim = claims[index]
      const look = claim?.countOf(canary) ?? null
      return claim === undefined || look === null || !isCount(look.events) || !isCount(look.requests)
        ? own
        : {
            seen: { events: own.seen.events + look.events, requests: own.seen.requests + look.requests },
            wealth: growWealth(
              own.wealth,
              gainsOf(claim, look, part * (needed + lossOf(own.wealth))),
              LOG_WEIGHTS,
              duration,
            ),
          }
    }),
  }
}

/** What the bets have lost over a time of health, as a logarithm: it may be earned back within the same time. */
function lossOf({ logs }: Wealth): number {
  return Math.max(0, -logSumExp(logs.map((log, index) => log + (LOG_WEIGHTS[index] ?? 0))))
}

function gainsOf({ side, limit }: PastClaim, { events, requests }: PastCount, most: number): readonly number[] {
  return (side === 'above' ? MORE : FEWER).map((times) =>
    Math.min(most, events * Math.log(times) - requests * limit * (times - 1)),
  )
}

function conclude(
  state: AgainstPastState,
  claims: PastClaims,
  names: ArmNames,
): { readonly state: AgainstPastState; readonly verdict: Verdict } {
  const evidence = evidenceFor(state, claims)
  const needed = Math.log(1 / claims.alpha)
  const log = logEvidence(state)
  const said = `everybody is on ${names.canary}: ${tell(state, claims)} against ${claims.said} on ${names.stable} before`
  if (log >= needed) {
    const reason = `${said}: ${claims.breach}, odds of a false alarm ${formatOdds(log)}, ${formatWatched(state.watched)}`
    const failure: Verdict = { outcome: 'fail', reason: asSentence(reason), evidence }
    return { state: { ...state, failure }, verdict: failure }
  }
  const lack = lackOf(state, claims.minRequests, names)
  if (lack !== null) return { state, verdict: inconclusive(lack.cause, lack.reason, evidence) }
  const standing = formatStanding(Math.max(0, log), needed, 'fails')
  const reason = `${said}: no sign of being ${claims.breach} ${standing}, ${formatWatched(state.watched)}`
  return { state, verdict: { outcome: 'pass', reason: asSentence(reason), evidence } }
}

function logEvidence({ claims, carried }: AgainstPastState): number {
  const logs = claims.map(({ wealth }) => logMeanWealth(wealth, LOG_WEIGHTS))
  return logs.length === 0 ? 0 : carried + logSumExp(logs) - Math.log(logs.length)
}

function lackOf(
  { claims, silent }: AgainstPastState,
  minRequests: number,
  { canary }: ArmNames,
): { readonly cause: 'blind' | 'undecided'; readonly reason: string } | null {
  if (silent > LONGEST_SILENCE) return { cause: 'blind', reason: `${canary} has served no requests lately` }
  const requests = Math.min(...claims.map(({ seen }) => seen.requests))
  const needed = Math.max(1, Number.isNaN(minRequests) ? Number.POSITIVE_INFINITY : minRequests)
  if (requests >= needed) return null
  const counts = `${formatServed(requests)} on ${canary}; it needs ${formatCount(needed)}`
  return { cause: 'undecided', reason: `everybody is on ${canary}, and not enough requests yet: ${counts}` }
}

/** `errors 5% (50 of 1,000)`, `12% slower than 420 ms (120 of 1,000) and 3% slower than 900 ms (30 of 1,000)`. */
function tell({ claims: seen }: AgainstPastState, { claims }: PastClaims): string {
  const parts = claims.map(({ noun }, index) => {
    const { events, requests } = seen[index]?.seen ?? { events: 0, requests: 0 }
    const share = requests > 0 ? formatShare(events / requests) : 'nothing'
    const counts = `(${formatFraction(events, requests)})`
    return noun.startsWith('slower') ? `${share} ${noun} ${counts}` : `${noun} ${share} ${counts}`
  })
  return formatList([...new Set(parts)])
}

function evidenceFor(state: AgainstPastState, { claims, alpha }: PastClaims): Evidence {
  const [first] = state.claims
  const figures: Record<string, number> = {
    canaryRequests: first?.seen.requests ?? 0,
    canaryEvents: first?.seen.events ?? 0,
    canaryShare: (first?.seen.events ?? 0) / (first?.seen.requests ?? 0),
    limitShare: claims[0]?.limit ?? Number.NaN,
    watchedSeconds: state.watched / 1_000,
    evidenceAbove: capEvidence(logEvidence(state)),
    evidenceNeeded: 1 / alpha,
  }
  return { judge: 'past', figures: finiteFigures(figures) }
}
