import { needsCounts } from '../analysis/checks/needs.ts'
import { type Season, seasonOf } from '../analysis/traffic/season.ts'
import type { RecordedWindow } from '../domain/observation.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'
import { FULL_WEIGHT, type Instant, type Milliseconds } from '../domain/units.ts'
import type { MetricSource } from '../metrics/metric-source.ts'
import type { TargetAdapters } from './dependencies.ts'
import { createReadBeside } from './read-beside.ts'
import { readStable } from './read-stable.ts'

/** The seasons of the record, by metric source; null where there is none. */
export type Seasons = Readonly<Record<string, Season | null>>

const DAY: Milliseconds = 86_400_000
/** Four weeks in windows of half an hour tell the rhythm, the last day in minutes how far stable strays within an hour. */
const SPANS = [
  { lasting: 28 * DAY, step: 1_800_000 },
  { lasting: DAY, step: 60_000 },
] as const

const readings = createReadBeside<Season>()

/**
 * The seasons as far as they are known at this look. Reading a record of weeks may take longer than a look, so it is begun at
 * the first one with everybody on the canary and goes on beside them; until it is over, checks go by this release alone.
 */
export function seasonsAt(adapters: TargetAdapters, input: GuardInput, before: GuardState, now: Instant): Seasons {
  const known = (before.seasons ?? {}) as Seasons
  if (input.exposure.weight !== FULL_WEIGHT) return known
  const names = [
    ...new Set(
      input.checks.filter((check) => needsCounts(check) && check.cohort === undefined).map(({ source }) => source),
    ),
  ]
  return readings.know(known, names, adapters, (source) => readSeason(source, adapters.pools, now))
}

async function readSeason(source: MetricSource, pools: TargetAdapters['pools'], now: Instant): Promise<Season | null> {
  const records: (readonly RecordedWindow[])[] = []
  for (const { lasting, step } of SPANS) {
    if (step < (source.shortestRecord ?? 0)) continue
    records.push(await readStable(source, pools, { start: now - lasting, end: now, step }))
  }
  return seasonOf(records)
}
