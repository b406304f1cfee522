import type { Instant, Milliseconds } from '../../domain/units.ts'

/** How many requests a router had sent to each role's pool at one time, since its start. */
export interface SentSample {
  readonly at: Instant
  readonly canary: number
  readonly stable: number
}

/** Older samples are of no use: no source lags further behind. */
const LONGEST: Milliseconds = 600_000
const MOST_SAMPLES = 60

/**
 * The samples with one more, without those that are not needed for windows from `needed` on. A count that fell is that of
 * another life of the router: what was known before is forgotten.
 */
export function rememberSent(
  samples: readonly SentSample[],
  sample: SentSample,
  needed: Milliseconds,
): readonly SentSample[] {
  const last = samples.at(-1)
  if (last === undefined || sample.canary < last.canary || sample.stable < last.stable) return [sample]
  if (sample.at <= last.at) return samples
  const from = Math.max(needed, sample.at - LONGEST)
  const first = samples.findLastIndex(({ at }) => at <= from)
  return [...samples.slice(Math.max(0, first)), sample].slice(-MOST_SAMPLES)
}

/** What was sent in a window, by interpolation between the samples; null when they do not reach over all of it. */
export function sentWithin(
  samples: readonly SentSample[],
  { start, end }: { readonly start: Instant; readonly end: Instant },
): { readonly canary: number; readonly stable: number } | null {
  const [from, to] = [sentAt(samples, start), sentAt(samples, end)]
  return from === null || to === null ? null : { canary: to.canary - from.canary, stable: to.stable - from.stable }
}

function sentAt(samples: readonly SentSample[], at: Instant): Pick<SentSample, 'canary' | 'stable'> | null {
  const index = samples.findIndex((sample) => sample.at >= at)
  const [before, after] = [samples[index - 1], samples[index]]
  if (after === undefined) return null
  if (after.at === at) return after
  if (before === undefined) return null
  const part = (at - before.at) / (after.at - before.at)
  const between = (from: number, to: number) => from + (to - from) * part
  return { canary: between(before.canary, after.canary), stable: between(before.stable, after.stable) }
}

/** How a router's count of stable's requests compares with a metric source's; older looks count less. Plain JSON. */
export interface SentScale {
  readonly sent: number
  readonly ended: number
}

const SCALE_MEMORY = 10_000
const ENOUGH_TO_SCALE = 20

/** The scale with one more look at stable. */
export function learnScale({ sent, ended }: SentScale, look: SentScale): SentScale {
  const kept = sent > SCALE_MEMORY ? 0.5 : 1
  return { sent: sent * kept + look.sent, ended: ended * kept + look.ended }
}

/**
 * Requests as the source counts them per request as the router counts them, at most 1: more have ended than were sent only
 * while others from before come to their end. Null when they are not known to count the same traffic, such as a source
 * that sees one of many routes, or a router that was passed by.
 */
export function scaleOf({ sent, ended }: SentScale): number | null {
  const scale = ended / sent
  return sent >= ENOUGH_TO_SCALE && scale > 0.3 && scale < 3 ? Math.min(1, scale) : null
}
