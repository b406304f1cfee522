import { setImmediate } from 'node:timers/promises'
import { lookOnce } from '../../src/activities/guard-look.ts'
import type { KeeperRights } from '../../src/activities/keep-router.ts'
import type { ListedCheck as Check } from '../../src/analysis/checks/index.ts'
import { createRandom, type Random } from '../../src/analysis/statistics/random.ts'
import type { RouterCapabilities } from '../../src/domain/capabilities.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { ArmCounts, MetricResult, MissingParts } from '../../src/domain/observation.ts'
import { type GuardInput, type GuardOutcome, type GuardState, withoutEvidence } from '../../src/domain/release/guard.ts'
import type { MetricSource, ObserveRequest } from '../../src/metrics/metric-source.ts'
import type { Router } from '../../src/routers/router.ts'

/** How a pool answers now. */
export interface Behaviour {
  /** Share of requests that fail at once. */
  errorRate: number
  /** Share of requests that get no answer until `patience` is over; then they fail. */
  hangs: number
  medianSeconds: number
  /** Seconds until whoever waits gives up. */
  patience: number
  /** False: the router sends nothing here, whatever it says. */
  isReached: boolean
  restarts: number
}

export interface TrafficSettings {
  readonly seed?: number
  /** Requests per second of the whole service at a time in seconds. */
  readonly rate?: (seconds: number) => number
  /** So many users, each with a share of 1/rank of the requests; absent: every request is a user of its own. */
  readonly users?: number
  readonly sticky?: RouterCapabilities['sticky']
  /** What the router says of the requests it has sent. */
  readonly served?: boolean
  /** Whether the source counts requests when they are sent as well. */
  readonly started?: boolean
  readonly latency?: boolean
  /** Seconds between two looks. */
  readonly interval?: number
  /** Seconds by which the source lags behind. */
  readonly lag?: number
  readonly checks?: readonly Check[]
  /** False: as a release that was started before there was a floor. */
  readonly floor?: boolean
  /** What the source says that it cannot count. */
  readonly missing?: MissingParts
}

/** Nobody else is there, and every write is allowed. */
const RIGHTS: KeeperRights = { isHolder: async () => 'yes', permit: { confirm: async () => {}, check: () => {} } }
export const POOLS = ['blue', 'green'] as const
const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Request {
  readonly pool: string
  readonly sentAt: number
  readonly endsAt: number
  readonly isError: boolean
}

/** Looks of a guard at traffic that is made up request by request. Times are seconds; the guard's are milliseconds. */
export function watchedTraffic(settings: TrafficSettings = {}) {
  const { rate = () => 100, sticky = 'hash', interval = 1, lag = 0, checks = [] } = settings
  const random = createRandom(settings.seed ?? 1)
  const userOf = drawUser(random, settings.users)
  const healthy = { errorRate: 0.005, hangs: 0, medianSeconds: 0.05, patience: 30, isReached: true, restarts: 0 }
  const pools: Record<string, Behaviour> = { blue: { ...healthy }, green: { ...healthy } }
  const requests: Request[] = []
  const restarts: { pool: string; at: number }[] = []
  const served: Record<string, number> = { blue: 0, green: 0 }
  let weight = 0
  let now = 1_000
  let made = now
  let epoch = 0
  let exposedAt = 0
  let memory: GuardState | null = null
  let isBroken = false

  function make(until: number): void {
    for (; made < until; made += 1) {
      const count = random.poisson(rate(made))
      for (let index = 0; index < count; index += 1) send(made + random.uniform())
      for (const pool of POOLS) {
        const behaviour = pools[pool]
        if (behaviour !== undefined && behaviour.restarts > 0) restarts.push({ pool, at: made + 0.5 })
      }
    }
  }

  function send(at: number): void {
    const wanted = userOf() < weight / 10_000 ? 'green' : 'blue'
    const pool = pools[wanted]?.isReached === true ? wanted : 'blue'
    const how = pools[pool] ?? healthy
    served[pool] = (served[pool] ?? 0) + 1
    const isHanging = random.uniform() < how.hangs
    const took = isHanging ? how.patience : how.medianSeconds * random.logNormal(0, 0.6)
    requests.push({ pool, sentAt: at, endsAt: at + took, isError: isHanging || random.uniform() < how.errorRate })
  }

  const router: Router = {
    capabilities: {
      ...{ weightStep: 1, cohorts: false, sticky, atomic: true, survivesRestart: true },
      readBack: settings.served === true ? 'traffic' : 'config',
    },
    read: async () => {
      if (isBroken) throw new SluiceError('router.unreachable', { message: 'the router does not answer' })
      return {
        split: { blue: 10_000 - weight, green: weight },
        ...{
          cohorts: {},
          fence: null,
          flaw: null,
          incarnation: '1',
          served: settings.served === true ? { ...served } : null,
        },
      }
    },
    apply: async () => ({ warning: null }),
    close: async () => {},
  }

  const source: MetricSource = {
    capabilities: { counts: true, latency: settings.latency === true, queries: null, records: false },
    async observe(request) {
      const [start, end] = windowOf(request, lag)
      const seen = { start, end, settings, requests, restarts }
      return {
        stable: countPool('blue', seen),
        canary: countPool('green', seen),
        ...{ window: { start: start * 1_000, end: end * 1_000 }, cursor: { end } },
      }
    },
    query: async () => ({ kind: 'noData', reason: 'no queries' }),
    close: async () => {},
  }
  const adapters = { pools: POOLS, router, metrics: { store: source } }

  /** Puts the canary at a weight and looks so often, or until the watch ends by itself. */
  async function watch(at: number, looks: number, more: Partial<GuardInput> = {}): Promise<Watched> {
    if (at !== weight || memory === null) {
      epoch += 1
      exposedAt = now * 1_000
    }
    weight = at
    const input: GuardInput = {
      ...{ target: { service: 'shop', environment: 'production' }, releaseId: 'release/shop/production/1' },
      ...{
        roles: { stable: 'blue', canary: 'green' },
        exposure: { weight, cohorts: [] },
        fence: { release: 1, epoch },
      },
      ...{
        exposedAt,
        checks,
        interval: interval * 1_000,
        blindLimit: null,
        watchesRouter: true,
        endsWhenProven: false,
      },
      ...{
        resume: memory,
        names: { canary: '2.0', stable: '1.9' },
        ...(settings.floor !== false && { floor: { errors: 0.5, requests: 20 } }),
        ...more,
      },
    }
    let state: GuardState | null = null
    let outcome: GuardOutcome | null = null
    let taken = 0
    for (; taken < looks && outcome === null; taken += 1) {
      if (taken > 0) now += interval
      make(now)
      const result = await lookOnce(adapters, input, state, now * 1_000, RIGHTS, new AbortController().signal)
      // What travels between two looks is JSON.
      state = JSON.parse(JSON.stringify(result.state)) as GuardState
      outcome = result.outcome
      forget(requests, now - lag - 120)
      if (taken % 500 === 0) await setImmediate()
    }
    memory = state
    return { outcome, looks: taken, state: state as GuardState }
  }
  return {
    pools,
    watch,
    adapters,
    now: () => now * 1_000,
    breakRouter: (is: boolean) => {
      isBroken = is
    },
    /** What the workflow does at a person's word with a check that has failed. */
    forget: (check: string) => {
      memory = memory === null ? null : withoutEvidence(memory, (name) => name === check)
    },
    /** Lets time pass in which nobody looks. */
    sleep: (seconds: number) => {
      now += seconds
      make(now)
    },
  }
}

export interface Watched {
  readonly outcome: GuardOutcome | null
  readonly looks: number
  readonly state: GuardState
}

function windowOf({ since, now, notBefore }: ObserveRequest, lag: number): [number, number] {
  const from = notBefore / 1_000
  const known = since?.['end']
  const start = typeof known === 'number' && known >= from ? known : from
  return [start, Math.max(start, now / 1_000 - lag)]
}

interface Seen {
  readonly start: number
  readonly end: number
  readonly settings: TrafficSettings
  readonly requests: readonly Request[]
  readonly restarts: readonly { pool: string; at: number }[]
}

function countPool(pool: string, { start, end, settings, requests, restarts }: Seen): MetricResult<ArmCounts> {
  const isIn = (at: number) => at > start && at <= end
  const own = requests.filter((request) => request.pool === pool)
  const ended = own.filter(({ endsAt }) => isIn(endsAt))
  const counts = [...BOUNDS.map(() => 0), 0]
  for (const { endsAt, sentAt } of ended) {
    const bucket = BOUNDS.findIndex((bound) => endsAt - sentAt <= bound)
    counts[bucket === -1 ? BOUNDS.length : bucket] = (counts[bucket === -1 ? BOUNDS.length : bucket] ?? 0) + 1
  }
  const value: ArmCounts = {
    ...{ requests: ended.length, errors: ended.filter(({ isError }) => isError).length, events: {} },
    latency: settings.latency === true ? { upperBoundsSeconds: BOUNDS, counts } : null,
    ...(settings.started === true && { started: own.filter(({ sentAt }) => isIn(sentAt)).length }),
    ...(settings.missing !== undefined && { missing: settings.missing }),
    restarts: restarts.filter((one) => one.pool === pool && isIn(one.at)).length,
  }
  return { kind: 'value', value }
}

/** Old requests are counted already; the list would only grow. */
function forget(requests: Request[], before: number): void {
  if (requests.length < 20_000) return
  const kept = requests.filter(({ endsAt }) => endsAt > before)
  requests.length = 0
  for (const request of kept) requests.push(request)
}

/** Where a request's user lies between 0 and 1: users keep their place, and the first asks most. */
function drawUser(random: Random, users: number | undefined): () => number {
  if (users === undefined) return random.uniform
  const places = Array.from({ length: users }, () => random.uniform())
  const shares = places.map((_, rank) => 1 / (rank + 1))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return () => {
    let left = random.uniform() * total
    const user = shares.findIndex((share) => {
      left -= share
      return left <= 0
    })
    return places[Math.max(0, user)] ?? 0
  }
}
