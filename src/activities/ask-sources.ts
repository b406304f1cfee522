import { needsCounts, queriesOf } from '../analysis/checks/needs.ts'
import { evidenceStart } from '../analysis/traffic/watch-traffic.ts'
import type { ArmCounts, MetricResult, Observation } from '../domain/observation.ts'
import { type ArmReadings, type Check, countsKeyOf } from '../domain/plan/checks.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'
import type { Instant } from '../domain/units.ts'
import type { MetricSource } from '../metrics/metric-source.ts'
import type { TargetAdapters } from './dependencies.ts'

/**
 * What each metric source has counted since the last look, by `countsKeyOf`; the first is the one the traffic is judged by, and
 * never of a cohort alone.
 */
export type Observations = Readonly<Record<string, Observation>>

/** What the queries of each check were answered with, by check and key. */
export type Readings = Readonly<Record<string, Readonly<Record<string, ArmReadings>>>>

/**
 * The metric sources that are asked for counts: those of the checks that need counts, in the plan's order. Where no check
 * does, and there is a floor all the same, the target's first source that counts.
 */
function countingSources(
  { metrics }: Pick<TargetAdapters, 'metrics'>,
  input: Pick<GuardInput, 'checks' | 'floor'>,
): readonly Counting[] {
  const counting = input.checks.filter(needsCounts)
  const whole = [...new Set(counting.map(({ source }) => source))].map((source) => ({ source }))
  const ofCohorts = new Map(counting.filter(({ cohort }) => cohort !== undefined).map((one) => [countsKeyOf(one), one]))
  if (whole.length > 0 || input.floor === undefined) return [...whole, ...ofCohorts.values()]
  const first = Object.entries(metrics).find(([, { capabilities }]) => capabilities.counts)
  return first === undefined ? [] : [{ source: first[0] }]
}

type Counting = Pick<Check, 'source' | 'cohort'>

/** Asks all counting sources at once. */
export async function observeSources(
  adapters: Pick<TargetAdapters, 'metrics'>,
  input: Pick<GuardInput, 'checks' | 'floor' | 'roles' | 'exposedAt' | 'evidenceFrom'>,
  before: Pick<GuardState, 'cursors'>,
  now: Instant,
  signal: AbortSignal,
): Promise<Observations> {
  const notBefore = evidenceStart(input)
  const observed = await Promise.all(
    countingSources(adapters, input).map(async ({ source: name, cohort }): Promise<[string, Observation]> => {
      const key = countsKeyOf(cohort === undefined ? { source: name } : { source: name, cohort })
      const since = before.cursors[key] ?? null
      const source = adapters.metrics[name]
      if (source === undefined) return [key, missingSource(name, since, now)]
      const request = { roles: input.roles, since, now, notBefore, ...(cohort !== undefined && { cohort }) }
      return [key, await source.observe(request, signal)]
    }),
  )
  return Object.fromEntries(observed)
}

function missingSource(name: string, cursor: Observation['cursor'], now: Instant): Observation {
  const reason = `the target no longer has a metric source ${name}`
  const result: MetricResult<ArmCounts> = { kind: 'error', fault: 'unavailable', reason }
  return { stable: result, canary: result, cursor, window: { start: now, end: now } }
}

/** Asks the queries of all checks at once. */
export async function askQueries(
  { metrics }: Pick<TargetAdapters, 'metrics'>,
  input: Pick<GuardInput, 'checks' | 'roles'>,
  now: Instant,
  signal: AbortSignal,
): Promise<Readings> {
  const asked = input.checks.map(async (check): Promise<[string, Record<string, ArmReadings>]> => {
    const answers = Object.entries(queriesOf(check)).map(
      async ([key, query]): Promise<[string, ArmReadings]> => [
        key,
        await askArms(metrics[check.source], query, input, now, signal),
      ],
    )
    return [check.name, Object.fromEntries(await Promise.all(answers))]
  })
  return Object.fromEntries(await Promise.all(asked))
}

async function askArms(
  source: MetricSource | undefined,
  query: string,
  { roles }: Pick<GuardInput, 'roles'>,
  now: Instant,
  signal: AbortSignal,
): Promise<ArmReadings> {
  if (source === undefined) {
    const gone = {
      kind: 'error',
      fault: 'unavailable',
      reason: 'the target no longer has this metric source',
    } as const
    return { canary: gone, stable: null }
  }
  const ask = (pool: string) => source.query({ query: query.replaceAll('$pool', pool), now }, signal)
  if (!query.includes('$pool')) return { canary: await ask(roles.canary), stable: null }
  const [canary, stable] = await Promise.all([ask(roles.canary), ask(roles.stable)])
  return { canary, stable }
}
