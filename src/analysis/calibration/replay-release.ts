import { armNames } from '../../domain/arm-names.ts'
import { type Exposure, isSameExposure } from '../../domain/exposure.ts'
import type { ArmCounts, MetricResult } from '../../domain/observation.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import type { PastRelease, RecordedPair, RecordedRelease } from '../../domain/release/past-release.ts'
import { FULL_WEIGHT, type Instant, type Milliseconds } from '../../domain/units.ts'
import type { Outcome } from '../../domain/verdict.ts'
import { comparesWithStable } from '../checks/needs.ts'
import { enterExposure, startCheck, stepCheck } from '../judges/check-judge.ts'

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

/**
 * Judges a release that is over once more, with this check and whatever metrics have been kept of it: window by window,
 * those that lie wholly within one exposure, just as the guard would. It ends at the failure, or where the release ended.
 */
export function replayRelease(check: Check, release: RecordedRelease): PastVerdict {
  const recorded = release.windows[check.source]
  if (recorded?.kind !== 'value')
    return nothingSeen(recorded?.reason ?? `there is no recording of ${check.source} for this release`)
  const watched = recorded.value
    .toSorted((left, right) => left.start - right.start)
    .flatMap((window) => {
      const exposure = exposureIn(release, window)
      const isWatched = exposure !== null && (exposure.weight < FULL_WEIGHT || !comparesWithStable(check))
      return isWatched ? [{ window, exposure }] : []
    })
  const looks = watched.filter(({ window }) => window.canary !== null && window.stable !== null).length
  let state = startCheck(check)
  let before: Exposure | null = null
  let last = nothingSeen('no window of the recording lies within one exposure')
  for (const { window, exposure } of watched) {
    if (before !== null && !isSameExposure(before, exposure)) state = enterExposure(check, state)
    before = exposure
    const step = stepCheck(check, state, inputOf(window, release))
    state = step.state
    const { outcome, reason } = step.verdict
    if (outcome === 'fail') return { failsAfter: window.end - startOf(release), looks, outcome, reason }
    last = { failsAfter: null, looks, outcome, reason }
  }
  return last
}

/** Time from the first exposure until a release was given up; null when it was promoted. */
export function givenUpAfter(release: PastRelease): Milliseconds | null {
  return release.abandoned === null ? null : release.abandoned.at - startOf(release)
}

function startOf({ spans }: PastRelease): Instant {
  return spans[0]?.from ?? 0
}

function nothingSeen(reason: string): PastVerdict {
  return { failsAfter: null, looks: 0, outcome: 'inconclusive', reason }
}

function exposureIn({ spans }: PastRelease, { start, end }: RecordedPair): Exposure | null {
  return spans.find(({ from, until }) => from <= start && end <= until)?.exposure ?? null
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
