import type { PastRelease } from '../../domain/release/past-release.ts'
import type { Milliseconds } from '../../domain/units.ts'
import type { PastReplay } from './past-replays.ts'
import type { CheckCalibration } from './plan-calibration.ts'
import type { PastVerdict } from './replay-release.ts'

/** The check of a plan that would have failed a release first. */
interface FirstFailure {
  readonly check: string
  readonly after: Milliseconds
  readonly reason: string
}

/** One release that is over, as all checks of the plan together would have judged it. */
export interface PastRow extends Pick<PastRelease, 'releaseId' | 'version' | 'outcome' | 'abandoned'> {
  readonly givenUpAfter: Milliseconds | null
  /** Looks at which both versions could be seen; of the check that saw most. */
  readonly looks: number
  /** With the checks as they are; null when none would have failed. */
  readonly now: FirstFailure | null
  /** With the checks as proposed. */
  readonly proposed: FirstFailure | null
}

/** How often one way to set the checks would have been right. */
export interface PastScore {
  /** Promoted releases that could be seen, and how many of them would have failed. */
  readonly promoted: { readonly seen: number; readonly failed: number }
  /** Releases that were rolled back and could be seen, how many of them would have failed, and the median time to it. */
  readonly rolledBack: { readonly seen: number; readonly failed: number; readonly medianAfter: Milliseconds | null }
}

/** The releases in the order of the replays, each judged by all checks together. */
export function pastRows(checks: readonly Pick<CheckCalibration, 'name' | 'past'>[]): readonly PastRow[] {
  const byRelease = new Map<string, { replay: PastReplay; check: string }[]>()
  for (const { name, past } of checks) {
    for (const replay of past)
      byRelease.set(replay.releaseId, [...(byRelease.get(replay.releaseId) ?? []), { replay, check: name }])
  }
  return [...byRelease.values()].flatMap((replays) => {
    const [first] = replays
    if (first === undefined) return []
    const { releaseId, version, outcome, abandoned, givenUpAfter } = first.replay
    return [
      {
        ...{ releaseId, version, outcome, abandoned, givenUpAfter },
        looks: Math.max(...replays.map(({ replay }) => replay.now.looks)),
        now: firstOf(replays.map(({ replay, check }) => failureOf(check, replay.now))),
        proposed: firstOf(replays.map(({ replay, check }) => failureOf(check, replay.proposed ?? replay.now))),
      },
    ]
  })
}

/** The score of the rows for one of the two settings. */
export function scoreOf(rows: readonly PastRow[], setting: 'now' | 'proposed'): PastScore {
  const seen = rows.filter(({ looks }) => looks > 0)
  const promoted = seen.filter(({ outcome }) => outcome === 'promoted')
  const rolledBack = seen.filter(({ outcome }) => outcome === 'rolled-back')
  const delays = rolledBack.flatMap((row) => row[setting]?.after ?? []).toSorted((left, right) => left - right)
  return {
    promoted: { seen: promoted.length, failed: promoted.filter((row) => row[setting] !== null).length },
    rolledBack: {
      ...{ seen: rolledBack.length, failed: delays.length },
      medianAfter: delays[Math.ceil(delays.length / 2) - 1] ?? null,
    },
  }
}

function failureOf(check: string, { failsAfter, reason }: PastVerdict): FirstFailure | null {
  return failsAfter === null ? null : { check, after: failsAfter, reason }
}

function firstOf(failures: readonly (FirstFailure | null)[]): FirstFailure | null {
  return failures.reduce<FirstFailure | null>(
    (first, one) => (one !== null && (first === null || one.after < first.after) ? one : first),
    null,
  )
}
