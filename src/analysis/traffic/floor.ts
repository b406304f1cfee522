import type { ArmNames } from '../../domain/arm-names.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import { asSentence, formatCount, formatFraction, formatShare } from '../explain.ts'

/** Below it no release goes on: so large a share of failed requests, of so many at least. */
interface FloorRule {
  readonly errors: number
  readonly requests: number
}

/** What one look shows. An arm that nobody can see has no requests. */
interface FloorLook {
  readonly end: Instant
  readonly canary: FloorCounts & {
    /** Those of the errors that are requests without an answer. */
    readonly unanswered: number
  }
  readonly stable: FloorCounts
  /** What stable has shown earlier in this release, or null when it is not known. */
  readonly past: FloorCounts | null
  readonly names: ArmNames
}

interface FloorCounts {
  readonly requests: number
  readonly errors: number
}

/** Looks added up until the canary has half of the requests that the floor asks for. Plain JSON. */
interface Portion {
  readonly end: Instant
  readonly canaryRequests: number
  readonly canaryErrors: number
  readonly unanswered: number
  readonly stableRequests: number
  readonly stableErrors: number
}

/** The newest portions that are complete, newest last, and the one that is being filled. Plain JSON. */
export interface FloorState {
  readonly portions: readonly Portion[]
  readonly filling: Portion | null
}

/**
 * - `above`: nothing is wrong, or not enough is known.
 * - `suspected`: the newest requests are below the floor; whether that lasts the next ones say, and nothing is to end before.
 * - `canary`: the canary is below the floor, and it is the canary's fault.
 * - `unclear`: the canary is below the floor, and stable fares no better, or too few of its requests are known.
 */
export type FloorStanding =
  | { readonly kind: 'above' }
  | { readonly kind: 'suspected' | 'canary' | 'unclear'; readonly reason: string }

const MOST_PORTIONS = 8
/** Portions that are older are of another time. */
const LONGEST: Milliseconds = 600_000
/** So many portions in a row must be below the floor: one alone may be a hiccup. */
const IN_A_ROW = 2
/** The same where nothing is known of stable. */
const IN_A_ROW_ALONE = 4
/** Stable is clearly better with at most this share of the canary's errors … */
const CLEARLY_BETTER = 0.5
/** … and when the evidence, ln of a likelihood ratio, is at least this. */
const ENOUGH_EVIDENCE = 10
/** So few requests of the canary are enough to wait for more of them before anything ends. */
const FEW_OF_CANARY = 5
/** With fewer requests of stable at the same time its past is asked. */
const FEW_OF_STABLE = 10
const ENOUGH_PAST = 100

/** The state before the first look of an exposure. */
export function startFloor(): FloorState {
  return { portions: [], filling: null }
}

/** One look. Looks with few requests are added up; every look that is not one of those can say that the floor is broken. */
export function judgeFloor(
  rule: FloorRule,
  state: FloorState,
  look: FloorLook,
): { readonly state: FloorState; readonly standing: FloorStanding } {
  const filling = fill(state.filling, look)
  const isFull = filling.canaryRequests >= Math.max(1, rule.requests / IN_A_ROW)
  const kept = state.portions.filter(({ end }) => end > look.end - LONGEST)
  const portions = isFull ? [...kept, filling].slice(-MOST_PORTIONS) : kept
  const next = { portions, filling: isFull ? null : filling }
  return { state: next, standing: standingOf(rule, next, look) }
}

function fill(filling: Portion | null, { end, canary, stable }: FloorLook): Portion {
  const look = {
    ...{ end, canaryRequests: canary.requests, canaryErrors: canary.errors, unanswered: canary.unanswered },
    ...{ stableRequests: stable.requests, stableErrors: stable.errors },
  }
  return filling !== null && filling.end > end - LONGEST ? together([filling, look]) : look
}

const ABOVE: FloorStanding = { kind: 'above' }

function standingOf(rule: FloorRule, { portions, filling }: FloorState, look: FloorLook): FloorStanding {
  const isBelow = (portion: Portion) => portion.canaryErrors >= lowestOf(rule, portion)
  const below = portions.length - 1 - portions.findLastIndex((portion) => !isBelow(portion))
  const last = portions.at(-1)
  const limit = `the floor allows less than ${formatShare(rule.errors)}`
  if (last === undefined || below === 0) {
    const isSuspected = filling !== null && filling.canaryRequests >= FEW_OF_CANARY && isBelow(filling)
    return isSuspected ? { kind: 'suspected', reason: asSentence(`${tell(filling, look)} so far: ${limit}`) } : ABOVE
  }
  if (below < IN_A_ROW) return { kind: 'suspected', reason: asSentence(`${tell(last, look)} so far: ${limit}`) }
  // A longer row says more where requests are few, a shorter one is about now.
  const rows = Array.from({ length: below - IN_A_ROW + 1 }, (_, more) => together(portions.slice(-IN_A_ROW - more)))
  const counted = rows.filter(
    ({ canaryRequests, canaryErrors }) =>
      canaryRequests >= rule.requests && canaryErrors >= rule.errors * canaryRequests,
  )
  const [newest] = counted
  if (newest === undefined) return ABOVE
  for (const row of counted) {
    const contrast = contrastOf(row, look)
    if (contrast !== null && isClearlyBetter(row, contrast))
      return { kind: 'canary', reason: asSentence(`${tell(row, look)} against ${contrast.said}: ${limit}`) }
  }
  const contrast = contrastOf(newest, look)
  if (contrast !== null)
    return { kind: 'unclear', reason: asSentence(`${tell(newest, look)}, but also ${contrast.said}: ${limit}`) }
  const alone = `${tell(newest, look)}, and nothing is known of ${look.names.stable}: ${limit}`
  return { kind: below >= IN_A_ROW_ALONE ? 'canary' : 'unclear', reason: asSentence(alone) }
}

/** The fewest errors of a portion that may be below the floor: chance may make it one standard deviation better. */
function lowestOf({ errors }: FloorRule, { canaryRequests }: Portion): number {
  return errors * canaryRequests - Math.sqrt(canaryRequests * errors * (1 - errors))
}

function together(portions: readonly Portion[]): Portion {
  return portions.reduce((sum, portion) => ({
    end: portion.end,
    canaryRequests: sum.canaryRequests + portion.canaryRequests,
    canaryErrors: sum.canaryErrors + portion.canaryErrors,
    unanswered: sum.unanswered + portion.unanswered,
    stableRequests: sum.stableRequests + portion.stableRequests,
    stableErrors: sum.stableErrors + portion.stableErrors,
  }))
}

/** What stable did at the same time, or earlier when hardly anybody was on it; null when neither is known. */
function contrastOf(row: Portion, { past, names }: FloorLook): (FloorCounts & { readonly said: string }) | null {
  const now = { requests: row.stableRequests, errors: row.stableErrors }
  if (now.requests >= FEW_OF_STABLE) return { ...now, said: `${shareText(now)} on ${names.stable}` }
  if (past === null || past.requests < ENOUGH_PAST) return null
  return { ...past, said: `${shareText(past)} on ${names.stable} before` }
}

function isClearlyBetter({ canaryErrors, canaryRequests }: Portion, stable: FloorCounts): boolean {
  const share = canaryErrors / canaryRequests
  if (stable.errors / stable.requests > CLEARLY_BETTER * share) return false
  const pooled = (canaryErrors + stable.errors) / (canaryRequests + stable.requests)
  const evidence =
    logLikelihood(canaryErrors, canaryRequests, share) +
    logLikelihood(stable.errors, stable.requests, stable.errors / stable.requests) -
    logLikelihood(canaryErrors, canaryRequests, pooled) -
    logLikelihood(stable.errors, stable.requests, pooled)
  return evidence >= ENOUGH_EVIDENCE
}

function logLikelihood(events: number, trials: number, share: number): number {
  const others = trials - events
  return (events > 0 ? events * Math.log(share) : 0) + (others > 0 ? others * Math.log1p(-share) : 0)
}

function tell({ canaryErrors, canaryRequests, unanswered }: Portion, { names }: FloorLook): string {
  const silent = Math.round(unanswered)
  const without = silent > 0 ? `, ${formatCount(silent)} without an answer` : ''
  return `errors ${shareText({ errors: canaryErrors, requests: canaryRequests }, without)} on ${names.canary}`
}

function shareText({ errors, requests }: FloorCounts, more = ''): string {
  return `${formatShare(errors / requests)} (${formatFraction(errors, requests)}${more})`
}
