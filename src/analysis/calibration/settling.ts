import { NO_EXPOSURE } from '../../domain/exposure.ts'
import type { ArmCounts } from '../../domain/observation.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { raisesLoad } from '../../domain/plan/plan-warm-up.ts'
import type { RecordedPair, RecordedRelease } from '../../domain/release/past-release.ts'
import { formatDuration, type Milliseconds, writeDuration } from '../../domain/units.ts'
import { quantileOf, survivalOf, totalOf } from '../histogram.ts'

/** How long the releases of a target took to settle. Plain JSON. */
export interface Settling {
  /** Promoted releases that could be seen from a jump in load on. */
  readonly releases: number
  readonly median: Milliseconds
  readonly p90: Milliseconds
  /** The warm-up to write into the plan; null when the plan has as much, or when too few releases have been seen. */
  readonly proposed: Milliseconds | null
  /** All of it as one sentence. */
  readonly summary: string
}

/** Fewer releases say nothing of the next one. */
const FEWEST_RELEASES = 3
/** Windows of one exposure that its end, and its beginning, must have. */
const FEWEST_WINDOWS = 3
/** Standard errors that a window may lie above the end of its exposure. */
const NOISE = 3
/** Two windows in a row within the noise have settled: a single one may be luck, and a single one later bad luck. */
const QUIET = 2
const GRAIN: Milliseconds = 10_000

/** The longest warm-up that a plan gives its exposures. */
export function planWarmUp({ actions }: Pick<Plan, 'actions'>): Milliseconds {
  return Math.max(0, ...actions.map((action) => (action.kind === 'expose' ? (action.warmsUpFor ?? 0) : 0)))
}

/**
 * How long the canaries of promoted releases took, after each exposure that made them new or at least doubled their load, to
 * do as they did at its end: median and p90 over the releases. Null when none could be seen.
 */
export function settlingOf(plan: Pick<Plan, 'actions'>, releases: readonly RecordedRelease[]): Settling | null {
  const times = releases.flatMap((release) => settlingTime(release) ?? []).toSorted((left, right) => left - right)
  if (times.length === 0) return null
  const at = (share: number) => times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? 0
  const [median, p90, own] = [at(0.5), at(0.9), planWarmUp(plan)]
  const wanted = Math.ceil(p90 / GRAIN) * GRAIN
  const proposed = times.length >= FEWEST_RELEASES && wanted > own ? wanted : null
  const found = { releases: times.length, median, p90, proposed }
  return { ...found, summary: summarise(found, own) }
}

/** The longest time that one release took, over its jumps and metric sources; null when none could be seen. */
function settlingTime(release: RecordedRelease): Milliseconds | null {
  if (release.outcome !== 'promoted') return null
  const times = Object.values(release.windows).flatMap((recorded) =>
    recorded.kind === 'value' ? settlingTimes(release, recorded.value) : [],
  )
  return times.length === 0 ? null : Math.max(...times)
}

function settlingTimes({ spans }: RecordedRelease, windows: readonly RecordedPair[]): readonly Milliseconds[] {
  return spans.flatMap(({ exposure, from, until }, index) => {
    if (!raisesLoad(spans[index - 1]?.exposure ?? NO_EXPOSURE, exposure)) return []
    const inside = windows
      .filter(({ start, end }) => from <= start && end <= until)
      .toSorted((left, right) => left.start - right.start)
      .flatMap(({ end, canary }) => (canary === null ? [] : [{ after: end - from, canary }]))
    const half = Math.floor(inside.length / 2)
    if (half < FEWEST_WINDOWS) return []
    const isOff = [isFailing, slownessOf].map((measure) => measure(inside.slice(-half).map(({ canary }) => canary)))
    return [unsettled(inside.slice(0, -half), ({ canary }) => isOff.some((is) => is(canary)))]
  })
}

interface Seen {
  readonly after: Milliseconds
  readonly canary: ArmCounts
}

/** Until the end of the last window that is off, before the first {@link QUIET} in a row that are not. */
function unsettled(windows: readonly Seen[], isOff: (seen: Seen) => boolean): Milliseconds {
  let [time, quiet]: [Milliseconds, number] = [0, 0]
  for (const seen of windows) {
    const off = isOff(seen)
    quiet = off ? 0 : quiet + 1
    if (off) time = seen.after
    if (quiet === QUIET) break
  }
  return time
}

type IsOff = (canary: ArmCounts) => boolean

function isFailing(end: readonly ArmCounts[]): IsOff {
  return isAbove(end, ({ requests, errors, missing }) =>
    missing?.errors === undefined ? { requests, events: errors } : null,
  )
}

/** Slow is what was slower than the p95 of the end of the exposure. */
function slownessOf(end: readonly ArmCounts[]): IsOff {
  const [first] = end.flatMap(({ latency }) => latency ?? [])
  if (first === undefined) return () => false
  const { upperBoundsSeconds } = first
  const sum = upperBoundsSeconds
    .concat(0)
    .map((_, bucket) => end.reduce((all, { latency }) => all + (latency?.counts[bucket] ?? 0), 0))
  const limit = quantileOf({ upperBoundsSeconds, counts: sum }, 0.95)
  const bound = upperBoundsSeconds.find((one) => one >= (limit?.seconds ?? Number.POSITIVE_INFINITY))
  if (bound === undefined) return () => false
  return isAbove(end, ({ latency }) => {
    if (latency === null || !latency.upperBoundsSeconds.includes(bound)) return null
    const requests = totalOf(latency)
    return { requests, events: survivalOf(latency)(bound) * requests }
  })
}

interface Share {
  readonly requests: number
  readonly events: number
}

/** Above the share of the end by more than {@link NOISE} standard errors of a difference of two proportions. */
function isAbove(end: readonly ArmCounts[], shareOf: (arm: ArmCounts) => Share | null): IsOff {
  let [requests, events] = [0, 0]
  for (const share of end.flatMap((arm) => shareOf(arm) ?? [])) {
    requests += share.requests
    events += share.events
  }
  // Half an event more, so that an end without any has a share that a single event does not exceed.
  const usual = (events + 0.5) / (requests + 1)
  return (arm) => {
    const seen = shareOf(arm)
    if (seen === null || requests === 0 || seen.requests === 0) return false
    const spread = Math.sqrt(seen.requests * usual * (1 - usual) * (1 + seen.requests / requests))
    return seen.events - seen.requests * usual > Math.max(1, NOISE * spread)
  }
}

function summarise({ releases, median, p90, proposed }: Omit<Settling, 'summary'>, own: Milliseconds): string {
  const text = (time: Milliseconds) => (time === 0 ? 'at once' : `within ${formatDuration(time)}`)
  const many = `${releases} promoted ${releases === 1 ? 'release' : 'releases'}`
  const said = `settling: half of ${many} did as at the end of their exposure ${text(median)}, nine of ten ${text(p90)}`
  const has = own === 0 ? 'the plan has no warm-up' : `the plan's warm-up is up to ${formatDuration(own)}`
  if (proposed !== null) return `${said}; ${has}: write warmUp: ${writeDuration(proposed)}`
  return `${said}; ${has}${releases < FEWEST_RELEASES ? `, and fewer than ${FEWEST_RELEASES} releases propose none` : ''}`
}
