import type { Check, PlanConsequence } from '../plan/checks.ts'
import { blindnessOf, failureOf } from '../plan/consequences.ts'
import { formatDuration, type Instant, type Milliseconds } from '../units.ts'
import { type GuardState, tellOf } from './guard.ts'
import type { ReleaseEvent } from './release-events.ts'

/** One time in which a check that holds or warns has failed. Plain JSON. */
export interface LedgerEntry {
  readonly check: string
  readonly only: 'hold' | 'warn'
  readonly since: Instant
  /** Null as long as it lasts. */
  readonly until: Instant | null
  /** What the check said, with its name. */
  readonly reason: string
  /** What the plan does with checks that have no consequence of their own. */
  readonly would: PlanConsequence
  /** The plan's step that ran. */
  readonly step: number
  /** True when it had no data for so long that another check would have acted; absent: it has failed. */
  readonly isBlind?: true
}

/** Entries that are kept; the oldest go first. */
const MOST_ENTRIES = 50

/** The ledger with one more entry. */
export function withEntry(ledger: readonly LedgerEntry[], entry: LedgerEntry): readonly LedgerEntry[] {
  return [...ledger, entry].slice(-MOST_ENTRIES)
}

/** The ledger with the open entry of this check closed. */
export function withoutOpen(
  ledger: readonly LedgerEntry[],
  check: string,
  at: Instant,
  isBlind?: true,
): readonly LedgerEntry[] {
  const isMeant = (entry: LedgerEntry) => isOpenOf(entry, check) && entry.isBlind === isBlind
  return ledger.map((entry) => (isMeant(entry) ? { ...entry, until: at } : entry))
}

function isOpenOf({ check, until }: LedgerEntry, name: string): boolean {
  return check === name && until === null
}

/** What the ledger is told, before it has its time. */
export type LedgerEvent = LedgerEventOf<'check-troubled'> | LedgerEventOf<'check-recovered'>
type LedgerEventOf<Type extends ReleaseEvent['type']> = Omit<Extract<ReleaseEvent, { type: Type }>, 'at'>

/** What the guard's state says that the ledger does not say yet. */
export function ledgerEvents(
  ledger: readonly LedgerEntry[],
  checks: readonly Check[],
  state: GuardState,
  usual: PlanConsequence,
  missing: Missing | null = null,
): readonly LedgerEvent[] {
  return checks.flatMap((check) => [
    ...troubleEvents(ledger, check, state, usual),
    ...(missing === null ? [] : blindEvents(ledger, check, state, missing)),
  ])
}

/** What the plan does with missing data: after how long, and what then. */
interface Missing {
  readonly holdFor: Milliseconds
  readonly then: PlanConsequence
}

function troubleEvents(
  ledger: readonly LedgerEntry[],
  check: Check,
  state: GuardState,
  usual: PlanConsequence,
): readonly LedgerEvent[] {
  const { name } = check
  const only = failureOf(check, usual)
  if (only !== 'hold' && only !== 'warn') return []
  const trouble = state.checks[name]?.trouble
  const open = ledger.find((entry) => isOpenOf(entry, name) && entry.isBlind === undefined)
  if (open?.since === trouble?.since) return []
  const ended: LedgerEvent[] = open === undefined ? [] : [{ type: 'check-recovered', check: name, only }]
  if (trouble === undefined) return ended
  const { since, reason } = trouble
  const told = { check: name, only, since, reason: tellOf(name, { reason }), would: usual }
  return [...ended, { type: 'check-troubled', ...told }]
}

/** A check whose missing data only warns is kept once it has been missing for as long as others may lack theirs. */
function blindEvents(
  ledger: readonly LedgerEntry[],
  check: Check,
  { checks, lookedAt }: GuardState,
  { holdFor, then }: Missing,
): readonly LedgerEvent[] {
  if (blindnessOf(check) !== 'warn') return []
  const { name } = check
  const { blindSince, verdict } = checks[name] ?? {}
  const since = blindSince !== undefined && lookedAt - blindSince >= holdFor ? blindSince : undefined
  const open = ledger.find((entry) => isOpenOf(entry, name) && entry.isBlind === true)
  if (open?.since === since) return []
  const told = { check: name, only: 'warn', isBlind: true } as const
  const ended: LedgerEvent[] = open === undefined ? [] : [{ type: 'check-recovered', ...told }]
  if (since === undefined || verdict === undefined) return ended
  const reason = `no usable data for ${formatDuration(holdFor)}; ${tellOf(name, verdict)}`
  return [...ended, { type: 'check-troubled', ...told, since, reason, would: then }]
}

/** `would have rolled back`, `would have paused`. */
export function wouldWords(would: PlanConsequence): string {
  return would === 'rollback' ? 'would have rolled back' : 'would have paused'
}

/** What of a release's state says whether checks hold it. */
interface Ledgered {
  readonly ledger?: readonly LedgerEntry[]
  readonly endedAt: Instant | null
}

/** Why checks hold a release that has not ended, or null when none does. */
export function heldWords({ ledger = [], endedAt }: Ledgered): string | null {
  const open = endedAt === null ? ledger.filter(({ only, until }) => only === 'hold' && until === null) : []
  return open.length === 0 ? null : `held: ${open.map(({ reason }) => reason).join('; ')}`
}

/** One entry in one line. */
export function entryText({ only, until, reason, would, step, isBlind }: LedgerEntry): string {
  const again = isBlind === true ? ', has data again' : ', passes again'
  const over = until === null ? '' : only === 'hold' ? ' until it passed again' : again
  return `${only === 'hold' ? 'held' : wouldWords(would)} at step ${step}${over}: ${reason}`
}
