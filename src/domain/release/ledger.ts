import type { Check, PlanConsequence } from '../plan/checks.ts'
import { failureOf } from '../plan/consequences.ts'
import type { Instant } from '../units.ts'
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
}

/** Entries that are kept; the oldest go first. */
const MOST_ENTRIES = 50

/** The ledger with one more entry. */
export function withEntry(ledger: readonly LedgerEntry[], entry: LedgerEntry): readonly LedgerEntry[] {
  return [...ledger, entry].slice(-MOST_ENTRIES)
}

/** The ledger with the open entry of this check closed. */
export function withoutOpen(ledger: readonly LedgerEntry[], check: string, at: Instant): readonly LedgerEntry[] {
  return ledger.map((entry) => (entry.check === check && entry.until === null ? { ...entry, until: at } : entry))
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
): readonly LedgerEvent[] {
  return checks.flatMap((check): LedgerEvent[] => {
    const { name } = check
    const only = failureOf(check, usual)
    if (only !== 'hold' && only !== 'warn') return []
    const trouble = state.checks[name]?.trouble
    const open = ledger.find((entry) => entry.check === name && entry.until === null)
    if (open?.since === trouble?.since) return []
    const ended: LedgerEvent[] = open === undefined ? [] : [{ type: 'check-recovered', check: name, only }]
    if (trouble === undefined) return ended
    const { since, reason } = trouble
    const told = { check: name, only, since, reason: tellOf(name, { reason }), would: usual }
    return [...ended, { type: 'check-troubled', ...told }]
  })
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
export function entryText({ only, until, reason, would, step }: LedgerEntry): string {
  const over = until === null ? '' : only === 'hold' ? ' until it passed again' : ', passes again'
  return `${only === 'hold' ? 'held' : wouldWords(would)} at step ${step}${over}: ${reason}`
}
