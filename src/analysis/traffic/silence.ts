import type { Instant, Milliseconds } from '../../domain/units.ts'

/** How the canary's requests have come so far. Plain JSON. */
export interface SilenceState {
  /** Mean time between two requests, lately; null before the first. */
  readonly gap: Milliseconds | null
  /** End of the last window with a request, or when the watch began. */
  readonly heardAt: Instant
  /** Since when nobody has asked anything, once that is longer than to be expected; else null. */
  readonly silentSince: Instant | null
}

/** Shorter silences are not told apart from none. */
const SHORTEST: Milliseconds = 5_000
/** Silence is so many times the usual gap: of Poisson requests fewer than one gap in 2,900 is as long. */
const GAPS = 8
/** How much the newest gap counts. */
const NEWEST = 0.25

/** The state when an exposure begins; `known` is what an earlier one has shown. */
export function startSilence(at: Instant, known: SilenceState | null): SilenceState {
  return { gap: known?.gap ?? null, heardAt: at, silentSince: null }
}

/**
 * One window. `ended` is a silence that is over: nobody was there to notice a fault in it. A service that is asked once in
 * a while sets its own measure: after one long silence the next of that length is no news.
 */
export function judgeSilence(
  state: SilenceState,
  { start, end, requests }: { readonly start: Instant; readonly end: Instant; readonly requests: number },
): { readonly state: SilenceState; readonly ended: { readonly from: Instant; readonly to: Instant } | null } {
  const { gap, heardAt, silentSince } = state
  if (!(requests > 0)) {
    const isSilent = end - heardAt > Math.max(SHORTEST, GAPS * (gap ?? 0))
    return { state: { ...state, silentSince: isSilent ? (silentSince ?? heardAt) : silentSince }, ended: null }
  }
  const wasQuiet = start > heardAt
  const seen = wasQuiet ? end - heardAt : (end - start) / requests
  const next = { gap: gap === null ? seen : gap + NEWEST * (seen - gap), heardAt: end, silentSince: null }
  return { state: next, ended: silentSince === null ? null : { from: silentSince, to: start } }
}
