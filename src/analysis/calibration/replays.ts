import type { ArmCounts } from '../../domain/observation.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import type { RecordedStable } from '../../domain/recorded-noise.ts'
import { type BasisPoints, FULL_WEIGHT, type Instant, type Milliseconds } from '../../domain/units.ts'
import { addArms, NO_REQUESTS } from '../arms.ts'
import { kindOf } from '../checks/index.ts'
import { drawBinomial } from '../statistics/random.ts'
import { multiplyCount } from './worse-arms.ts'

/** One interval of recorded traffic of stable, per shard (pod, host) when the store can tell them apart. */
export interface RecordedInterval {
  readonly duration: Milliseconds
  /** At least one; a shard keeps its place in all intervals. */
  readonly shards: readonly ArmCounts[]
}

/** How the traffic of a planned release is split: the canary's share in each of its intervals, in order. */
export type WeightSchedule = readonly BasisPoints[]

/** What replays are made from. */
export interface ReplaySource {
  readonly check: Check
  readonly record: readonly RecordedInterval[]
  readonly weights: WeightSchedule
  /** What the guard would know of stable from its record; absent where it would know nothing. */
  readonly recorded?: RecordedStable | null
  /** Uniform numbers in (0, 1). */
  readonly random: () => number
}

/** The looks of one replay: what both arms did in each. */
export type Tape = readonly {
  readonly canary: ArmCounts
  readonly stable: ArmCounts
  readonly duration: Milliseconds
}[]

/** When a replay begins, on its own clock. */
export const START_OF_TAPE: Instant = 0

/** The looks as a check is shown them, on a clock of their own. */
export function* inputsOf(tape: Tape, recorded: RecordedStable | null = null): Generator<CheckInput> {
  let at = START_OF_TAPE
  for (const { canary, stable, duration } of tape) {
    const window = { start: at, end: at + duration }
    at = window.end
    yield {
      ...{ at, window, readings: {} },
      ...{ canary: { kind: 'value', value: canary }, stable: { kind: 'value', value: stable } },
      ...(recorded !== null && { recorded }),
    }
  }
}

/** Changes slower than this are taken for the time of day, faster ones for noise that another arm need not share. */
const TREND: Milliseconds = 6 * 3_600_000

/**
 * A release of nothing: stable's own record plays both arms, with the plan's weights, drift and bursts as they were.
 *
 * With several shards, a replay gives some shards to the canary and the rest to stable, at the same time, so that what
 * differs between hosts is seen. With one shard the canary's side comes from another time of the record, with the slow
 * trend (6 h) taken out and that of stable's time put in. Each arm is thinned request by request to its weight, which
 * keeps Poisson noise Poisson and bursts as bursty as they are.
 */
export function drawTape(request: ReplaySource, trend: Trend = trendOf(request)): Tape {
  const { record, weights, random } = request
  const length = record.length
  if (length === 0) return []
  const start = Math.floor(random() * length)
  const shardCount = record[0]?.shards.length ?? 1
  const order = shuffle(shardCount, random)
  // At least a tenth of the record apart, so that bursts of one time do not meet themselves.
  const apart = Math.floor(length * (0.1 + 0.8 * random()))
  return weights.map((weight, index) => {
    const share = Math.min(1, Math.max(0, weight / FULL_WEIGHT))
    const now = record[(start + index) % length]
    const other = record[(start + index + apart) % length]
    if (now === undefined || other === undefined) return { canary: NO_REQUESTS, stable: NO_REQUESTS, duration: 0 }
    const arms =
      shardCount > 1
        ? splitShards(now, order, share, random)
        : splitTimes(now, other, trend((start + index) % length, (start + index + apart) % length), share, random)
    return { ...arms, duration: now.duration }
  })
}

/** The canary gets whole shards until they hold its share (thinned to it), stable the others. */
function splitShards(
  { shards }: RecordedInterval,
  order: readonly number[],
  share: number,
  random: () => number,
): { readonly canary: ArmCounts; readonly stable: ArmCounts } {
  const size = Math.min(shards.length - 1, Math.max(1, Math.ceil(share * shards.length)))
  const pick = (places: readonly number[]): ArmCounts =>
    places.flatMap((place) => shards[place] ?? []).reduce(addArms, NO_REQUESTS)
  const [ours, theirs] = [pick(order.slice(0, size)), pick(order.slice(size))]
  const total = ours.requests + theirs.requests
  if (!(total > 0)) return { canary: NO_REQUESTS, stable: NO_REQUESTS }
  return {
    canary: thin(ours, Math.min(1, (share * total) / ours.requests), 1, random),
    stable: thin(theirs, Math.min(1, ((1 - share) * total) / theirs.requests), 1, random),
  }
}

function splitTimes(
  now: RecordedInterval,
  other: RecordedInterval,
  trend: number,
  share: number,
  random: () => number,
): { readonly canary: ArmCounts; readonly stable: ArmCounts } {
  const [here, there] = [now.shards.reduce(addArms, NO_REQUESTS), other.shards.reduce(addArms, NO_REQUESTS)]
  const level = there.requests > 0 ? here.requests / there.requests : 0
  return {
    canary: thin(there, Math.min(1, share * level), trend, random),
    stable: thin(here, 1 - share, 1, random),
  }
}

/** How much higher stable's events per request run around one interval than around another. */
type Trend = (to: number, from: number) => number

/** The trend of a record by means over 6 h; 1 in short records, and for latencies, whose level is not moved. */
export function trendOf({ record, check }: Pick<ReplaySource, 'record' | 'check'>): Trend {
  const whole = record.reduce((sum, interval) => sum + interval.duration, 0)
  const eventsOf = kindOf(check).calibrate(check)?.events ?? null
  if (whole < 2 * TREND || eventsOf === null) return () => 1
  const length = record.length
  const reach = Math.min(Math.floor((length - 1) / 2), Math.max(1, Math.floor(TREND / 2 / (whole / length))))
  // Sums up to each interval of the record, twice over: around its ends it goes on at the other one.
  const sums: { events: number; requests: number }[] = [{ events: 0, requests: 0 }]
  for (let index = 0; index < 2 * length; index += 1) {
    const shards = record[index % length]?.shards ?? []
    const before = sums[index] ?? { events: 0, requests: 0 }
    sums.push({
      events: before.events + shards.reduce((sum, shard) => sum + eventsOf(shard), 0),
      requests: before.requests + shards.reduce((sum, shard) => sum + shard.requests, 0),
    })
  }
  const around = (centre: number): number => {
    const first = (((centre - reach) % length) + length) % length
    const [before, after] = [sums[first], sums[first + 2 * reach + 1]]
    if (before === undefined || after === undefined) return 1
    return (after.events - before.events + 1) / (after.requests - before.requests + 1)
  }
  return (to, from) => around(to) / around(from)
}

/** Keeps each request with probability `part`; of the events `factor` times as many, as far as there are requests. */
function thin(arm: ArmCounts, part: number, factor: number, random: () => number): ArmCounts {
  const requests = drawBinomial(arm.requests, part, random)
  const draw = (count: number): number => multiplyCount(count, part * factor, random)
  return {
    requests,
    errors: Math.min(requests, draw(arm.errors)),
    latency:
      arm.latency === null
        ? null
        : { ...arm.latency, counts: arm.latency.counts.map((count) => drawBinomial(count, part, random)) },
    events: Object.fromEntries(Object.entries(arm.events).map(([name, count]) => [name, draw(count)])),
  }
}

/** The replay with a canary that is so many times worse, in what the check counts. */
export function worsenTape(check: Check, tape: Tape, times: number, random: () => number): Tape {
  const counting = kindOf(check).calibrate(check)
  if (counting === null) return tape
  return tape.map((look) => ({ ...look, canary: counting.worsen(look.canary, times, random) }))
}

function shuffle(size: number, random: () => number): readonly number[] {
  const order = Array.from({ length: size }, (_, index) => index)
  for (let index = size - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    const [a, b] = [order[index] ?? 0, order[other] ?? 0]
    order[index] = b
    order[other] = a
  }
  return order
}
