import type { CheckState } from '../analysis/checks/check-kind.ts'
import { enterExposure, startCheck } from '../analysis/judges/check-judge.ts'
import { type SampleRatioState, startSampleRatio } from '../analysis/judges/sample-ratio.ts'
import { evidenceStart, startTraffic, type TrafficState } from '../analysis/traffic/watch-traffic.ts'
import type { BlindSpan, GuardInput, GuardState, WatchedCheck } from '../domain/release/guard.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { isAlone, NOT_YET, pastOf, verdictAlone } from './judge-checks.ts'

/** So many spans are kept of each kind. */
export const MOST_SPANS = 50

/** Two looks may be so far apart; what is between them is watched. */
export function longestGap({ interval }: Pick<GuardInput, 'interval'>): Milliseconds {
  return 2 * interval + 2_000
}

/** The first look of a guard: what an earlier one knew, with the evidence of this exposure still to come. */
export function beginWatch(input: GuardInput, now: Instant): GuardState {
  const { resume, fence } = input
  const from = evidenceStart(input)
  const isNewExposure = resume === null || resume.epoch !== fence.epoch
  const isRetried = !isNewExposure && from > (resume.evidenceFrom ?? input.exposedAt)
  const isAnew = isNewExposure || isRetried
  const traffic = (resume?.traffic ?? null) as TrafficState | null
  return {
    epoch: fence.epoch,
    checks: beginChecks(input, isNewExposure),
    cursors: resume?.cursors ?? {},
    // What was not watched before the exposure, or before a person's word, is nobody's concern.
    lookedAt: isAnew ? Math.min(now, Math.max(from, resume?.lookedAt ?? from)) : resume.lookedAt,
    looks: resume?.looks ?? 0,
    // Blindness is counted per guard: a pause or a new exposure starts it anew, the spans stay for the bake.
    ...{ blindSince: null, blindSpans: closedSpans(resume, resume?.blindSpans, resume?.blindSince) },
    share: beginSampleRatio(resume, isAnew),
    routerFault: null,
    repairs: resume?.repairs ?? [],
    repairCount: resume?.repairCount ?? 0,
    ...(resume?.drift !== undefined && { drift: resume.drift }),
    ...(resume?.fence !== undefined && { fence: resume.fence }),
    series: resume?.series ?? [],
    evidenceFrom: from,
    looksHere: isAnew ? 0 : (resume.looksHere ?? 0),
    ...{ silentSince: null, silentSpans: closedSpans(resume, resume?.silentSpans, resume?.silentSince) },
    unwatchedSpans: resume?.unwatchedSpans ?? [],
    traffic: isAnew || traffic === null ? startTraffic(from, traffic, isRetried) : traffic,
    past: resume?.past ?? {},
    ...(resume?.noises !== undefined && { noises: resume.noises }),
    ...(resume?.seasons !== undefined && { seasons: resume.seasons }),
    ...(resume?.lastProof !== undefined && { lastProof: resume.lastProof }),
    hold: isAnew ? null : (resume.hold ?? null),
    // The raise is weighed anew, with a sentence of its own.
    notices: isAnew ? [] : (resume.notices ?? []).filter((notice) => notice !== resume.raise?.reason),
  }
}

function beginChecks(input: GuardInput, isNewExposure: boolean): GuardState['checks'] {
  const known = input.resume?.checks ?? {}
  const watched = input.checks.map((check): [string, WatchedCheck] => {
    const earlier = known[check.name]
    if (earlier === undefined) return [check.name, { state: startCheck(check), verdict: NOT_YET }]
    if (!isNewExposure) return [check.name, unblind(earlier)]
    const state = enterExposure(check, earlier.state as CheckState)
    const lasting = troubleOf(earlier)
    if (!isAlone(check, input)) return [check.name, { state, verdict: NOT_YET, ...lasting }]
    const isCompared = pastOf(check, input.resume) !== null
    const verdict = isCompared ? NOT_YET : verdictAlone(earlier.verdict, input)
    return [check.name, { state, verdict, ...lasting, ...(earlier.full !== undefined && { full: earlier.full }) }]
  })
  return Object.fromEntries(watched)
}

/** A failure is not over because more people have the canary. */
function troubleOf({ trouble, freshFrom }: WatchedCheck): Partial<WatchedCheck> {
  return { ...(trouble !== undefined && { trouble }), ...(freshFrom !== undefined && { freshFrom }) }
}

/** Blindness is counted per guard. */
function unblind(watched: WatchedCheck): WatchedCheck {
  const { blindSince: _, ...rest } = watched
  return watched.blindSince === undefined ? watched : rest
}

/** A split that was found wrong was so at that exposure; at the next one it is judged anew. */
function beginSampleRatio(resume: GuardState | null, isAnew: boolean): unknown {
  const before = (resume?.share ?? null) as SampleRatioState | null
  return isAnew && before !== null && before.failure !== null ? startSampleRatio() : before
}

function closedSpans(
  resume: GuardState | null,
  spans: readonly BlindSpan[] = [],
  since: Instant | null = null,
): readonly BlindSpan[] {
  if (resume === null || since === null) return spans
  return [...spans, { from: since, to: resume.lookedAt }].slice(-MOST_SPANS)
}
