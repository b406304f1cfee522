import type { TargetAdapters } from '../activities/dependencies.ts'
import { boundsOf, type LatencyShape, slowerThan } from '../analysis/judges/sequential/latency-shape.ts'
import type { Random } from '../analysis/statistics/random.ts'
import type { Exposure, PoolRoles } from '../domain/exposure.ts'
import type { ArmCounts, LatencyHistogram, Observation } from '../domain/observation.ts'
import { FULL_WEIGHT, type Instant, type Milliseconds } from '../domain/units.ts'

/** How one version behaves. */
interface Behaviour {
  /** Share of its requests that fail, in [0, 1]. */
  readonly errors: number
  /** How many times as slow as `latency` of the traffic it is. */
  readonly slower: number
  /** Events per request, by name. */
  readonly events: Readonly<Record<string, number>>
}

/** The traffic of a simulated target, and how both versions deal with it. Plain JSON. */
export interface SimulatedTraffic {
  /** Of the whole target. */
  readonly requestsPerSecond: number
  /** Share of the requests that each cohort sends, in [0, 1]. */
  readonly cohortShare: number
  /** Latency of stable; null where it is not known, and nothing is measured. */
  readonly latency: LatencyShape | null
  /** How far the metrics are behind what users see. */
  readonly lag: Milliseconds
  readonly stable: Behaviour
  readonly canary: Behaviour
}

export const ROLES: PoolRoles = { stable: 'stable', canary: 'canary' }
export const RELEASE_ID = 'release/simulated/simulated/1'

/** The share of all requests that the canary answers at this exposure, in [0, 1]: copies are answered by stable. */
export function canaryShare({ weight, cohorts }: Exposure, { cohortShare }: SimulatedTraffic): number {
  const inCohorts = Math.min(1, cohorts.length * cohortShare)
  return inCohorts + (1 - inCohorts) * (weight / FULL_WEIGHT)
}

/**
 * The adapters of a target that does not exist: a router that shows what was asked for, and for each name a metric source
 * that draws what both pools served since the last look.
 */
export function simulatedTarget(
  traffic: SimulatedTraffic,
  sources: readonly string[],
  live: () => Exposure,
  random: Random,
): TargetAdapters {
  const draw = drawsOf(traffic, random)
  const source = {
    capabilities: { counts: true, latency: traffic.latency !== null, queries: 'promql', records: false },
    async observe({ since, now, notBefore }: { since: object | null; now: Instant; notBefore: Instant }) {
      const known = since !== null && 'end' in since && typeof since.end === 'number' ? since.end : notBefore
      const start = Math.max(notBefore, known)
      const end = Math.max(start, now - traffic.lag)
      const share = canaryShare(live(), traffic)
      const requests = traffic.requestsPerSecond * ((end - start) / 1_000)
      // As if every request could be copied.
      const copies = (1 - share) * ((live().mirror ?? 0) / FULL_WEIGHT)
      return {
        stable: { kind: 'value', value: draw(traffic.stable, requests * (1 - share)) },
        canary: { kind: 'value', value: draw(traffic.canary, requests * (share + copies)) },
        window: { start, end },
        cursor: { end },
      } satisfies Observation
    },
    query: async () => ({ kind: 'error', fault: 'unavailable', reason: 'a simulation has nobody to ask queries' }),
    close: async () => undefined,
  } satisfies TargetAdapters['metrics'][string]
  return {
    pools: [ROLES.stable, ROLES.canary],
    router: quietRouter(live),
    metrics: Object.fromEntries(sources.map((name) => [name, source])),
  }
}

/** Shows what is live under the fence that asks; nobody else writes to it. */
function quietRouter(live: () => Exposure): TargetAdapters['router'] {
  return {
    capabilities: {
      ...{ weightStep: 1, cohorts: true, sticky: 'hash' },
      ...{ readBack: 'config', atomic: true, survivesRestart: true },
    },
    async read() {
      const { weight, cohorts, flags, tickets, mirror } = live()
      return {
        ...(flags !== undefined && { flags }),
        ...(tickets === true && { tickets: RELEASE_ID }),
        ...(mirror !== undefined && { mirror: { pool: ROLES.canary, share: mirror } }),
        split: { [ROLES.stable]: FULL_WEIGHT - weight, [ROLES.canary]: weight },
        cohorts: Object.fromEntries(cohorts.map((cohort) => [cohort, ROLES.canary])),
        ...{ fence: null, flaw: null, incarnation: 'simulated', served: null },
      }
    },
    apply: async () => ({ warning: null }),
    close: async () => undefined,
  }
}

/** Draws what a version does with so many expected requests: their number is Poisson, their parts are binomial. */
function drawsOf(traffic: SimulatedTraffic, random: Random): (how: Behaviour, expected: number) => ArmCounts {
  const latencies = new Map<Behaviour, (requests: number) => LatencyHistogram | null>()
  return (how, expected) => {
    const requests = random.poisson(expected)
    const drawLatency = latencies.get(how) ?? latencyDraws(traffic.latency, how.slower, random)
    latencies.set(how, drawLatency)
    return {
      requests,
      errors: random.binomial(requests, how.errors),
      latency: drawLatency(requests),
      events: Object.fromEntries(
        Object.entries(how.events).map(([name, share]) => [name, drawEvents(requests, share, random)]),
      ),
    }
  }
}

/** Events that come more than once per request are counted as they come. */
function drawEvents(requests: number, share: number, random: Random): number {
  return share <= 1 ? random.binomial(requests, share) : random.poisson(requests * share)
}

/** Bucket by bucket, each from the requests that are left: together they are multinomial. */
function latencyDraws(
  shape: LatencyShape | null,
  slower: number,
  random: Random,
): (requests: number) => LatencyHistogram | null {
  if (shape === null) return () => null
  const upperBoundsSeconds = boundsOf(shape)
  const survival = slowerThan(shape)
  const above = upperBoundsSeconds.map((bound) => survival(bound / slower))
  return (requests) => {
    let [left, before] = [requests, 1]
    const counts = above.map((share) => {
      const count = before <= 0 ? 0 : random.binomial(left, (before - share) / before)
      left -= count
      before = share
      return count
    })
    return { upperBoundsSeconds, counts: [...counts, left] }
  }
}
