import { sourcesToReplay } from '../analysis/calibration/watched-checks.ts'
import { describeError } from '../domain/errors.ts'
import { onlyWarns } from '../domain/plan/consequences.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { RecordedRelease } from '../domain/release/past-release.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { Releases } from '../releases/releases.ts'
import { inTime, type RecordRelease } from './recorder.ts'

/** Where past releases and what was kept of them are read. */
export interface PastParts {
  readonly releases: Pick<Releases, 'past'>
  readonly recordRelease: RecordRelease
}

/** Past releases of a target, newest first, and how many could not be read; `fault` says why there are none. */
interface ReadReleases {
  readonly releases: readonly RecordedRelease[]
  readonly unread: number
  readonly fault: string | null
}

/** The releases since then with what the plan's metric sources have kept of them. None is needed, so no fault is one. */
export async function recordReleases(
  plan: Plan,
  since: Instant,
  most: number,
  { recordRelease, releases: facade }: PastParts,
): Promise<ReadReleases> {
  const sources = sourcesToReplay(plan)
  if (sources.length === 0 && !plan.checks.some(onlyWarns)) return { releases: [], unread: 0, fault: null }
  const target: TargetId = { service: plan.service, environment: plan.environment }
  const past = await facade.past(target, since, most).catch(describeError)
  if (typeof past === 'string') return { releases: [], unread: 0, fault: past }
  const releases: RecordedRelease[] = []
  const ask = inTime(([source, release]: readonly [string, (typeof past.releases)[number]], signal) =>
    recordRelease(target, source, release, signal),
  )
  for (const release of past.releases) {
    const windows: [string, RecordedRelease['windows'][string]][] = []
    for (const source of sources) windows.push([source, await ask([source, release], source)])
    releases.push({ ...release, windows: Object.fromEntries(windows) })
  }
  return { releases, unread: past.unread, fault: null }
}
