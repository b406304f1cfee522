import type { Instant } from '../units.ts'
import { common, merged, rest, type Span, spanAfter, spanAt } from './spans.ts'

/** When an exposure may be raised: in any of `only` (always, when there is none), and in no freeze. Names of `sluice.yaml`. */
export interface WindowRule {
  /** Names of windows, or weekly texts. */
  readonly only: readonly string[]
  readonly freeze: readonly string[]
}

/** Why no release can wait for a rule, in words. */
export interface WindowProblem {
  readonly message: string
  readonly received: string
  readonly expected: string
  readonly fix: string
}

/** What a calendar says of a stretch of time: plain JSON, because the zones and rules behind it are read elsewhere. */
export interface CalendarPage {
  readonly name: string
  /** In order, none touching the next. */
  readonly spans: readonly Span[]
}

/** The pages of a rule, all of the same stretch. */
export interface RulePages {
  /** The stretch that was read. */
  readonly whole: Span
  readonly only: readonly CalendarPage[]
  readonly freeze: readonly CalendarPage[]
}

/** What a rule says of one moment. */
export interface WindowState {
  readonly isOpen: boolean
  /** Freezes that hold this moment. */
  readonly frozenBy: readonly string[]
  /** When it opens next, after it has closed when it is open; null when it does not in the stretch that was read. */
  readonly opensAt: Instant | null
  /** When it closes next, after it has opened when it is closed; null when it does not. */
  readonly closesAt: Instant | null
}

/** When a rule lets an exposure be raised, in order. */
export function openSpans({ whole, only, freeze }: RulePages): readonly Span[] {
  const allowed = only.length === 0 ? [whole] : common([whole], merged(only.flatMap(({ spans }) => spans)))
  return common(allowed, rest(whole, merged(freeze.flatMap(({ spans }) => spans))))
}

/** Whether a rule is open, and when that changes. What ends with the stretch that was read has no end that is known. */
export function windowState(pages: RulePages, at: Instant): WindowState {
  const spans = openSpans(pages)
  const now = spanAt(spans, at)
  const next = now ?? spanAfter(spans, at)
  const closesAt = next === null || next.until >= pages.whole.until ? null : next.until
  const frozenBy = pages.freeze.flatMap(({ name, spans: frozen }) => (spanAt(frozen, at) === null ? [] : [name]))
  const opening = now === null ? next : spanAfter(spans, now.from)
  return { isOpen: now !== null, frozenBy, opensAt: opening?.from ?? null, closesAt }
}

/** Why a rule is closed, as one clause: `the window office-hours is closed until 2026-11-30 08:00 UTC`. */
export function closedText({ only }: WindowRule, { frozenBy, opensAt }: WindowState): string {
  const until = opensAt === null ? 'and no end of it is known' : `until ${utcText(opensAt)}`
  if (frozenBy.length > 0) return `${theFreezes(frozenBy)} ${frozenBy.length === 1 ? 'lasts' : 'last'} ${until}`
  return only.length === 1
    ? `the window ${only.join()} is closed ${until}`
    : `the windows ${only.join(', ')} are closed ${until}`
}

/** `the freeze company`, `the freezes company, night`. */
export function theFreezes(names: readonly string[]): string {
  return `the freeze${names.length === 1 ? '' : 's'} ${names.join(', ')}`
}

/** A moment to the minute, in the zone that everybody shares: `2026-11-30 08:00 UTC`. */
export function utcText(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** The freezes that hold or begin between two moments, with what of them lies there; for what is to end by then. */
export function freezesBetween(pages: readonly CalendarPage[], from: Instant, until: Instant) {
  return pages.flatMap(({ name, spans }) => {
    const [first] = common([{ from, until }], spans)
    return first === undefined ? [] : [{ name, ...first }]
  })
}
