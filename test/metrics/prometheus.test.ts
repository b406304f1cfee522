import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { ArmCounts, Cursor, MetricResult, Observation } from '../../src/domain/observation.ts'
import { instantQuery } from '../../src/metrics/prometheus/http-api.ts'
import { quote } from '../../src/metrics/prometheus/series.ts'
import { prometheusSource } from '../../src/metrics/prometheus.ts'
import {
  describeMetricSourceContract,
  type MetricWorld,
  type PoolTraffic,
} from '../contracts/metric-source-contract.ts'
import { open } from '../support/calls.ts'
import {
  type PrometheusServer,
  type ScriptedTarget,
  startPrometheus,
  startScriptedTarget,
} from '../support/prometheus-server.ts'
import { requireServer } from '../support/require-server.ts'

const SCRAPE = 100
const DELAY = 50
const BOUNDS = [0.01, 0.05, 0.1, 0.5, 1]
const PATHS = ['first', 'second'] as const

describe.skipIf(!requireServer('prometheus'))('with a real Prometheus', () => {
  afterAll(stopShared)
  describeMetricSourceContract('prometheus', prometheusWorld)
  describe('the prometheus source', () => {
    realPromises()
  })
})
describe('the prometheus source with an API that misbehaves', () => {
  apiPromises()
})
describe('the options of the prometheus source', () => {
  optionPromises()
})

function realPromises() {
  it('adds up over 20 windows to what the counters say, over new instances, series, resets and a gap', async () => {
    const world = await prometheusWorld()
    const { stable, canary } = world.roles
    const notBefore = world.now()
    const expected = { requests: 0, errors: 0, orders: 0, slow: 0 }
    const sum = { requests: 0, errors: 0, orders: 0, slow: 0 }
    let since: Cursor | null = null
    let ends: number[] = []
    for (let round = 0; round < 20; round += 1) {
      if (round === 9) await world.restart(canary)
      if (round === 13) await world.hide(canary)
      if (round === 16) await world.show(canary)
      const errors = round >= 5 ? round : 0
      await world.record(stable, { requests: 11 })
      await world.record(canary, {
        requests: 10 + round,
        errors,
        latencySeconds: round % 3 === 0 ? 0.3 : 0.02,
        events: { orders: round % 2 },
      })
      expected.requests += 10 + round
      expected.errors += errors
      expected.orders += round % 2
      expected.slow += round % 3 === 0 ? 10 + round : 0
      // Not every round waits: windows of all lengths, and some without a scrape.
      await (round % 4 === 0 || round === 8 ? world.settle() : delay(60))
      const seen: Observation = await world
        .connect()
        .observe({ roles: world.roles, since, now: world.now(), notBefore }, open())
      since = JSON.parse(JSON.stringify(seen.cursor))
      ends.push(seen.window.start, seen.window.end)
      add(sum, seen.canary)
    }
    await world.settle()
    const last = await world.connect().observe({ roles: world.roles, since, now: world.now(), notBefore }, open())
    add(sum, last.canary)
    expect(sum).toEqual(expected)
    ends = [...ends, last.window.start]
    expect(ends).toEqual(ends.toSorted((left, right) => left - right))
    await world.teardown()
  })

  it('leaves out what was served before the first exposure and scraped after it, but no new series', async () => {
    const world = await prometheusWorld()
    const { stable, canary } = world.roles
    await world.record(stable, { requests: 1_000 })
    await world.settle()
    await world.record(stable, { requests: 500 })
    const notBefore = world.now()
    await world.record(canary, { requests: 40, errors: 4 })
    await world.settle()
    await world.record(stable, { requests: 30 })
    await world.settle()
    const seen = await world.connect().observe({ roles: world.roles, since: null, now: world.now(), notBefore }, open())
    expect(seen).toMatchObject({
      stable: { kind: 'value', value: { requests: 30, errors: 0 } },
      canary: { kind: 'value', value: { requests: 40, errors: 4 } },
    })
    await world.teardown()
  })

  it('calls a pool stale whose process is gone, with the age of its last sample', async () => {
    const world = await prometheusWorld()
    const notBefore = world.now()
    for (const pool of Object.values(world.roles)) await world.record(pool, { requests: 10 })
    await world.settle()
    const first = await world
      .connect()
      .observe({ roles: world.roles, since: null, now: world.now(), notBefore }, open())
    await world.kill(world.roles.canary)
    await delay(1_000)
    const look = (since: Cursor | null) =>
      world.connect().observe({ roles: world.roles, since, now: world.now(), notBefore }, open())
    const second = await look(first.cursor)
    await delay(400)
    const third = await look(second.cursor)
    expect(third.stable.kind).toBe('value')
    expect(third.canary).toEqual({ kind: 'stale', ageSeconds: expect.any(Number), reason: expect.any(String) })
    expect('ageSeconds' in third.canary ? third.canary.ageSeconds : 0).toBeGreaterThan(0.7)
    await world.teardown()
  })

  it('answers free queries with numbers, and names what is none', async () => {
    const world = await prometheusWorld()
    const source = world.connect()
    const query = (text: string) => source.query({ query: text, now: world.now() }, open())
    expect(await query('vector(3)')).toEqual({ kind: 'value', value: [3] })
    expect(await query('scalar(vector(4))')).toEqual({ kind: 'value', value: [4] })
    expect(await query('vector(0) / 0')).toMatchObject({ kind: 'nan' })
    expect(await query('vector(1) / 0')).toMatchObject({ kind: 'nan' })
    expect(await query('"text"')).toMatchObject({ kind: 'error', fault: 'malformed' })
    expect(await query('up[1m]')).toMatchObject({ kind: 'error', fault: 'malformed' })
    expect(await query('sum(')).toMatchObject({
      kind: 'error',
      fault: 'badQuery',
      reason: expect.stringContaining('400'),
    })
    expect(await query('up * on() up')).toMatchObject({ kind: 'error', fault: 'badQuery' })
    await world.teardown()
  })

  it('keeps label values inside their string, whatever they are', async () => {
    const world = await prometheusWorld()
    const escapes = [
      'a"} or vector(1) or up{x="',
      'back\\slash',
      'new\nline',
      'tab\t and \u0001 and \u0085',
      'ünï-cödé',
    ]
    for (const text of escapes) {
      const api = { endpoint: `${world.url}/api/v1/query`, headers: {}, deadline: 2_000, fetch: globalThis.fetch }
      const echo = `label_replace(vector(1), "echo", ${quote(text)}, "", "")`
      expect(await instantQuery(api, echo, world.now(), open())).toEqual({
        kind: 'value',
        value: [{ labels: { echo: text }, value: 1 }],
      })
    }
    await world.teardown()
  })
}

function apiPromises() {
  const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })
  const answer = (result: unknown, more = {}) => json({ status: 'success', data: result, ...more })
  const ask = (reply: () => Response | Promise<Response>, options: object = {}) =>
    prometheusSource
      .open(
        { ...optionsFor('http://prometheus.test/base/'), ...options },
        { pools: ['blue', 'green'], fetch: async () => reply() },
      )
      .query({ query: 'up', now: 1_000 }, open())

  it.each([
    [401, {}, 'auth'],
    [403, {}, 'auth'],
    [429, {}, 'throttled'],
    [400, { status: 'error', errorType: 'bad_data', error: 'parse error' }, 'badQuery'],
    [422, { status: 'error', errorType: 'execution', error: 'many-to-many' }, 'badQuery'],
    [503, { status: 'error', errorType: 'timeout', error: 'query timed out' }, 'timeout'],
    [503, { status: 'error', errorType: 'unavailable', error: 'starting' }, 'unavailable'],
    [504, {}, 'timeout'],
    [500, {}, 'unavailable'],
  ])('turns status %i with %o into the fault %s', async (status, body, fault) => {
    expect(await ask(() => json(body, status))).toMatchObject({ kind: 'error', fault })
  })

  it('follows no redirect', async () => {
    const hops: string[] = []
    const source = prometheusSource.open(optionsFor('http://prometheus.test'), {
      pools: ['blue', 'green'],
      fetch: async (input, init) => {
        hops.push(typeof input === 'string' ? input : 'not a text', init?.redirect ?? 'none')
        return new Response(null, { status: 302, headers: { location: 'http://127.0.0.1/' } })
      },
    })
    const seen = await source.query({ query: 'up', now: 1_000 }, open())
    expect(seen).toMatchObject({ kind: 'error', fault: 'unavailable' })
    expect(hops).toEqual(['http://prometheus.test/api/v1/query', 'manual'])
  })

  it.each([
    ['no JSON', () => new Response('<html>')],
    ['another shape', () => json({ status: 'success', data: { resultType: 'vector', result: [{ value: [1, 2] }] } })],
    ['a native histogram', () => answer({ resultType: 'vector', result: [{ metric: {}, histogram: [1, {}] }] })],
    ['more than 1 MiB', () => new Response('x'.repeat(1024 * 1024 + 1))],
  ])('calls %s malformed', async (_, reply) => {
    expect(await ask(reply)).toMatchObject({ kind: 'error', fault: 'malformed' })
  })

  it('takes an answer with a missing part for none, and says which', async () => {
    const whole = { resultType: 'vector', result: [{ metric: {}, value: [1, '5'] }] }
    const partial = await ask(() => answer(whole, { warnings: ['store gateway 2 did not answer'] }))
    expect(partial).toMatchObject({ kind: 'error', fault: 'unavailable', reason: expect.stringContaining('gateway 2') })
    const remark = await ask(() =>
      answer(whole, { warnings: ['PromQL warning: quantile value should be between 0 and 1'] }),
    )
    expect(remark).toEqual({ kind: 'value', value: [5] })
  })

  it('ends with a timeout when the body never ends', async () => {
    const hanging = () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([123])) }))
    const calls: (AbortSignal | null | undefined)[] = []
    const source = prometheusSource.open(
      { ...optionsFor('http://prometheus.test'), deadline: '100ms' },
      {
        pools: ['blue', 'green'],
        fetch: async (_, init) => {
          calls.push(init?.signal)
          const body = hanging()
          init?.signal?.addEventListener('abort', () => void body.body?.cancel().catch(() => {}))
          return new Response(
            body.body?.pipeThrough(new TransformStream(), init?.signal ? { signal: init.signal } : {}),
          )
        },
      },
    )
    expect(await source.query({ query: 'up', now: 1_000 }, open())).toMatchObject({ kind: 'error', fault: 'timeout' })
    expect(calls[0]?.aborted).toBe(true)
  })

  it('sends the secrets of the environment, and never shows them', async () => {
    process.env['SLUICE_TEST_TOKEN'] = 'very-secret'
    process.env['SLUICE_TEST_TENANT'] = 'team-7'
    const sent: Headers[] = []
    const source = prometheusSource.open(
      {
        ...optionsFor('http://prometheus.test'),
        bearer: { env: 'SLUICE_TEST_TOKEN' },
        tenant: { env: 'SLUICE_TEST_TENANT' },
      },
      {
        pools: ['blue', 'green'],
        fetch: async (_, init) => {
          sent.push(new Headers(init?.headers))
          return json({ status: 'error', error: 'no' }, 401)
        },
      },
    )
    const seen = await source.query({ query: 'up', now: 1_000 }, open())
    expect(sent[0]?.get('authorization')).toBe('Bearer very-secret')
    expect(sent[0]?.get('x-scope-orgid')).toBe('team-7')
    expect(JSON.stringify(seen)).not.toContain('very-secret')
    delete process.env['SLUICE_TEST_TOKEN']
    delete process.env['SLUICE_TEST_TENANT']
  })
}

function optionPromises() {
  it.each([
    ['a metric with a brace', { requests: { metric: 'up{x="1"}' } }],
    ['a label with an operator', { poolLabel: 'pool!="x",y' }],
    ['an internal label', { poolLabel: '__name__' }],
    ['an address with a password', { url: 'http://me:secret@prometheus.test' }],
    ['an address that is none', { url: 'file:///etc/passwd' }],
    ['a bare number as a duration', { scrapeInterval: '15' }],
    ['an interval of nothing', { scrapeInterval: '0s' }],
    ['a key it does not know', { query: 'up' }],
    ['a secret in place of its variable', { bearer: 'very-secret' }],
  ])('refuse %s', (_, change) => {
    const make = () =>
      prometheusSource.open({ ...optionsFor('http://prometheus.test'), ...change }, { pools: ['blue', 'green'] })
    expect(make).toThrow(expect.objectContaining({ code: 'config.invalid' }))
  })

  it.each([
    ['a variable that is not set', { bearer: { env: 'SLUICE_TEST_NOT_SET' } }],
    ['two kinds of credentials', { bearer: { env: 'PATH' }, basic: { user: 'me', password: { env: 'PATH' } } }],
  ])('cannot work with %s', (_, change) => {
    const make = () =>
      prometheusSource.open({ ...optionsFor('http://prometheus.test'), ...change }, { pools: ['blue', 'green'] })
    expect(make).toThrow(expect.objectContaining({ code: 'metrics.misconfigured' }))
  })

  it('say what they can measure: no latency without a histogram, and only the events that are named', () => {
    const { latency: _latency, ...without } = optionsFor('http://prometheus.test')
    const source = prometheusSource.open(without, { pools: ['blue', 'green'] })
    expect(source.capabilities).toMatchObject({ latency: false, events: Object.keys(without.events) })
    expect(prometheusSource.capabilitiesWith(without)).toEqual(source.capabilities)
    expect(prometheusSource.capabilitiesWith(optionsFor('http://prometheus.test')).latency).toBe(true)
    expect(() => prometheusSource.capabilitiesWith({ kind: 'prometheus' })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  })
}

interface Sum {
  requests: number
  errors: number
  orders: number
  slow: number
}

function add(sum: Sum, result: MetricResult<ArmCounts>): void {
  if (result.kind !== 'value') return
  const { requests, errors, latency, events } = result.value
  sum.requests += requests
  sum.errors += errors
  sum.orders += events['orders'] ?? 0
  sum.slow += latency?.counts.slice(BOUNDS.indexOf(0.1) + 1).reduce((total, count) => total + count, 0) ?? 0
}

function optionsFor(url: string) {
  return {
    kind: 'prometheus',
    url,
    poolLabel: 'pool',
    scrapeInterval: `${SCRAPE}ms`,
    delay: `${DELAY}ms`,
    longestGap: '30s',
    deadline: '1s',
    requests: { metric: 'http_requests_total' },
    errors: { label: 'code', regex: '5..' },
    started: { metric: 'http_requests_started_total' },
    latency: { metric: 'http_request_duration_seconds' },
    events: { orders: { metric: 'orders_total' } },
  }
}

interface Counters {
  ok: number
  failed: number
  started: number
  orders: number
  latencies: number[]
  isSpoiled: boolean
}

/** A new server finds its targets only after 5 s, so the tests share one and each has pools of its own. */
interface Shared {
  readonly target: ScriptedTarget
  readonly server: PrometheusServer
}

let shared: Promise<Shared> | null = null
let worlds = 0

async function startShared(): Promise<Shared> {
  const target = await startScriptedTarget(PATHS)
  const server = await startPrometheus({ target, paths: PATHS, scrapeInterval: SCRAPE })
  // A store that has only begun to look does not know what is new.
  for (let round = 0; round < 3; round += 1) await target.scraped()
  return { target, server }
}

async function stopShared(): Promise<void> {
  const running = await shared
  shared = null
  await running?.server.stop()
  await running?.target.close()
}

async function prometheusWorld(): Promise<
  MetricWorld & { readonly url: string; hide(pool: string): Promise<void>; show(pool: string): Promise<void> }
> {
  shared ??= startShared()
  const { target, server } = await shared
  worlds += 1
  const pools = [`blue-${worlds}`, `green.${worlds}`] as const
  const counters = new Map<string, Counters>()
  const pathOf = (pool: string) => PATHS[pool === pools[0] ? 0 : 1]
  const publish = async (pool: string) => target.expose(pathOf(pool), expositionOf(pool, counters.get(pool)))
  const hidden = new Set<string>()
  return {
    url: server.url,
    roles: { stable: pools[0], canary: pools[1] },
    events: ['orders'],
    seriesOf: () => 'orders_total',
    connect: () => prometheusSource.open(optionsFor(server.url), { pools }),
    async record(pool, traffic) {
      // A scrape under way would bring what is exposed now under the time at which it began, maybe before the release.
      if (!counters.has(pool)) await target.scraped()
      const counted = counters.get(pool) ?? { ok: 0, failed: 0, started: 0, orders: 0, latencies: [], isSpoiled: false }
      counters.set(pool, counted)
      count(counted, traffic)
      if (!hidden.has(pool)) await publish(pool)
    },
    async settle() {
      await target.scraped()
      await delay(DELAY + SCRAPE)
    },
    async kill(pool) {
      counters.delete(pool)
      target.expose(pathOf(pool), null)
    },
    async hide(pool) {
      hidden.add(pool)
      target.expose(pathOf(pool), null)
    },
    async show(pool) {
      hidden.delete(pool)
      await publish(pool)
    },
    async restart(pool) {
      counters.delete(pool)
      await publish(pool)
    },
    async spoil(pool) {
      const counted = counters.get(pool)
      if (counted !== undefined) counted.isSpoiled = true
      await publish(pool)
    },
    freeze: server.freeze,
    thaw: async () => server.thaw(),
    stop: stopShared,
    now: Date.now,
    async teardown() {
      server.thaw()
      for (const path of PATHS) target.expose(path, '')
    },
  }
}

function count(counters: Counters, traffic: PoolTraffic): void {
  const { requests, errors = 0, latencySeconds = 0.01, events = {}, started = requests } = traffic
  counters.started += started
  counters.ok += requests - errors
  counters.failed += errors
  counters.orders += events['orders'] ?? 0
  for (let index = 0; index < requests; index += 1) counters.latencies.push(latencySeconds)
}

/** As a client library writes it: a series exists once it has counted something. */
function expositionOf(pool: string, counters: Counters | undefined): string {
  if (counters === undefined) return ''
  const { ok, failed, started, orders, latencies, isSpoiled } = counters
  const buckets = [...BOUNDS, Number.POSITIVE_INFINITY].map((bound) => {
    const le = Number.isFinite(bound) ? bound : '+Inf'
    const upTo = latencies.filter((latency) => latency <= bound).length
    return `http_request_duration_seconds_bucket{pool="${pool}",le="${le}"} ${upTo}`
  })
  const lines = [
    `http_requests_total{pool="${pool}",code="200"} ${isSpoiled ? 'NaN' : ok}`,
    ...(failed > 0 ? [`http_requests_total{pool="${pool}",code="500"} ${failed}`] : []),
    `http_requests_started_total{pool="${pool}"} ${started}`,
    ...(orders > 0 ? [`orders_total{pool="${pool}"} ${orders}`] : []),
    ...buckets,
  ]
  return `${lines.join('\n')}\n`
}
