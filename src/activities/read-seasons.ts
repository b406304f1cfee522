import { stableOf } from '../analysis/calibration/plan-calibration.ts'
import { needsCounts } from '../analysis/checks/needs.ts'
import { type Season, seasonOf } from '../analysis/traffic/season.ts'
import type { MetricResult, RecordedWindow } from '../domain/observation.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'
import { FULL_WEIGHT, type Instant, type Milliseconds } from '../domain/units.ts'
import type { MetricSource, RecordRequest } from '../metrics/metric-source.ts'
import type { TargetAdapters } from './dependencies.ts'

/** The seasons of the record, by metric source; null where there is none. */
export type Seasons = Readonly<Record<string, Season | null>>

const DAY: Milliseconds = 86_400_000
/** Four weeks in windows of half an hour tell the rhythm, the last day in minutes how far stable strays within an hour. */
const SPANS = [
  { lasting: 28 * DAY, step: 1_800_000 },
  { lasting: DAY, step: 60_000 },
] as const

interface Reading {
  season: Season | null
  isOver: boolean
}

/** What is being read; a source that is opened anew is read anew. */
const readings = new WeakMap<MetricSource, Reading>()

/**
 * The seasons as far as they are known at this look. Reading a record of weeks may take longer than a look, so it is begun at
 * the first one with everybody on the canary and goes on beside them; until it is over, checks go by this release alone.
 */
export function seasonsAt(adapters: TargetAdapters, input: GuardInput, before: GuardState, now: Instant): Seasons {
  const known = (before.seasons ?? {}) as Seasons
  if (input.exposure.weight !== FULL_WEIGHT) return known
  const names = [...new Set(input.checks.filter(needsCounts).map(({ source }) => source))]
  const read = names.flatMap((name) => {
    const source = adapters.metrics[name]
    if (source === undefined || Object.hasOwn(known, name)) return []
    const reading = readings.get(source) ?? begin(source, adapters.pools, now)
    if (!reading.isOver) return []
    // The next release reads it anew.
    readings.delete(source)
    return [[name, reading.season] as const]
  })
  return read.length === 0 ? known : { ...known, ...Object.fromEntries(read) }
}

function begin(source: MetricSource, pools: TargetAdapters['pools'], now: Instant): Reading {
  const reading: Reading = { season: null, isOver: source.record === undefined }
  readings.set(source, reading)
  if (source.record === undefined) return reading
  void readSeason(source, pools, now)
    .then((season) => {
      reading.season = season
    })
    // A record that cannot be read is as good as none: checks go on by this release alone.
    .catch(() => undefined)
    .finally(() => {
      reading.isOver = true
    })
  return reading
}

async function readSeason(source: MetricSource, pools: TargetAdapters['pools'], now: Instant): Promise<Season | null> {
  const { signal } = new AbortController()
  const records: (readonly RecordedWindow[])[] = []
  for (const { lasting, step } of SPANS) {
    if (step < (source.shortestRecord ?? 0)) continue
    const span = { start: now - lasting, end: now, step }
    const ask = (pool: string) => source.record?.({ ...span, pool } satisfies RecordRequest, signal)
    const [first, second] = [await ask(pools[0]), await ask(pools[1])]
    records.push(stableOf(windowsOf(first), windowsOf(second)))
  }
  return seasonOf(records)
}

function windowsOf(answer: MetricResult<readonly RecordedWindow[]> | undefined): readonly RecordedWindow[] {
  return answer?.kind === 'value' ? answer.value : []
}
