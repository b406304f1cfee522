import type { ArmNames } from '../arm-names.ts'
import type { Exposure, Fence, PoolRoles } from '../exposure.ts'
import type { BudgetedRaise } from '../plan/actions.ts'
import type { Check, PlanConsequence } from '../plan/checks.ts'
import { blindnessOf, onlyWarns } from '../plan/consequences.ts'
import type { PlanPolicies } from '../plan/plan.ts'
import type { DriftPolicy } from '../plan/plan-policies.ts'
import type { TargetId } from '../target.ts'
import { type BasisPoints, formatDuration, type Instant, type Milliseconds } from '../units.ts'
import type { Verdict } from '../verdict.ts'
import type { Trouble } from './trouble.ts'
import type { LastProof } from './version-proof.ts'

/** What the guard is to watch: one exposure of one release. */
export interface GuardInput {
  readonly target: TargetId
  readonly releaseId: string
  readonly roles: PoolRoles
  readonly exposure: Exposure
  readonly fence: Fence
  /** When the exposure was read back; nothing before counts. */
  readonly exposedAt: Instant
  readonly checks: readonly Check[]
  readonly interval: Milliseconds
  /** How long the guard may be blind before it says so and ends; null: as long as it takes (the plan is paused). */
  readonly blindLimit: PlanPolicies['onInconclusive']['holdFor'] | null
  /** False while the router's state is unknown: then only the checks are watched and nothing is repaired. */
  readonly watchesRouter: boolean
  /**
   * `keep` while the plan is paused for something that a look would only find again: then the router alone is watched and
   * put right. Absent: `judge`, the checks as well.
   */
  readonly mode?: 'judge' | 'keep'
  /** How much drift pauses the release; null while it is paused already. Absent in what an older release asked for. */
  readonly drift?: DriftPolicy | null
  /** True when the guard is to end as soon as every check has shown that the canary is not worse. */
  readonly endsWhenProven: boolean
  /** What the guard knew when it last watched this release. */
  readonly resume: GuardState | null
  /** What sentences call both sides; absent in what an older release asked for: canary and stable. */
  readonly names?: ArmNames
  /** Below it the canary is not fit for anybody, whatever the checks say; absent: nobody asks for a floor. */
  readonly floor?: GuardFloor
  /** No window of a look reaches back over this time: a person's last word. Absent: {@link exposedAt} alone counts. */
  readonly evidenceFrom?: Instant
  /** The exposure's warm-up: no check counts before it is over, unless it has one of its own. Absent: none. */
  readonly warmsUpFor?: Milliseconds
  /** True when a person has accepted how this exposure is split: it ends no watch any more. */
  readonly splitSettled?: boolean
  /** What every instance of the canary pool must go on saying that it runs; absent: nobody asks them. */
  readonly version?: string
  /** The raise of a ramp that is to be weighed at each look; absent: none. */
  readonly raise?: BudgetedRaise
  /** What may still end the watch by failing, by name, where a person decides on another failure. Absent: everything. */
  readonly acting?: readonly string[]
}

/** The share of failed requests (0 to 1) at which a canary is not fit for anybody, of so many requests at least. */
interface GuardFloor {
  readonly errors: number
  readonly requests: number
}

/** A check's judge state and latest verdict. The state is the judge's own plain JSON. */
export interface WatchedCheck {
  readonly state: unknown
  readonly verdict: Verdict
  /** While a bake may end early: the mirror judge's own plain JSON, whether it has shown what is to be shown, and how. */
  readonly proof?: { readonly state: unknown; readonly isProven: boolean; readonly reason?: string }
  /** While everybody is on the canary: the own plain JSON of the comparison with what stable has shown before. */
  readonly full?: unknown
  /** While the canary warms up: what the check would make of it, own plain JSON, which counts for nothing. */
  readonly warmUp?: { readonly state: unknown; readonly full?: unknown }
  /** For a check that holds or warns: that it has failed and not passed for long enough since. Absent: it has not. */
  readonly trouble?: Trouble
  /** When its judge had begun anew after the latest failure. Absent: it has not since the exposure. */
  readonly freshFrom?: Instant
  /** For a check that says itself what missing data does: since when it has been blind. Absent while it is not. */
  readonly blindSince?: Instant
}

/** What processes that restart again and again are called where checks are named. */
export const RESTARTS = 'restarts'

/** A source that is further behind is away; that is for the checks to say that need it. */
const LONGEST_LAG: Milliseconds = 60_000

/** How far the metric sources lag behind the guard's looks, as long as they answer. */
export function lagOf({ lookedAt, seenUntil = lookedAt }: Pick<GuardState, 'lookedAt' | 'seenUntil'>): Milliseconds {
  const lag = Math.max(0, lookedAt - seenUntil)
  return lag > LONGEST_LAG ? 0 : lag
}

/** A stretch of time that does not count as watched. */
export interface BlindSpan {
  readonly from: Instant
  readonly to: Instant
}

/** One point of the bounded series that pages and terminals draw. Counts of one look. */
export interface SeriesPoint {
  readonly at: Instant
  readonly canary: ArmPoint | null
  readonly stable: ArmPoint | null
}

export interface ArmPoint {
  readonly requests: number
  /** Null where nobody knows, because no pool has been seen to report errors. */
  readonly errors: number | null
  /** 95th and 99th percentile in seconds, null without a histogram. */
  readonly p95Seconds: number | null
  readonly p99Seconds: number | null
}

/**
 * All the guard knows; plain JSON of bounded size. Lives in the heartbeat of the guard activity, so that any worker goes
 * on where another stopped, and in the workflow's hands between two exposures.
 */
export interface GuardState {
  /** The epoch of the exposure it watched. */
  readonly epoch: number
  readonly checks: Readonly<Record<string, WatchedCheck>>
  /** Where each metric source goes on, by source name. */
  readonly cursors: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>
  /** Time of the last look. */
  readonly lookedAt: Instant
  /** How far the slowest metric source has counted; absent as long as none has, and in what an older version watched. */
  readonly seenUntil?: Instant
  readonly looks: number
  /** Since when some check has been blind, or null. */
  readonly blindSince: Instant | null
  readonly blindSpans: readonly BlindSpan[]
  /** State of the sample-ratio judge, plain JSON. Guards at work have it under this name in their heartbeats. */
  readonly share: unknown
  /** Why the router could not be read at the last look, or null. */
  readonly routerFault: string | null
  /** What was repaired at the router, one sentence each, newest last. */
  readonly repairs: readonly string[]
  readonly repairCount: number
  /** How far the router has been from what was asked for. Absent in what an older guard left behind. */
  readonly drift?: Drift
  /** The fence that was written last, when the router had to be taken over for it. */
  readonly fence?: Fence
  readonly series: readonly SeriesPoint[]
  /** Since when the present evidence has been gathered; absent in the state of an older version, as all below. */
  readonly evidenceFrom?: Instant
  /** Looks since then that have counted something, or that had nothing to count. */
  readonly looksHere?: number
  /** Since when nobody has asked the canary anything, once that is longer than to be expected; else null. */
  readonly silentSince?: Instant | null
  readonly silentSpans?: readonly BlindSpan[]
  /** Stretches in which nobody looked, so that nobody knows what the router did. */
  readonly unwatchedSpans?: readonly BlindSpan[]
  /** What is known of the traffic beside the checks, such as requests without an answer: plain JSON of its judges. */
  readonly traffic?: unknown
  /** What stable has shown so far, by metric source: plain JSON, for when everybody is on the canary. */
  readonly past?: unknown
  /** The rhythm of the target's record, by metric source, once it was read: plain JSON, null where there is none. */
  readonly seasons?: unknown
  /** How unevenly stable behaved on the day before, by metric source, once it was read: plain JSON, null where nobody knows. */
  readonly noises?: unknown
  /** Why the release may not go on although no check says so, as a sentence; null when it may. */
  readonly hold?: string | null
  /** What is worth knowing but no reason to stop, one sentence each. */
  readonly notices?: readonly string[]
  /** When the canary was last asked which version it runs; absent while nobody has. */
  readonly lastProof?: LastProof
  /** What the last look makes of the raise that is planned; absent where none is, and before a look. */
  readonly raise?: RaiseProposal
}

/** The raise of a ramp as the evidence sees it. */
export interface RaiseProposal {
  readonly to: BasisPoints
  readonly isAffordable: boolean
  /** With the numbers: why it may be raised, or what it waits for. */
  readonly reason: string
}

/** The router somewhere else than it should be. */
export interface Drift {
  /** Looks in a row that had to put the router right. */
  readonly streak: number
  /** When the router may have been somewhere else: from the last good look to the repair. Newest last. */
  readonly spans: readonly BlindSpan[]
}

/** Why the guard ended by itself. Everything else goes on until it is cancelled. */
export type GuardOutcome =
  | { readonly kind: 'proven'; readonly reason: string; readonly state: GuardState }
  | { readonly kind: 'failed'; readonly check: string; readonly reason: string; readonly state: GuardState }
  /** The canary is not fit for anybody: back, whatever the plan says of checks that fail. */
  | { readonly kind: 'floor'; readonly reason: string; readonly state: GuardState }
  /** The canary pool runs another version than the release says. */
  | { readonly kind: 'replaced'; readonly reason: string; readonly state: GuardState }
  | {
      readonly kind: 'blind'
      readonly reason: string
      readonly state: GuardState
      /** What the check that is blind asks for. Absent: what the plan says. */
      readonly then?: PlanConsequence
    }
  /** A check that holds or warns has failed, or is fine again, or a raise has become affordable: the state says so. */
  | { readonly kind: 'noted'; readonly reason: string; readonly state: GuardState }
  | { readonly kind: 'foreign'; readonly reason: string; readonly state: GuardState }
  /** A release that this installation does not know has the router. */
  | { readonly kind: 'stranger'; readonly reason: string; readonly state: GuardState }
  | { readonly kind: 'misrouted'; readonly reason: string; readonly state: GuardState }
  | { readonly kind: 'repaired'; readonly reason: string; readonly state: GuardState }
  | { readonly kind: 'drifting'; readonly reason: string; readonly state: GuardState }

/**
 * How much of the time since `since` nobody can answer for, in milliseconds: some check was blind, nobody looked,
 * nobody asked the canary anything, or the router was somewhere else. A moment that was both counts once.
 */
export function blindTime(state: GuardState, since: Instant): Milliseconds {
  return unionTime(Object.values(spansOf(state)).flat(), since)
}

/** Why time since `since` does not count as watched, as a list for a sentence: `27s without requests`; empty when all does. */
export function unwatchedText(state: GuardState, since: Instant): string {
  const { blind, silent, unseen, drifted } = spansOf(state)
  const parts = [
    [blind, 'without usable data'],
    [silent, 'without requests'],
    [unseen, 'without a look'],
    [drifted, 'with the router not as requested'],
  ] as const
  return parts
    .map(([spans, why]) => ({ time: unionTime(spans, since), why }))
    .filter(({ time }) => time > 0)
    .map(({ time, why }) => `${formatDuration(time)} ${why}`)
    .join(', ')
}

function spansOf(state: GuardState) {
  const { blindSpans, silentSpans = [], unwatchedSpans = [], drift, lookedAt } = state
  const open = (from: Instant | null | undefined) => (typeof from === 'number' ? [{ from, to: lookedAt }] : [])
  return {
    blind: [...blindSpans, ...open(state.blindSince)],
    silent: [...silentSpans, ...open(state.silentSince)],
    unseen: unwatchedSpans,
    drifted: drift?.spans ?? [],
  }
}

/** The time that these spans cover together, from `since` on. */
function unionTime(spans: readonly BlindSpan[], since: Instant): Milliseconds {
  let covered = since
  let sum = 0
  for (const { from, to } of spans.toSorted((left, right) => left.from - right.from)) {
    sum += Math.max(0, to - Math.max(from, covered))
    covered = Math.max(covered, to)
  }
  return sum
}

/** The state without the evidence of the named checks: they are judged anew. */
export function withoutEvidence(state: GuardState, isForgotten: (name: string) => boolean): GuardState {
  const kept = Object.entries(state.checks).filter(([name]) => !isForgotten(name))
  return { ...state, checks: Object.fromEntries(kept), share: null }
}

/** The verdicts by check. */
export function verdictsOf(state: GuardState): Readonly<Record<string, Verdict>> {
  return Object.fromEntries(Object.entries(state.checks).map(([name, { verdict }]) => [name, verdict]))
}

/**
 * What the checks say together. `waiting` names the first that does not pass yet, `isHeld` that all of these hold the release
 * for as long as it takes. With `since` only what has been seen since then counts: the exposure, or a person's last word.
 */
export function standingOf(checks: readonly Check[], state: GuardState | null, since: Instant | null = null): Standing {
  if (since !== null && !hasSeen(state, since))
    return { isPassing: false, waiting: 'the guard has not looked at this exposure yet' }
  if (typeof state?.hold === 'string') return { isPassing: false, waiting: state.hold }
  const missing = checks.flatMap((check) => missingOf(check, state?.checks[check.name]) ?? [])
  const [first] = missing
  if (first === undefined) return { isPassing: true }
  const inTime = missing.find(({ isHeld }) => !isHeld)
  return { isPassing: false, waiting: (inTime ?? first).waiting, ...(inTime === undefined && { isHeld: true }) }
}

/** What the checks say together: that all pass, or what is missing. */
type Standing =
  | { readonly isPassing: true }
  | { readonly isPassing: false; readonly waiting: string; readonly isHeld?: true }

/** Why this check does not let the release go on, or null when it does, or has no say. */
function missingOf(
  check: Check,
  watched: WatchedCheck | undefined,
): { readonly waiting: string; readonly isHeld: boolean } | null {
  if (onlyWarns(check)) return null
  const { name } = check
  const { verdict, trouble } = watched ?? {}
  if (verdict === undefined) return { waiting: `${name}: not looked at yet`, isHeld: false }
  if (verdict.outcome === 'pass') return null
  const waiting = tellOf(name, verdict)
  if (verdict.outcome === 'fail' || verdict.cause !== 'blind') return { waiting, isHeld: trouble !== undefined }
  const blindness = blindnessOf(check)
  return blindness === 'warn' && trouble === undefined
    ? null
    : { waiting, isHeld: trouble !== undefined || blindness === 'hold' }
}

/** Why a check holds the release where it is, whatever the plan would do next; null when none does. */
export function heldBy(checks: readonly Check[], state: GuardState | null): string | null {
  const held = checks.find(({ name, onFail }) => onFail === 'hold' && state?.checks[name]?.trouble !== undefined)
  const verdict = held === undefined ? undefined : state?.checks[held.name]?.verdict
  return held === undefined || verdict === undefined ? null : tellOf(held.name, verdict)
}

/** False while the guard has shown nothing of the time since then; the state of an older version does not say. */
function hasSeen(state: GuardState | null, since: Instant): boolean {
  if (state === null) return false
  return (state.evidenceFrom ?? since) >= since && state.looksHere !== 0
}

/** The sentence of a verdict with its check's name, which is left out where the sentence begins with it anyway. */
export function tellOf(check: string, { reason }: Pick<Verdict, 'reason'>): string {
  return reason.startsWith(`${check} `) ? reason : `${check}: ${reason}`
}
