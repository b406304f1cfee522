import { armNames } from '../../domain/arm-names.ts'
import { type Exposure, isSameExposure, NO_EXPOSURE } from '../../domain/exposure.ts'
import type { ArmCounts, MetricResult } from '../../domain/observation.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import { raisesLoad } from '../../domain/plan/plan-warm-up.ts'
import type { RecordedStable } from '../../domain/recorded-noise.ts'
import type { PastRelease, RecordedPair, RecordedRelease } from '../../domain/release/past-release.ts'
import { FULL_WEIGHT, type Instant, type Milliseconds } from '../../domain/units.ts'
import type { Outcome } from '../../domain/verdict.ts'
import type { CheckState } from '../checks/check-kind.ts'
import { comparesWithStable } from '../checks/needs.ts'
import { enterExposure, startCheck, stepCheck, weighCheck } from '../judges/check-judge.ts'

/** What a check says of a release that is over. Plain JSON. */
export interface PastVerdict {
  /** Time from the first exposure until the check fails; null when it does not. */
  readonly failsAfter: Milliseconds | null
  /** Looks at which both versions could be seen, those after the failure among them. */
  readonly looks: number
  /** The verdict of the last look, or of the one that failed. */
  readonly outcome: Outcome
  readonly reason: string
}

/** What was known when a release began. */
interface KnownBefore {
  readonly warmUp?: Milliseconds
  /** What its guard knew of stable's record. */
  readonly recorded?: RecordedStable | null
}

/**
 * Judges a release that is over once more, with this check and whatever metrics have been kept of it: window by window,
 * those that lie wholly within one exposure and begin after its warm-up, just as the guard would. It ends at the failure,
 * or where the release ended.
 */
export function replayRelease(
  check: Check,
  release: RecordedRelease,
  { warmUp = 0, recorded = null }: KnownBefore = {},
): PastVerdict {
  if (check.cohort !== undefined) return nothingSeen(`the past of ${check.cohort} alone is not recorded`)
  const kept = release.windows[check.source]
  if (kept?.kind !== 'value')
    return nothingSeen(kept?.reason ?? `there is no recording of ${check.source} for this release`)
  const watched = kept.value
    .toSorted((left, right) => left.start - right.start)
    .flatMap((window) => {
      const exposure = warmExposureIn(release, window, check.warmsUpFor ?? warmUp)
      const isWatched = exposure !== null && (exposure.weight < FULL_WEIGHT || !comparesWithStable(check))
      return isWatched ? [{ window, exposure }] : []
    })
  const looks = watched.filter(({ window }) => window.canary !== null && window.stable !== null).length
  let state = startCheck(check)
  let before: Exposure | null = null
  let last: { readonly state: CheckState; readonly input: CheckInput } | null = null
  for (const { window, exposure } of watched) {
    if (before !== null && !isSameExposure(before, exposure)) state = enterExposure(check, state)
    before = exposure
    const input = { ...inputOf(window, release), ...(recorded !== null && { recorded }) }
    last = { state, input }
    const step = weighCheck(check, state, input)
    state = step.state
    if (step.outcome === 'fail') break
  }
  if (last === null) return nothingSeen('no window of the recording lies within one exposure')
  const { outcome, reason } = stepCheck(check, last.state, last.input).verdict
  return { failsAfter: outcome === 'fail' ? last.input.at - startOf(release) : null, looks, outcome, reason }
}

/** Time from the first exposure until a release was given up; null when it was promoted. */
export function givenUpAfter(release: PastRelease): Milliseconds | null {
  return release.abandoned === null ? null : release.abandoned.at - startOf(release)
}

/** When its canary was first exposed. */
export function startOf({ spans }: PastRelease): Instant {
  return spans[0]?.from ?? 0
}

function nothingSeen(reason: string): PastVerdict {
  return { failsAfter: null, looks: 0, outcome: 'inconclusive', reason }
}

/** The exposure that a window lies in; null where it lies in none, or begins while the canary warms up. */
function warmExposureIn({ spans }: PastRelease, { start, end }: RecordedPair, warmUp: Milliseconds): Exposure | null {
  const index = spans.findIndex(({ from, until }) => from <= start && end <= until)
  const span = spans[index]
  if (span === undefined) return null
  const before = spans[index - 1]?.exposure ?? NO_EXPOSURE
  return raisesLoad(before, span.exposure) && start < span.from + warmUp ? null : span.exposure
}

function inputOf({ start, end, canary, stable }: RecordedPair, release: PastRelease): CheckInput {
  const { roles, version, replaces } = release
  return {
    ...{ at: end, window: { start, end }, readings: {}, names: armNames(version, replaces) },
    ...{ canary: resultOf(canary, roles.canary), stable: resultOf(stable, roles.stable) },
  }
}

function resultOf(counts: ArmCounts | null, pool: string): MetricResult<ArmCounts> {
  if (counts !== null) return { kind: 'value', value: counts }
  return { kind: 'noData', reason: `the store holds nothing of ${pool} for that time` }
}
