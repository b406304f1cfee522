import { needsCounts } from '../analysis/checks/needs.ts'
import { DAY_BEFORE, recordedStableOf } from '../analysis/traffic/record-noise.ts'
import type { RecordedStable } from '../domain/recorded-noise.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import type { TargetAdapters } from './dependencies.ts'
import { createReadBeside } from './read-beside.ts'
import { readStable } from './read-stable.ts'

/** How unevenly stable behaved on the day before the release, by metric source; null where nobody knows. */
export type Noises = Readonly<Record<string, RecordedStable | null>>

const STEP: Milliseconds = 60_000

const readings = createReadBeside<RecordedStable>()

/** As far as it is known at this look. It is read once for a release, of the time before it. */
export function noisesAt(adapters: TargetAdapters, input: GuardInput, before: GuardState, now: Instant): Noises {
  const known = (before.noises ?? {}) as Noises
  const names = [...new Set(input.checks.filter(needsCounts).map(({ source }) => source))]
  return readings.know(known, names, adapters, async (source) => {
    if (source.record === undefined || STEP < (source.shortestRecord ?? 0)) return null
    const end = Math.min(now, input.exposedAt)
    return recordedStableOf(await readStable(source, adapters.pools, { start: end - DAY_BEFORE, end, step: STEP }))
  })
}
