import { setTimeout as delay } from 'node:timers/promises'
import { stableOf } from '../analysis/traffic/stable-of.ts'
import type { Installation } from '../config/installation.ts'
import type { AdapterLists } from '../config/installation-schema.ts'
import { describeError } from '../domain/errors.ts'
import type { Cursor, MetricResult, RecordedWindow } from '../domain/observation.ts'
import type { PastRelease, RecordedPair } from '../domain/release/past-release.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import type { MetricSource, RecordRequest } from '../metrics/metric-source.ts'
import { LATE, within } from '../outbound/within.ts'

/** What stable did, by one metric source of a target, whichever pool was stable when; or what both pools did. */
export type RecordPast = (
  target: TargetId,
  source: string,
  span: Omit<RecordRequest, 'pool'>,
  signal: AbortSignal,
) => Promise<MetricResult<readonly RecordedWindow[]>>

/** What both pools did while somebody had the new version, by one metric source of a target. */
export type RecordRelease = (
  target: TargetId,
  source: string,
  release: PastRelease,
  signal: AbortSignal,
) => Promise<MetricResult<readonly RecordedPair[]>>

type Lists = Pick<AdapterLists, 'metricSources'>

/** Makes one past of the pasts of both pools. */
type JoinPasts = (first: readonly RecordedWindow[], second: readonly RecordedWindow[]) => readonly RecordedWindow[]

/** The windows of both pools, one beside the other: what the whole target did. */
export const bothPools: JoinPasts = (first, second) => [...first, ...second]

/** A recorder that opens a metric source for each question and closes it again. */
export function createRecorder(installation: Installation, lists: Lists, join: JoinPasts = stableOf): RecordPast {
  return (target, name, span, signal) =>
    withRecord(installation, lists, target, name, async (source, pools) => {
      const past: (readonly RecordedWindow[])[] = []
      for (const pool of pools) {
        const answer = await source.record({ ...span, pool }, signal)
        if (answer.kind !== 'value' && answer.kind !== 'noData') return answer
        past.push(windowsOf(answer))
      }
      const joined = join(past[0] ?? [], past[1] ?? [])
      if (joined.length > 0) return { kind: 'value', value: joined }
      return { kind: 'noData', reason: `${name} has no requests of ${pools.join(' or ')} from that time` }
    })
}

/** So long is the present looked at. */
export const LOOK_TIME: Milliseconds = 6_000

/** As {@link createRecorder}, of both pools, for sources that keep no past: what they do from the end of the span on. */
export function createLookout(installation: Installation, lists: Lists, wait = waitFor): RecordPast {
  return (target, name, { end }, signal) =>
    withSource(installation, lists, target, name, async (source, [stable, canary]) => {
      const look = (now: Instant, since: Cursor | null) =>
        source.observe({ roles: { stable, canary }, since, now, notBefore: end }, signal)
      const { cursor } = await look(end, null)
      await wait(LOOK_TIME, signal)
      const seen = await look(end + LOOK_TIME, cursor)
      const counts = [seen.stable, seen.canary].flatMap((arm) => (arm.kind === 'value' ? [arm.value] : []))
      if (counts.length > 0) return { kind: 'value', value: counts.map((one) => ({ ...seen.window, counts: one })) }
      return { kind: 'noData', reason: `${name} has no requests of ${stable} or ${canary} at this moment` }
    })
}

async function waitFor(time: Milliseconds, signal: AbortSignal): Promise<void> {
  await delay(time, undefined, { signal })
}

/** As {@link createRecorder}, for releases that have ended. */
export function createReleaseRecorder(installation: Installation, lists: Lists): RecordRelease {
  return (target, name, release, signal) =>
    withRecord(installation, lists, target, name, async (source) => {
      const span = spanOf(release, source.shortestRecord ?? LONGEST_LOOK)
      const [canary, stable] = await Promise.all([
        source.record({ ...span, pool: release.roles.canary }, signal),
        source.record({ ...span, pool: release.roles.stable }, signal),
      ])
      for (const answer of [canary, stable]) if (answer.kind !== 'value' && answer.kind !== 'noData') return answer
      const pairs = pairsOf(windowsOf(canary), windowsOf(stable))
      if (pairs.length > 0) return { kind: 'value', value: pairs }
      return { kind: 'noData', reason: `${name} has kept nothing from that time` }
    })
}

type RecordingSource = MetricSource & Required<Pick<MetricSource, 'record'>>

type WithSource<Source, Value> = (
  source: Source,
  pools: readonly [string, string],
  kind: string,
) => Promise<MetricResult<Value>>

function withRecord<Value>(
  installation: Installation,
  lists: Lists,
  target: TargetId,
  name: string,
  body: WithSource<RecordingSource, Value>,
): Promise<MetricResult<Value>> {
  return withSource(installation, lists, target, name, async (source, pools, kind) =>
    canRecord(source) ? body(source, pools, kind) : unavailable(`a ${kind} source does not keep the past`),
  )
}

async function withSource<Value>(
  installation: Installation,
  lists: Lists,
  target: TargetId,
  name: string,
  body: WithSource<MetricSource, Value>,
): Promise<MetricResult<Value>> {
  const config = installation.find(target)
  const options = config?.metrics[name]
  const definition = lists.metricSources.find(({ kind }) => kind === options?.kind)
  if (config === null || options === undefined || definition === undefined)
    return unavailable(`the target has no metric source ${name}`)
  const source = definition.open(options, { pools: config.pools })
  try {
    return await body(source, config.pools, definition.kind)
  } finally {
    await source.close()
  }
}

function canRecord(source: MetricSource): source is RecordingSource {
  return source.record !== undefined
}

/** Looks at a release are no longer than this, unless the source needs longer ones or the release took days. */
const LONGEST_LOOK: Milliseconds = 60_000
const MOST_LOOKS = 1_000

function spanOf({ spans }: PastRelease, shortest: Milliseconds): Omit<RecordRequest, 'pool'> {
  const [start, end] = [spans[0]?.from ?? 0, spans.at(-1)?.until ?? 0]
  const step = Math.ceil(Math.max(shortest, (end - start) / MOST_LOOKS) / 1_000) * 1_000
  // The first window that a source answers with may be the second one it is asked for.
  return { start: start - step, end, step }
}

function windowsOf(answer: MetricResult<readonly RecordedWindow[]>): readonly RecordedWindow[] {
  return answer.kind === 'value' ? answer.value : []
}

function pairsOf(canary: readonly RecordedWindow[], stable: readonly RecordedWindow[]): readonly RecordedPair[] {
  const pairs = new Map<Instant, RecordedPair>()
  for (const { start, end, counts } of canary) pairs.set(end, { start, end, canary: counts, stable: null })
  for (const { start, end, counts } of stable)
    pairs.set(end, { start, end, canary: pairs.get(end)?.canary ?? null, stable: counts })
  return [...pairs.values()].toSorted((left, right) => left.end - right.end)
}

function unavailable(reason: string): MetricResult<never> {
  return { kind: 'error', fault: 'unavailable', reason }
}

/** How long metric sources may take for all of a request together. */
const RECORD_DEADLINE: Milliseconds = 15_000

type Ask<Question, Value> = (question: Question, signal: AbortSignal) => Promise<MetricResult<Value>>

/** Asks with one deadline for all questions together; what comes too late, or not at all, is a fault with its reason. */
export function inTime<Question, Value>(ask: Ask<Question, Value>) {
  const givesUpAt = performance.now() + RECORD_DEADLINE
  return async (question: Question, source: string): Promise<MetricResult<Value>> => {
    try {
      const answer = await within({ deadline: givesUpAt - performance.now() }, (signal) => ask(question, signal))
      if (answer !== LATE) return answer
      return { kind: 'error', fault: 'timeout', reason: `${source} took too long: ask for a shorter time` }
    } catch (error) {
      return { kind: 'error', fault: 'unavailable', reason: describeError(error) }
    }
  }
}
