import { afterAll, describe, expect, it } from 'vitest'
import type { ArmCounts, RecordedWindow } from '../../src/domain/observation.ts'
import { METRIC_SOURCES } from '../../src/metrics/index.ts'
import type { MetricSource } from '../../src/metrics/metric-source.ts'
import { prometheusSource } from '../../src/metrics/prometheus.ts'
import { open } from '../support/calls.ts'
import { startPrometheus, startScriptedTarget } from '../support/prometheus-server.ts'
import { requireServer } from '../support/require-server.ts'

const SCRAPE = 100
const STEP = 1_000
const OPTIONS = {
  ...{ kind: 'prometheus', poolLabel: 'pool', scrapeInterval: `${SCRAPE}ms` },
  ...{ requests: { metric: 'requests_total' }, errors: { label: 'code', regex: '5..' } },
  ...{ latency: { metric: 'seconds' }, events: { orders: { metric: 'orders_total' } } },
} as const

/** Counters of one process, as it exposes them. */
function textOf({ good, bad, orders }: { good: number; bad: number | null; orders: number }): string {
  const all = good + (bad ?? 0)
  return [
    `requests_total{pool="blue",code="200"} ${good}`,
    ...(bad === null ? [] : [`requests_total{pool="blue",code="503"} ${bad}`]),
    ...['0.1', '1', '+Inf'].map(
      (le, index) => `seconds_bucket{pool="blue",le="${le}"} ${Math.floor((all * (index + 1)) / 3)}`,
    ),
    `orders_total{pool="blue"} ${orders}`,
    '',
  ].join('\n')
}

const closers: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const wait = (milliseconds: number) => new Promise((resolve) => void setTimeout(resolve, milliseconds))

const valueOf = async (result: ReturnType<NonNullable<MetricSource['record']>>) => {
  const answer = await result
  if (answer.kind !== 'value') throw new Error(answer.reason)
  return answer.value
}
const sumOf = (windows: readonly RecordedWindow[], pick: (counts: ArmCounts) => number) =>
  windows.reduce((sum, { counts }) => sum + pick(counts), 0)

describe.skipIf(!requireServer('prometheus'))('the past of a pool, from a real Prometheus', () => {
  it('is cut into windows that add up to the counters, over a new error series, a restart and a gap', async () => {
    const target = await startScriptedTarget(['one'])
    closers.push(() => target.close())
    const server = await startPrometheus({ target, paths: ['one'], scrapeInterval: SCRAPE })
    closers.push(() => server.stop())
    const source = prometheusSource.open({ ...OPTIONS, url: server.url }, { pools: ['blue', 'green'] })
    const record = (start: number, end: number, pool = 'blue') =>
      source.record?.({ pool, start, end, step: STEP }, open()) ?? Promise.reject(new Error('no record'))
    const untilStepEnds = () => wait(STEP - (Date.now() % STEP) + 150)

    target.expose('one', textOf({ good: 1_000, bad: null, orders: 10 }))
    await target.scraped()
    await untilStepEnds()
    await untilStepEnds()
    const begin = Math.floor(Date.now() / STEP) * STEP
    target.expose('one', textOf({ good: 1_060, bad: 6, orders: 12 }))
    await untilStepEnds()
    target.expose('one', textOf({ good: 1_090, bad: 9, orders: 15 }))
    await untilStepEnds()
    target.expose('one', textOf({ good: 30, bad: 3, orders: 3 }))
    await untilStepEnds()
    const restarted = Math.floor(Date.now() / STEP) * STEP
    const before = await valueOf(record(begin - STEP, restarted))

    expect(sumOf(before, ({ requests }) => requests)).toBe(66 + 33 + 33)
    expect(sumOf(before, ({ errors }) => errors)).toBe(6 + 3 + 3)
    expect(sumOf(before, ({ events }) => events['orders'] ?? 0)).toBe(2 + 3 + 3)
    expect(before.every(({ start, end }) => end - start === STEP && end % STEP === 0)).toBe(true)
    expect(before.map(({ end }) => end)).toEqual(before.map((_, index) => (before[0]?.end ?? 0) + index * STEP))
    const buckets = before.map(({ counts }) => counts.latency)
    expect(buckets[0]?.upperBoundsSeconds).toEqual([0.1, 1])
    expect(sumOf(before, ({ latency }) => (latency?.counts ?? []).reduce((sum, count) => sum + count, 0))).toBe(132)

    target.expose('one', null)
    await untilStepEnds()
    await untilStepEnds()
    await untilStepEnds()
    target.expose('one', textOf({ good: 530, bad: 3, orders: 3 }))
    await target.scraped()
    await untilStepEnds()
    await untilStepEnds()
    const after = await valueOf(record(restarted, Date.now()))
    // What was counted in the gap belongs to no window: it must not look like a burst.
    expect(sumOf(after, ({ requests }) => requests)).toBe(0)
    expect(after.length).toBeLessThan((Date.now() - restarted) / STEP - 2)

    // The first samples of a pool are its whole life, not what it did in that second.
    const all = await valueOf(record(begin - 30_000, begin))
    expect(sumOf(all, ({ requests }) => requests)).toBe(0)
    expect(await record(begin, Date.now(), 'green')).toMatchObject({ kind: 'noData' })
    expect(await record(begin - 90 * 86_400_000, begin - 89.9 * 86_400_000)).toMatchObject({ kind: 'noData' })
  })
})

/** An API that answers range queries with one request in each point, except where told otherwise. */
function fakeApi(answer: (parameters: URLSearchParams, points: readonly number[]) => unknown) {
  const asked: URLSearchParams[] = []
  const addresses: string[] = []
  const send = async (url: unknown, init: RequestInit = {}) => {
    const parameters = new URLSearchParams(typeof init.body === 'string' ? init.body : '')
    asked.push(parameters)
    addresses.push(String(url))
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(parameters.get(name)))
    const points: number[] = []
    for (let at = start ?? 0; at <= (end ?? 0) + 1e-6; at += step ?? 1) points.push(at)
    const body = answer(parameters, points)
    return body instanceof Response ? body : new Response(JSON.stringify(body))
  }
  const source = prometheusSource.open(
    { ...OPTIONS, url: 'http://store.test', scrapeInterval: '15s' },
    { pools: ['blue', 'green'], fetch: send as typeof fetch },
  )
  return { source, asked, addresses }
}
const matrix = (series: readonly (readonly [part: string, values: readonly (readonly [number, string])[]])[]) => ({
  status: 'success',
  data: {
    resultType: 'matrix',
    result: series.map(([part, values]) => ({ metric: { pool: 'blue', sluice_part: part }, values })),
  },
})
const DAY = 86_400_000
const ask = (source: MetricSource, end: number, step = 60_000) =>
  source.record?.({ pool: 'blue', start: 0, end, step }, open()) ?? Promise.reject(new Error('no record'))

describe('the past of a pool', () => {
  it('is asked for in chunks that follow one another, each far below what Prometheus allows', async () => {
    const { source, asked, addresses } = fakeApi((_parameters, points) =>
      matrix([['requests', points.map((at) => [at, '1'] as const)]]),
    )
    const windows = await valueOf(ask(source, 14 * DAY))
    expect(windows).toHaveLength(14 * 1_440)
    expect(new Set(windows.map(({ end }) => end)).size).toBe(windows.length)
    expect(new Set(addresses)).toEqual(new Set(['http://store.test/api/v1/query_range']))
    expect(asked.length).toBeGreaterThan(10)
    for (const parameters of asked) {
      const [start, end] = [Number(parameters.get('start')), Number(parameters.get('end'))]
      expect((end - start) / 60 + 1).toBeLessThanOrEqual(11_000)
    }
  })

  it('leaves out windows with numbers that are none, and those that contradict themselves', async () => {
    const { source } = fakeApi((_parameters, points) =>
      matrix([
        ['requests', points.map((at, index) => [at, index === 1 ? 'NaN' : index === 2 ? '+Inf' : '10'] as const)],
        ['errors', points.map((at, index) => [at, index === 3 ? '11' : '1'] as const)],
      ]),
    )
    const windows = await valueOf(ask(source, 6 * 60_000))
    expect(windows.map(({ end }) => end / 60_000)).toEqual([1, 5, 6])
    expect(windows.every(({ counts }) => counts.requests === 10 && counts.errors === 1)).toBe(true)
  })

  it('has no errors where their series are absent, no window without requests, and no event that was never there', async () => {
    const { source } = fakeApi((_parameters, points) =>
      matrix([
        ['requests', points.slice(0, 2).map((at) => [at, '5'] as const)],
        ['errors', points.slice(1).map((at) => [at, '1'] as const)],
      ]),
    )
    const windows = await valueOf(ask(source, 4 * 60_000))
    expect(windows.map(({ counts }) => [counts.errors, counts.events])).toEqual([
      [0, {}],
      [1, {}],
    ])
    expect(windows[0]?.counts.missing).toEqual({
      events: { orders: 'blue has not reported orders_total in that time' },
    })
  })

  it('has 0 of an event where its series is absent in one window and there in another', async () => {
    const { source } = fakeApi((_parameters, points) =>
      matrix([
        ['requests', points.map((at) => [at, '5'] as const)],
        ['carries:errors', points.map((at) => [at, '1'] as const)],
        ['event:orders', points.slice(2).map((at) => [at, '1'] as const)],
      ]),
    )
    const windows = await valueOf(ask(source, 3 * 60_000))
    expect(windows.map(({ counts }) => [counts.events['orders'], counts.missing])).toEqual([
      [0, undefined],
      [0, undefined],
      [1, undefined],
    ])
  })

  it('knows no errors where nothing says which requests failed', async () => {
    const { source } = fakeApi((_parameters, points) => matrix([['requests', points.map((at) => [at, '5'] as const)]]))
    const [window] = await valueOf(ask(source, 60_000))
    expect(window?.counts.missing?.errors).toBe('requests_total of blue comes without the label code')
  })

  it('keeps the windows of a pool one of whose further counters is no number', async () => {
    const { source } = fakeApi((_parameters, points) =>
      matrix([
        ['requests', points.map((at) => [at, '5'] as const)],
        ['carries:errors', points.map((at) => [at, '1'] as const)],
        ['event:orders', points.map((at, index) => [at, index === 0 ? 'NaN' : '1'] as const)],
      ]),
    )
    const windows = await valueOf(ask(source, 2 * 60_000))
    expect(windows.map(({ counts }) => counts.events['orders'])).toEqual([undefined, 1])
    expect(windows[0]?.counts.missing?.events?.['orders']).toContain('is not a count')
  })

  it('fails as a whole when one chunk fails', async () => {
    let chunks = 0
    const { source } = fakeApi((_parameters, points) => {
      chunks += 1
      const refusal = JSON.stringify({ status: 'error', errorType: 'execution', error: 'too many samples' })
      return chunks < 3
        ? matrix([['requests', points.map((at) => [at, '1'] as const)]])
        : new Response(refusal, { status: 422 })
    })
    expect(await ask(source, 14 * DAY)).toMatchObject({ kind: 'error', fault: 'badQuery' })
    expect(chunks).toBe(3)
  })

  it.each([
    ['text', 'hello'],
    ['a vector', { status: 'success', data: { resultType: 'vector', result: [] } }],
    [
      'a value that is no pair',
      { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [1] }] } },
    ],
  ])('is malformed when the store sends %s', async (_what, body) => {
    expect(await ask(fakeApi(() => body).source, DAY)).toMatchObject({ kind: 'error', fault: 'malformed' })
  })

  it('is not taken from an answer that says it is incomplete', async () => {
    const { source } = fakeApi(() => ({ ...matrix([]), warnings: ['one store did not answer'] }))
    expect(await ask(source, DAY)).toMatchObject({ kind: 'error', fault: 'unavailable' })
  })

  it('refuses windows shorter than a scrape without asking', async () => {
    const { source, asked } = fakeApi(() => matrix([]))
    expect(await ask(source, DAY, 10_000)).toMatchObject({ kind: 'error', fault: 'badQuery' })
    expect(asked).toEqual([])
  })

  it('gives up with the reason of its signal', async () => {
    const { source } = fakeApi(() => matrix([]))
    const aborted = AbortSignal.abort(new Error('enough'))
    await expect(source.record?.({ pool: 'blue', start: 0, end: DAY, step: 60_000 }, aborted)).rejects.toThrow('enough')
  })

  it('is there in every source that says so, and in no other', () => {
    for (const { kind, capabilities } of METRIC_SOURCES) expect(capabilities.records, kind).toBe(kind === 'prometheus')
    expect('record' in fakeApi(() => null).source).toBe(true)
  })
})
