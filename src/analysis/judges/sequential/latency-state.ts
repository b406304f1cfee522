import type { Instant } from '../../../domain/units.ts'
import type { Verdict } from '../../../domain/verdict.ts'
import { EMPTY_TALLY, type Tally } from '../../tally.ts'
import type { LatencyEffect } from './latency-effect.ts'
import type { SlowShare } from './slow-share.ts'
import { SLOWDOWNS } from './slowdown-test.ts'
import { startWealth, type Wealth } from './wealth.ts'

/** Requests seen so far in each bucket, newest counted most. Plain JSON. */
interface SeenLatency {
  readonly upperBoundsSeconds: readonly number[]
  readonly canary: readonly number[]
  readonly stable: readonly number[]
}

/** What the judge remembers between looks. Plain JSON: one number per bet, two per bucket. */
export interface LatencyState {
  readonly kind: 'latency'
  readonly lastEnd: Instant | null
  readonly tally: Tally
  /** The same over all exposures, as `seen` is: what sentences count. Absent in the state of an older version. */
  readonly release?: Tally
  readonly wealth: Wealth
  /** Null until the first histogram, and again after a change of the buckets. */
  readonly seen: SeenLatency | null
  /** Absent until stable has shown what is slow, and in the state of an older version. */
  readonly slow?: SlowShare
  /** How stable's slow requests come; null until the first histogram. Absent in the state of an older version. */
  readonly effect?: LatencyEffect | null
  readonly failure: Verdict | null
}

/** From this many requests on, older ones are counted half, so that bets follow the day. */
const FORGET_FROM = 1_000_000

/** The state before the first look. */
export function startLatency(): LatencyState {
  return {
    kind: 'latency',
    lastEnd: null,
    tally: EMPTY_TALLY,
    release: EMPTY_TALLY,
    wealth: startWealth(SLOWDOWNS.length),
    seen: null,
    effect: null,
    failure: null,
  }
}

/** Counts so far with one more look, older ones counted half once there are very many. */
export function addCounts(kept: readonly number[], added: readonly number[]): readonly number[] {
  const total = kept.reduce((sum, count) => sum + count, 0)
  const part = total > FORGET_FROM ? 0.5 : 1
  return added.map((count, index) => (kept[index] ?? 0) * part + count)
}

/** The tally over all exposures; of an older version’s state the one there is. */
export function releaseOf(state: LatencyState): Tally {
  return state.release ?? state.tally
}
