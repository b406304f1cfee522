import type { PoolRoles } from '../../src/domain/exposure.ts'
import type { ArmCounts, MetricResult, Observation } from '../../src/domain/observation.ts'
import type { MetricSource, ObserveRequest } from '../../src/metrics/metric-source.ts'
import type { ObservedRouting } from '../../src/routers/router.ts'

/** How a pool behaves now; change it while a release runs. */
export interface PoolScript {
  /** Requests the pool would get with everybody on it. */
  requestsPerSecond: number
  errorRate: number
  /** Share of requests slower than 500 ms; the others take about 50 ms. */
  slowShare: number
}

export interface Script {
  readonly pools: Record<string, PoolScript>
  /** When set, every observation is this instead of numbers. */
  outage: MetricResult<never> | null
  /** Milliseconds by which what is counted lags behind what users see. */
  lag: number
}

export function healthyScript(): Script {
  const pool = () => ({ requestsPerSecond: 400, errorRate: 0.005, slowShare: 0.01 })
  return { pools: { blue: pool(), green: pool(), off: pool(), on: pool() }, outage: null, lag: 0 }
}

const BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1]

/**
 * A metric source whose traffic follows a script and the live split by the time it is asked with: days of traffic cost
 * nothing, and the same windows give the same counts in every worker.
 */
export function scriptedSource(script: Script, users: { observe(): Users | Promise<Users> }): MetricSource {
  return {
    capabilities: { counts: true, latency: true, queries: 'promql', records: false },
    async observe(request) {
      const start = startOf(request)
      if (script.outage !== null)
        return { ...both(script.outage), cursor: request.since, window: { start, end: start } }
      const end = Math.max(start, request.now - script.lag)
      const seconds = (end - start) / 1_000
      const { stable, canary } = request.roles
      const shareOf = shareIn(await users.observe())
      return {
        stable: { kind: 'value', value: counts(script.pools[stable], seconds * shareOf(stable)) },
        canary: { kind: 'value', value: counts(script.pools[canary], seconds * shareOf(canary)) },
        cursor: { end },
        window: { start, end },
      }
    },
    query: async () => ({ kind: 'noData', reason: 'the script answers no queries' }),
    close: async () => {},
  }
}

type Users = Pick<ObservedRouting, 'split' | 'cohorts'>

/** Users in cohorts are one in fifty. */
function shareIn({ split, cohorts }: Users): (pool: string) => number {
  return (pool) => (split[pool] ?? 0) / 10_000 + (Object.values(cohorts).includes(pool) ? 0.02 : 0)
}

function startOf({ since, notBefore }: ObserveRequest): number {
  const end = since?.['end']
  return Math.max(notBefore, typeof end === 'number' ? end : notBefore)
}

function both(result: MetricResult<never>): Pick<Observation, keyof PoolRoles> {
  return { stable: result, canary: result }
}

/** Expected counts, rounded: deterministic, and for windows of seconds as good as real ones. */
function counts(pool: PoolScript | undefined, seconds: number): ArmCounts {
  const { requestsPerSecond, errorRate, slowShare } = pool ?? { requestsPerSecond: 0, errorRate: 0, slowShare: 0 }
  const requests = Math.round(requestsPerSecond * seconds)
  const slow = Math.round(requests * slowShare)
  const quick = requests - slow
  const spread = [Math.round(quick * 0.1), Math.round(quick * 0.4), Math.round(quick * 0.4)]
  const rest = quick - spread.reduce((sum, count) => sum + count, 0)
  return {
    requests,
    errors: Math.round(requests * errorRate),
    latency: { upperBoundsSeconds: BOUNDS, counts: [...spread, rest, 0, slow, 0] },
    events: { orders: Math.round(requests * 0.3) },
  }
}
