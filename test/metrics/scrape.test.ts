import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import { scrapeSource } from '../../src/metrics/scrape.ts'
import { describeMetricSourceContract, type MetricWorld } from '../contracts/metric-source-contract.ts'
import { serve } from '../embedded/running.ts'

const signal = new AbortController().signal
const roles = { stable: 'blue', canary: 'green' }
const pools = ['blue', 'green'] as const
const options = {
  kind: 'scrape',
  requests: { metric: 'http_requests_total' },
  errors: { metric: 'http_requests_total', label: 'code', match: { prefix: '5' } },
}

describe('what the scrape source can measure', () => {
  it('is told by its options: no latency without a histogram, and only the events that are named', () => {
    const bare = { ...options, urls: ['http://127.0.0.1:1/metrics'] }
    expect(scrapeSource.capabilitiesWith(bare)).toMatchObject({ counts: true, latency: false, events: [] })
    const whole = { ...bare, latency: { metric: 'seconds' }, events: { orders: { metric: 'orders_total' } } }
    expect(scrapeSource.capabilitiesWith(whole)).toMatchObject({ latency: true, events: ['orders'] })
    expect(scrapeSource.open(whole, { pools }).capabilities).toEqual(scrapeSource.capabilitiesWith(whole))
  })
})

describeMetricSourceContract('the scrape source', async (): Promise<MetricWorld> => {
  const world = await pageOfProcesses()
  let clock = 1_000_000
  return {
    roles,
    events: ['orders'],
    seriesOf: () => 'shop_events_total{event="order"}',
    connect: () =>
      scrapeSource.open(
        {
          ...options,
          urls: [world.url],
          latency: { metric: 'http_duration_seconds' },
          events: { orders: { metric: 'shop_events_total', labels: { event: 'order' } } },
          started: { metric: 'http_requests_started_total' },
          deadline: '1s',
        },
        { pools },
      ),
    record: async (pool, traffic) => world.record(pool, traffic),
    settle: async () => {
      clock += 1_000
    },
    kill: async (pool) => world.kill(pool),
    restart: async (pool) => world.kill(pool),
    spoil: async (pool) => world.spoil(pool),
    freeze: async () => world.freeze(true),
    thaw: async () => world.freeze(false),
    stop: world.stop,
    now: () => clock,
    teardown: world.stop,
  }
})

describe('the scrape source', () => {
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    await Promise.all(cleanups.splice(0).map((clean) => clean()))
  })

  /** A page whose text each look may change. */
  async function page(first: string) {
    const state = { text: first, status: 200, headers: {} as Record<string, string> }
    const server = await serve((_, response) => response.writeHead(state.status, state.headers).end(state.text))
    cleanups.push(server.stop)
    return { state, url: server.url }
  }

  /** Looks once per text, each time with the cursor of the look before, and gives the last one. */
  async function watch(texts: readonly string[], more: object = {}) {
    const { state, url } = await page(texts[0] ?? '')
    const source = scrapeSource.open({ ...options, urls: [url], ...more }, { pools })
    let seen = await source.observe({ roles, since: null, now: 1_000, notBefore: 0 }, signal)
    for (const [index, text] of texts.slice(1).entries()) {
      state.text = text
      seen = await source.observe({ roles, since: seen.cursor, now: 2_000 + index * 1_000, notBefore: 0 }, signal)
    }
    return seen
  }

  const counted = (pool: string, code: number, count: number) =>
    `http_requests_total{pool="${pool}",code="${code}"} ${count}\n`

  it('counts from 0 when the process says that it has restarted, though its counters are higher by now', async () => {
    const seen = await watch([
      `process_start_time_seconds 100\n${counted('green', 200, 50)}`,
      `process_start_time_seconds 200\n${counted('green', 200, 70)}`,
    ])
    expect(seen.canary).toMatchObject({ kind: 'value', value: { requests: 70 } })
  })

  it('does not count a series twice that was away for one look of the same process', async () => {
    const start = 'process_start_time_seconds 100\n'
    const whole = `${start}${counted('green', 200, 50)}${counted('green', 500, 10)}`
    const seen = await watch([
      whole,
      `${start}${counted('green', 200, 55)}`,
      `${start}${counted('green', 200, 60)}${counted('green', 500, 11)}`,
    ])
    expect(seen.canary).toMatchObject({ kind: 'value', value: { requests: 6, errors: 1 } })
  })

  it('counts a new series of a page in full once the starting point is set', async () => {
    const seen = await watch([counted('green', 200, 50), `${counted('green', 200, 50)}${counted('green', 503, 7)}`])
    expect(seen.canary).toMatchObject({ kind: 'value', value: { requests: 7, errors: 7 } })
  })

  it('begins anew when its cursor was set before the first exposure or is not its own', async () => {
    const { state, url } = await page(counted('green', 200, 10))
    const source = scrapeSource.open({ ...options, urls: [url] }, { pools })
    const early = await source.observe({ roles, since: null, now: 1_000, notBefore: 0 }, signal)
    state.text = counted('green', 200, 90)
    for (const since of [early.cursor, { at: 3_000 }, { kind: 'other' }]) {
      const seen = await source.observe({ roles, since, now: 5_000, notBefore: 2_000 }, signal)
      expect(seen).toMatchObject({ canary: { kind: 'noData' }, window: { start: 5_000, end: 5_000 } })
    }
  })

  it('sums the pages of several processes, and takes no look while one of them is away', async () => {
    const one = await page(counted('green', 200, 10))
    const two = await page(counted('green', 200, 100))
    const source = scrapeSource.open({ ...options, urls: [one.url, two.url] }, { pools })
    const first = await source.observe({ roles, since: null, now: 1_000, notBefore: 0 }, signal)
    one.state.text = counted('green', 200, 11)
    two.state.status = 500
    const blind = await source.observe({ roles, since: first.cursor, now: 2_000, notBefore: 0 }, signal)
    expect(blind).toMatchObject({ canary: { kind: 'error', fault: 'unavailable' }, cursor: first.cursor })
    two.state.status = 200
    two.state.text = counted('green', 200, 105)
    const seen = await source.observe({ roles, since: blind.cursor, now: 3_000, notBefore: 0 }, signal)
    expect(seen).toMatchObject({ canary: { value: { requests: 6 } }, window: { start: 1_000, end: 3_000 } })
  })

  it('counts failures by listed values too', async () => {
    const errors = { metric: 'http_requests_total', label: 'code', match: { values: ['500', '429'] } }
    const after = [200, 429, 500, 503].map((code) => counted('green', code, 10)).join('')
    const seen = await watch(['', after], { errors })
    expect(seen.canary).toMatchObject({ value: { requests: 40, errors: 20 } })
  })

  it('reads latencies that a page gives in milliseconds', async () => {
    const bucket = (le: string, count: number) => `rt_bucket{pool="green",le="${le}"} ${count}\n`
    const after = `${counted('green', 200, 9)}${bucket('50', 4)}${bucket('500', 7)}${bucket('+Inf', 9)}`
    const seen = await watch(['', after], { latency: { metric: 'rt', unit: 'milliseconds' } })
    expect(seen.canary).toMatchObject({ value: { latency: { upperBoundsSeconds: [0.05, 0.5], counts: [4, 3, 2] } } })
  })

  it('calls counters with an old timestamp stale', async () => {
    const seen = await watch(['', 'http_requests_total{pool="green",code="200"} 5 1000\n'], { staleAfter: '500ms' })
    expect(seen.canary).toMatchObject({ kind: 'stale', ageSeconds: 1 })
  })

  it.each([
    ['a line that is no sample', 'http_requests_total{pool="green" 5\n'],
    ['a page that was cut off', 'http_requests_total{pool="green",code="200"} 5'],
    ['a negative count', counted('green', 200, -1)],
    ['an infinite count', counted('green', 200, Number.POSITIVE_INFINITY).replace('Infinity', '+Inf')],
    ['requests that come twice', `${counted('green', 200, 1)}${counted('green', 200, 1)}`],
    [
      'failed requests that come twice',
      `${counted('green', 200, 1)}${counted('green', 500, 1)}${counted('green', 500, 2)}`,
    ],
  ])('takes no look at %s', async (_, text) => {
    const seen = await watch(['', text], { latency: { metric: 'rt' } })
    expect(seen).toMatchObject({ canary: { kind: 'error', fault: 'malformed' }, window: { start: 1_000, end: 1_000 } })
  })

  it.each([
    ['buckets without the last one', 'rt_bucket{pool="green",le="1"} 1\n'],
    ['buckets that fall', 'rt_bucket{pool="green",le="1"} 2\nrt_bucket{pool="green",le="+Inf"} 1\n'],
    ['a bucket without a bound', 'rt_bucket{pool="green"} 1\n'],
    ['a bucket that is not a number', 'rt_bucket{pool="green",le="+Inf"} NaN\n'],
    ['a bucket that comes twice', 'rt_bucket{pool="green",le="+Inf"} 1\nrt_bucket{pool="green",le="+Inf"} 1\n'],
    [
      'one bound in two spellings',
      'rt_bucket{pool="green",le="1"} 1\nrt_bucket{pool="green",le="1.0"} 1\nrt_bucket{pool="green",le="+Inf"} 1\n',
    ],
    ['a bucket that cannot be read', 'rt_bucket{pool="green",le="+Inf} 1\n'],
  ])('counts requests, but knows no latency, with %s', async (_, text) => {
    const orders = 'orders_total{pool="green"} 3\n'
    const more = { latency: { metric: 'rt' }, events: { orders: { metric: 'orders_total' } } }
    const { canary, window } = await watch(['', `${counted('green', 200, 7)}${orders}${text}`], more)
    expect(canary).toMatchObject({
      value: { requests: 7, errors: 0, latency: null, events: { orders: 3 }, missing: { latency: expect.any(String) } },
    })
    expect('value' in canary && Object.keys(canary.value.missing ?? {})).toEqual(['latency'])
    expect(window).toEqual({ start: 1_000, end: 2_000 })
  })

  it('takes one bound for one bound, however it is written, when the spelling changes', async () => {
    const page = (one: string, count: number) =>
      `${counted('green', 200, count)}rt_bucket{pool="green",le="${one}"} ${count}\nrt_bucket{pool="green",le="+Inf"} ${count}\n`
    const { canary } = await watch([page('1', 5), page('1e0', 9)], { latency: { metric: 'rt' } })
    expect(canary).toMatchObject({ value: { latency: { upperBoundsSeconds: [1], counts: [4, 0] } } })
  })

  it('passes over whatever is wrong with lines that count nothing', async () => {
    const elsewhere = [
      'mount_info{type="ext4"} 1\nmount_info{type="ext4"} 1\n',
      'other{ 5\n<p>\nother_total{pool="green"} 1 # {trace="x"} 1\n',
      counted('red', 200, 1) + counted('red', 200, 2),
    ].join('')
    const { canary } = await watch([elsewhere + counted('green', 200, 1), elsewhere + counted('green', 200, 4)])
    expect(canary).toEqual({
      kind: 'value',
      value: { requests: 3, errors: 0, latency: null, events: {}, restarts: 0 },
    })
  })

  it('knows a broken event again from the second look after, because the first one covers more than its window', async () => {
    const events = { orders: { metric: 'orders_total' } }
    const page = (requests: number, orders: string) =>
      `${counted('green', 200, requests)}orders_total{pool="green"} ${orders}\n`
    const texts = [page(10, '1'), page(20, 'x'), page(30, '20'), page(40, '22')]
    const reports = await Promise.all(
      [2, 3, 4].map(async (looks) => (await watch(texts.slice(0, looks), { events })).canary),
    )
    expect(reports).toMatchObject([
      { value: { requests: 10, events: {}, missing: { events: { orders: expect.stringContaining('not readable') } } } },
      { value: { requests: 10, events: {}, missing: { events: { orders: expect.stringContaining('look before') } } } },
      { value: { requests: 10, events: { orders: 2 } } },
    ])
  })

  it('takes a web page for none', async () => {
    const seen = await watch([counted('green', 200, 1), '<html>\n<body>sign in</body>\n'])
    expect(seen).toMatchObject({ canary: { kind: 'error', fault: 'malformed' }, window: { start: 1_000, end: 1_000 } })
  })

  it('takes no look when there are more errors than requests', async () => {
    const errors = { metric: 'failures_total', label: 'code', match: { prefix: '5' } }
    const seen = await watch(['', `${counted('green', 200, 1)}failures_total{pool="green",code="500"} 2\n`], { errors })
    expect(seen.canary).toMatchObject({ kind: 'error', fault: 'malformed' })
  })

  it.each([
    [401, 'auth'],
    [403, 'auth'],
    [404, 'badQuery'],
    [429, 'throttled'],
    [503, 'unavailable'],
  ])('calls the status %s %s', async (status, fault) => {
    const { state, url } = await page('')
    state.status = status
    const source = scrapeSource.open({ ...options, urls: [url] }, { pools })
    expect(await source.observe({ roles, since: null, now: 1, notBefore: 0 }, signal)).toMatchObject({
      stable: { kind: 'error', fault },
      cursor: null,
    })
  })

  it('does not follow a redirect and does not read more than it may', async () => {
    const { state, url } = await page('')
    const source = scrapeSource.open({ ...options, urls: [url], maxBytes: 2_048 }, { pools })
    const look = () => source.observe({ roles, since: null, now: 1, notBefore: 0 }, signal)
    state.text = '# '.padEnd(4_000, 'x')
    expect((await look()).canary).toMatchObject({
      kind: 'error',
      fault: 'malformed',
      reason: expect.stringContaining('2048'),
    })
    state.status = 302
    state.headers = { location: 'http://127.0.0.1:9/' }
    expect((await look()).canary).toMatchObject({
      kind: 'error',
      fault: 'unavailable',
      reason: expect.stringContaining('redirect'),
    })
  })

  it.each([
    ['a page twice', { urls: ['http://a/metrics', 'http://a/metrics'] }],
    ['a file', { urls: ['file:///etc/passwd'] }],
    ['a password in the address', { urls: ['http://me:secret@a/metrics'] }],
    ['an unknown key', { urls: ['http://a/metrics'], url: 'http://a' }],
    ['a duration without a unit', { urls: ['http://a/metrics'], deadline: '3' }],
  ])('refuses options with %s', (_, wrong) => {
    expect(() => scrapeSource.open({ ...options, ...wrong }, { pools })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  })
})

/** One page that shows the counters of both pools, each in a registry of its own that can be taken away. */
async function pageOfProcesses() {
  const registries = new Map<string, ReturnType<typeof processOf>>()
  let isFrozen = false
  const server = await serve((_, response) => {
    if (isFrozen) return
    void Promise.all([...registries.values()].map(({ registry }) => registry.metrics())).then((texts) =>
      response.end(texts.join('')),
    )
  })
  const inProcess = (pool: string) => {
    const found = registries.get(pool) ?? processOf(pool)
    registries.set(pool, found)
    return found
  }
  return {
    url: `${server.url}/metrics`,
    record: (pool: string, traffic: Parameters<ReturnType<typeof processOf>['record']>[0]) =>
      inProcess(pool).record(traffic),
    kill: (pool: string) => void registries.delete(pool),
    spoil: (pool: string) => inProcess(pool).spoil(),
    freeze: (frozen: boolean) => {
      isFrozen = frozen
    },
    stop: server.stop,
  }
}

function processOf(pool: string) {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({ name: 'http_requests_total', help: 'r', labelNames: ['pool', 'code'], registers })
  const latency = new Histogram({ name: 'http_duration_seconds', help: 'l', labelNames: ['pool'], registers })
  const started = new Counter({ name: 'http_requests_started_total', help: 's', labelNames: ['pool'], registers })
  const events = new Counter({ name: 'shop_events_total', help: 'e', labelNames: ['pool', 'event'], registers })
  return {
    registry,
    record({
      requests: count,
      errors = 0,
      latencySeconds = 0.01,
      events: named = {},
      started: sent = count,
    }: Parameters<MetricWorld['record']>[1]) {
      if (count > errors) requests.inc({ pool, code: '200' }, count - errors)
      if (errors > 0) requests.inc({ pool, code: '500' }, errors)
      started.inc({ pool }, sent)
      for (let index = 0; index < count; index += 1) latency.observe({ pool }, latencySeconds)
      if (named['orders'] !== undefined) events.inc({ pool, event: 'order' }, named['orders'])
    },
    spoil() {
      registry.removeSingleMetric('http_requests_total')
      new Gauge({ name: 'http_requests_total', help: 'r', labelNames: ['pool', 'code'], registers }).set(
        { pool, code: '200' },
        Number.NaN,
      )
    },
  }
}
