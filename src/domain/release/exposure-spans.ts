import type { Exposure, ExposureSpan } from '../exposure.ts'
import type { Instant } from '../units.ts'
import type { ReleaseState } from './release-state.ts'

/** Oldest spans are dropped beyond this many. */
const MOST_SPANS = 500

/** An exposure counts from when it was read back; reading the same one back again changes nothing. */
export function openSpan(spans: readonly ExposureSpan[], exposure: Exposure, at: Instant): readonly ExposureSpan[] {
  if (spans.at(-1)?.until === null) return spans
  return [...spans, { exposure, from: at, until: null }].slice(-MOST_SPANS)
}

/** What was live before a change that failed counts again from now. */
export function reopenSpan(
  { spans, live, exposedAt }: Pick<ReleaseState, 'spans' | 'live' | 'exposedAt'>,
  at: Instant,
): readonly ExposureSpan[] {
  return exposedAt === null ? spans : openSpan(spans, live, at)
}

/** What was exposed ends. */
export function closeSpan(spans: readonly ExposureSpan[], at: Instant): readonly ExposureSpan[] {
  return spans.map((span) => (span.until === null ? { ...span, until: at } : span))
}
