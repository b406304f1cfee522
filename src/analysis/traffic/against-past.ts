import type { ArmNames } from '../../domain/arm-names.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import { formatDuration, type Instant, type Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import type { CheckState } from '../checks/check-kind.ts'
import { kindOf } from '../checks/index.ts'
import { knownTo } from '../checks/needs.ts'
import {
  asClause,
  asSentence,
  capEvidence,
  finiteFigures,
  formatFraction,
  formatList,
  formatOdds,
  formatShare,
  formatSign,
  formatStanding,
  formatWatched,
} from '../explain.ts'
import { isDoubt } from '../judges/sequential/wealth.ts'
import type { WeighedStep } from '../judges/weighed-step.ts'
import { armFault, isTime, namesOf, windowFault } from '../read-look.ts'
import { tooFewOn } from '../tally.ts'
import { inconclusive, unshown } from '../verdicts.ts'
import { areBetsOn, type ClaimBets, growBets, type Leader, standingOfBets, startBets } from './alone-bets.ts'
import type { PastClaim, PastClaims } from './past-claims.ts'
import { SCALES } from './spread.ts'
import type { KnownOfStable } from './usual.ts'

/** What is remembered while everybody is on the canary. Plain JSON. */
export interface AgainstPastState {
  readonly lastEnd: Instant | null
  readonly watched: Milliseconds
  /** Time since the canary's last request. */
  readonly silent: Milliseconds
  /** What the canary has shown, and how sure it is that this is too much, by claim. */
  readonly claims: readonly ClaimBets[]
  /** ln of the evidence with which the comparison with stable has ended: it goes on from there. */
  readonly carried: number
  readonly failure: Verdict | null
}

const LONGEST_SILENCE: Milliseconds = 60_000

/**
 * What is asked of the canary while nobody is on stable, or null when the check is none that compares counts, or too
 * little is known of stable.
 */
export function claimsOf(check: Check, known: KnownOfStable): PastClaims | null {
  const kind = kindOf(check)
  if (!kind.needsCounts || !kind.comparesWithStable(check)) return null
  const claims = kind.pastClaims(check, known)
  return claims === null || claims.claims.length === 0 ? null : claims
}

/** One look of a release at a canary that everybody is on: see {@link judgeAlone}. */
export function judgeAgainstPast(
  check: Check,
  checkState: CheckState,
  before: AgainstPastState | null,
  known: KnownOfStable,
  shown: CheckInput,
): { readonly state: AgainstPastState; readonly verdict: Verdict } | null {
  const weighed = judgeAlone(check, before, known, shown, kindOf(check).evidence(checkState).now)
  return weighed === null ? null : { state: weighed.state, verdict: weighed.tell() }
}

/**
 * One look at a version that everybody is on, against what stable has shown before; null when the check compares no counts,
 * or too little is known of stable. Pure, and never throws; for a release at 100% and for a watch that comes after it, which
 * has no stable of its own release (`known.past` is null) and goes by the record alone.
 *
 * It fails once the odds against "the share is within the limit" (`past-claims.ts`) reach 1 : 1/alpha, by the mean of bets at
 * several scales of time (`alone-bets.ts`). `carried` is ln of the evidence that a comparison with stable has left: both
 * together keep the check's part of the error budget.
 */
export function judgeAlone(
  check: Check,
  before: AgainstPastState | null,
  known: KnownOfStable,
  shown: CheckInput,
  carried: number,
): WeighedStep<AgainstPastState> | null {
  const input = knownTo(check, shown)
  const claims = claimsOf(check, known)
  if (claims === null) return null
  const isGoingOn = before !== null && areBetsOn(before.claims, claims.claims)
  const state = isGoingOn ? before : startAlone(before?.carried ?? carried, claims)
  const { failure } = state
  if (failure !== null) return { state, outcome: 'fail', tell: () => failure }
  const hold = (
    held: AgainstPastState,
    cause: 'blind' | 'undecided',
    reason: string,
  ): WeighedStep<AgainstPastState> => ({
    ...{ state: held, outcome: 'inconclusive' },
    tell: () => inconclusive(cause, reason, evidenceFor(held, claims)),
  })
  const names = namesOf(input)
  const fault = inputFault(input, state)
  if (fault !== null) {
    const seen = input.canary.kind === 'value' && isTime(input.window.end)
    return hold(seen ? { ...state, lastEnd: input.window.end } : state, 'blind', asSentence(fault))
  }
  if (input.canary.kind !== 'value' || input.window.end === input.window.start) {
    return hold(state, 'undecided', 'measuring has only just begun: the first window is still empty')
  }
  const { start, end } = input.window
  const duration = end - start
  const canary = input.canary.value
  const needed = Math.log(1 / claims.alpha) - Math.min(0, state.carried)
  const look = { canary, at: start, duration, age: ageOf(state, claims), needed }
  const next = {
    ...state,
    lastEnd: end,
    watched: state.watched + duration,
    silent: canary.requests > 0 ? 0 : state.silent + duration,
    claims: growBets(state.claims, claims.claims, look),
  }
  return conclude(next, claims, names)
}

/** What a check has to go on with when everybody is on the canary, before the first look. */
function startAlone(carried: number, { claims }: PastClaims): AgainstPastState {
  return { ...{ lastEnd: null, watched: 0, silent: 0, failure: null, carried }, claims: startBets(claims) }
}

/** Time since stable was seen. */
function ageOf({ watched }: AgainstPastState, { said }: PastClaims): Milliseconds {
  return said === null ? Number.POSITIVE_INFINITY : watched
}

/** Only the canary is read: nobody is on stable. */
function inputFault(input: CheckInput, state: AgainstPastState): string | null {
  const name = namesOf(input).canary
  if (input.canary.kind !== 'value') return `${name} cannot be seen: ${asClause(input.canary.reason)}`
  const fault = armFault(name, input.canary)
  if (fault !== null) return fault
  return windowFault(input.window, state.lastEnd)
}

function conclude(state: AgainstPastState, claims: PastClaims, names: ArmNames): WeighedStep<AgainstPastState> {
  const needed = Math.log(1 / claims.alpha)
  const { log, leader } = standingOf(state)
  if (log >= needed) {
    const told = tellLeader(leader, claims)
    const breach = breachOf(state, claims, leader.scale)
    const reason = `everybody is on ${names.canary}: ${told} against ${contrastOf(state, claims, names)}: ${breach}, odds of a false alarm ${formatOdds(log)}, ${formatWatched(state.watched)}`
    const failure: Verdict = { outcome: 'fail', reason: asSentence(reason), evidence: evidenceFor(state, claims) }
    return { state: { ...state, failure }, outcome: 'fail', tell: () => failure }
  }
  const lack = lackOf(state, claims.minRequests, names)
  const isInDoubt = lack === null && isDoubt(log)
  return {
    ...{ state, outcome: lack === null && !isInDoubt ? 'pass' : 'inconclusive' },
    tell() {
      const evidence = evidenceFor(state, claims)
      if (lack !== null) return inconclusive(lack.cause, lack.reason, evidence)
      const standing = formatStanding(Math.max(0, log), needed, 'fails')
      const breach = breachOf(state, claims, strictestOf(state, claims))
      const reason = `everybody is on ${names.canary}: ${tellCounts(state, claims)} against ${contrastOf(state, claims, names)}: ${formatSign(isInDoubt)} being ${breach} ${standing}, ${formatWatched(state.watched)}`
      return unshown(isInDoubt, asSentence(reason), evidence)
    },
  }
}

function standingOf({ claims, carried }: AgainstPastState): ReturnType<typeof standingOfBets> {
  const { log, leader } = standingOfBets(claims)
  return { log: carried + log, leader }
}

/** The scale with the narrowest limits, of those that the watch is old enough for. */
function strictestOf(state: AgainstPastState, claims: PastClaims): number {
  const [first] = claims.claims
  if (first === undefined) return 0
  const widthOf = (scale: number) => (first.side === 'above' ? 1 : -1) * limitNow(state, claims, first, scale)
  return SCALES.reduce(
    (best, lasting, scale) => (state.watched >= lasting && widthOf(scale) < widthOf(best) * (1 - 1e-9) ? scale : best),
    0,
  )
}

function limitNow(state: AgainstPastState, claims: PastClaims, claim: PastClaim, scale: number | null): number {
  const at = state.lastEnd ?? 0
  return scale === null ? (claim.deadAt?.(at) ?? Number.NaN) : claim.limitAt(scale, at, ageOf(state, claims))
}

/** What is accepted, as in sentences: `above 3%`, `above 1.2% over 1h`. */
function breachOf(state: AgainstPastState, claims: PastClaims, scale: number | null): string {
  const sides = (['above', 'below'] as const).flatMap((side) => {
    const own = claims.claims.filter((claim) => claim.side === side)
    const limits = own.map((claim) => formatShare(limitNow(state, claims, claim, scale)))
    return limits.length === 0 ? [] : [`${side} ${formatList([...new Set(limits)])}`]
  })
  const over =
    scale === null ? ' at two looks in a row' : scale === 0 ? '' : ` over ${formatDuration(SCALES[scale] ?? 0)}`
  return `${sides.join(' or ')}${over}`
}

/** `0.5% (50 of 10,000) on 2.3.9 before, 0.7% usual at this hour`. */
function contrastOf({ lastEnd }: AgainstPastState, { claims, said }: PastClaims, { stable }: ArmNames): string {
  const usual = claims[0]?.usualAt?.(lastEnd ?? 0)
  const hourly = usual === undefined ? [] : [`${formatShare(usual)} usual at this hour`]
  const before = said === null ? [] : [`${said} on ${stable} before`]
  const parts = [...before, ...hourly]
  return parts.length === 0 ? `what is usual for ${stable}` : parts.join(', ')
}

function lackOf(
  { claims, silent }: AgainstPastState,
  minRequests: number,
  { canary }: ArmNames,
): { readonly cause: 'blind' | 'undecided'; readonly reason: string } | null {
  if (silent > LONGEST_SILENCE) return { cause: 'blind', reason: `${canary} has served no requests lately` }
  const requests = Math.min(...claims.map(({ seen }) => seen.requests))
  const few = tooFewOn(canary, requests, minRequests)
  return few === null ? null : { cause: 'undecided', reason: `everybody is on ${canary}, and ${few}` }
}

/** `errors 5% (50 of 1,000)`, `12% slower than 420 ms (120 of 1,000) and 3% slower than 900 ms (30 of 1,000)`. */
function tellCounts({ claims: seen }: AgainstPastState, { claims }: PastClaims): string {
  const parts = claims.map(({ noun }, index) => tellCount(noun, seen[index]?.seen ?? { events: 0, requests: 0 }))
  return formatList([...new Set(parts)])
}

/** What made it fail: `errors 5% (50 of 1,000) in 10m`. */
function tellLeader({ claim, seen }: Leader, { claims }: PastClaims): string {
  const lately = seen.time === null ? 'in these looks' : `in ${formatDuration(seen.time)}`
  return `${tellCount(claims[claim]?.noun ?? '', seen)} ${lately}`
}

function tellCount(noun: string, { events, requests }: { readonly events: number; readonly requests: number }): string {
  const share = requests > 0 ? formatShare(events / requests) : 'nothing'
  const counts = `(${formatFraction(events, requests)})`
  return noun.startsWith('slower') ? `${share} ${noun} ${counts}` : `${noun} ${share} ${counts}`
}

function evidenceFor(state: AgainstPastState, claims: PastClaims): Evidence {
  const [first] = state.claims
  const [claim] = claims.claims
  const figures: Record<string, number> = {
    canaryRequests: first?.seen.requests ?? 0,
    canaryEvents: first?.seen.events ?? 0,
    canaryShare: (first?.seen.events ?? 0) / (first?.seen.requests ?? 0),
    limitShare: claim === undefined ? Number.NaN : limitNow(state, claims, claim, strictestOf(state, claims)),
    watchedSeconds: state.watched / 1_000,
    evidenceAbove: capEvidence(standingOf(state).log),
    evidenceNeeded: 1 / claims.alpha,
  }
  return { judge: 'past', figures: finiteFigures(figures) }
}
