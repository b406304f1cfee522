import type { Check } from '../../domain/plan/checks.ts'
import type { RecordedStable } from '../../domain/recorded-noise.ts'
import type { PastRelease, RecordedRelease } from '../../domain/release/past-release.ts'
import type { Recording } from '../../domain/release/recording.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import { needsCounts } from '../checks/needs.ts'
import { recordedBefore } from '../traffic/record-noise.ts'
import { givenUpAfter, type PastVerdict, replayRelease, startOf } from './replay-release.ts'

/** What a check says of one release that is over. Plain JSON. */
export interface PastReplay extends Pick<PastRelease, 'releaseId' | 'version' | 'outcome' | 'abandoned'> {
  /** Time from the first exposure until it was given up; null when it was promoted. */
  readonly givenUpAfter: Milliseconds | null
  readonly now: PastVerdict
  /** With what is proposed; null when that is what the plan has. */
  readonly proposed: PastVerdict | null
}

/** What the guard would have known of a source at a time, worked out once for all checks of that source. */
export function rememberRecorded(stable: Recording['stable']): (source: string, at: Instant) => RecordedStable | null {
  const known = new Map<string, RecordedStable | null>()
  return (source, at) => {
    const key = `${at} ${source}`
    const recording = stable[source]
    if (!known.has(key)) known.set(key, recordedBefore(recording?.kind === 'value' ? recording.value : [], at))
    return known.get(key) ?? null
  }
}

interface Replayed {
  readonly check: Check
  readonly proposed: Check
  readonly warmUp: Milliseconds
  readonly recordedOf: ReturnType<typeof rememberRecorded>
}

export function replaysOf(
  { check, proposed, warmUp, recordedOf }: Replayed,
  releases: readonly RecordedRelease[],
): readonly PastReplay[] {
  if (!needsCounts(check)) return []
  const isOther = JSON.stringify(proposed) !== JSON.stringify(check)
  return releases.map((release) => {
    const { releaseId, version, outcome, abandoned } = release
    const before = { warmUp, recorded: recordedOf(check.source, startOf(release)) }
    return {
      ...{ releaseId, version, outcome, abandoned, givenUpAfter: givenUpAfter(release) },
      now: replayRelease(check, release, before),
      proposed: isOther ? replayRelease(proposed, release, before) : null,
    }
  })
}
