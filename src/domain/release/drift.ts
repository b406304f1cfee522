import type { DriftPolicy } from '../plan/plan-policies.ts'
import { formatDuration, type Instant } from '../units.ts'
import type { BlindSpan, Drift, GuardState } from './guard.ts'

const MOST_SPANS = 50

export const NO_DRIFT: Drift = { streak: 0, spans: [] }

/** What one look at the router has shown: as it should be, put right or not to be put right, or nothing at all. */
export type RouterSight = 'right' | 'drifted' | 'unseen'

/**
 * The drift after one more look. The router may have been somewhere else ever since the look before, so all of that time
 * counts; and so does time in which it could not be read, though nobody can say that it had drifted.
 */
export function noteDrift(before: Pick<GuardState, 'drift' | 'lookedAt'>, sight: RouterSight, now: Instant): Drift {
  const { streak, spans } = before.drift ?? NO_DRIFT
  if (sight === 'right') return { streak: 0, spans }
  const longer = withSpan(spans, { from: before.lookedAt, to: now })
  return { streak: sight === 'drifted' ? streak + 1 : streak, spans: longer }
}

/** Spans that touch become one, so that a drift without end stays one line. */
function withSpan(spans: readonly BlindSpan[], added: BlindSpan): readonly BlindSpan[] {
  const last = spans.at(-1)
  if (last !== undefined && last.to >= added.from) return [...spans.slice(0, -1), { from: last.from, to: added.to }]
  return [...spans, added].slice(-MOST_SPANS)
}

/**
 * Why so much drift pauses the release, or null when it does not: so many repairs in a row, or a share of the exposure's
 * time once it has happened as often. A single repair never does, however short the exposure has been.
 */
export function driftProblem(
  policy: DriftPolicy,
  drift: Drift,
  exposure: { readonly since: Instant; readonly now: Instant; readonly last: string | null },
): string | null {
  const { since, now, last } = exposure
  const seen = last === null ? '' : `; seen last: ${last}`
  if (drift.streak >= policy.repairs)
    return `another program writes to the router: it had to be repaired ${drift.streak} times in a row${seen}`
  const recent = drift.spans.filter(({ to }) => to > since)
  const drifted = recent.reduce((sum, { from, to }) => sum + to - Math.max(from, since), 0)
  if (recent.length < policy.repairs || drifted <= policy.share * (now - since)) return null
  const share = Math.round((100 * drifted) / (now - since))
  return `the router was not as requested for ${formatDuration(drifted)}, ${share}% of the time at this exposure${seen}`
}
