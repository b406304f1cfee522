import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readArm, seenIn } from '../../src/metrics/prometheus/arms.ts'
import type { VectorSample } from '../../src/metrics/prometheus/http-api.ts'
import { prometheusOptions } from '../../src/metrics/prometheus/options.ts'
import { prometheusSource } from '../../src/metrics/prometheus.ts'

const roles = { stable: 'blue', canary: 'green' }
const RAW = {
  ...{ kind: 'prometheus', url: 'http://store.test', poolLabel: 'pool', scrapeInterval: '5s' },
  ...{ requests: { metric: 'requests_total' }, errors: { label: 'code', regex: '5..' } },
  ...{ started: { metric: 'sent_total' }, latency: { metric: 'rt', unit: 'milliseconds' } },
  ...{ events: { orders: { metric: 'orders_total', labels: { shop: 'main' } } } },
}
const OPTIONS = prometheusOptions.parse(RAW)
const ALL_SEEN = ['sent_total', 'rt_bucket', 'orders_total{shop="main"}']

type Row = readonly [part: string, value: number, le?: string]

/** The canary's arm, from the rows of an answer about it. */
function armFrom(rows: readonly Row[], { past = [] as readonly Row[], seen = ALL_SEEN as readonly string[] } = {}) {
  const samplesOf = (some: readonly Row[]): readonly VectorSample[] =>
    some.map(([part, value, le]) => ({
      labels: { pool: 'green', sluice_part: part, ...(le !== undefined && { le }) },
      value,
    }))
  return readArm(OPTIONS, roles, 'green', { samples: samplesOf(rows), past: samplesOf(past) }, seen)
}

const CARRIED: readonly Row[] = [
  ['carries:requests', 1],
  ['carries:errors', 1],
]
const ORDINARY: readonly Row[] = [['requests', 100], ['errors', 3], ['started', 104], ['event:orders', 7], ...CARRIED]
const LATENCY: readonly Row[] = [
  ['bucket', 40, '50'],
  ['bucket', 100, '+Inf'],
]

describe('an answer of Prometheus about one pool', () => {
  it('becomes counts, with bounds in the unit of the histogram', () => {
    expect(armFrom([...ORDINARY, ...LATENCY, ['restarts', 2]])).toEqual({
      kind: 'value',
      value: {
        ...{ requests: 100, errors: 3, started: 104, restarts: 2, events: { orders: 7 } },
        latency: { upperBoundsSeconds: [0.05], counts: [40, 60] },
      },
    })
  })

  it('takes bounds that are written in several ways for one', () => {
    const buckets: readonly Row[] = [
      ['bucket', 30, '1000'],
      ['bucket', 10, '1000.0'],
      ['bucket', 2, '1e3'],
      ['bucket', 100, '+Inf'],
    ]
    expect(armFrom([...ORDINARY, ...buckets])).toMatchObject({
      value: { latency: { upperBoundsSeconds: [1], counts: [42, 58] } },
    })
  })

  it.each([
    [
      'buckets that fall',
      [
        ['bucket', 50, '50'],
        ['bucket', 40, '+Inf'],
      ],
    ],
    [
      'a bucket that is NaN',
      [
        ['bucket', Number.NaN, '50'],
        ['bucket', 100, '+Inf'],
      ],
    ],
    [
      'a bucket without a bound',
      [
        ['bucket', 1, ''],
        ['bucket', 100, '+Inf'],
      ],
    ],
  ] as readonly (readonly [string, readonly Row[]])[])('knows no latency, but the rest, with %s', (_, buckets) => {
    const arm = armFrom([...ORDINARY, ...buckets])
    expect(arm).toMatchObject({ value: { requests: 100, errors: 3, events: { orders: 7 }, latency: null } })
    expect('value' in arm && Object.keys(arm.value.missing ?? {})).toEqual(['latency'])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -4])('knows no event, but the rest, when its count is %s', (count) => {
    const rows = ORDINARY.filter(([part]) => part !== 'event:orders')
    const arm = armFrom([...rows, ...LATENCY, ['event:orders', count]])
    expect(arm).toMatchObject({ value: { requests: 100, events: {} } })
    expect('value' in arm && Object.keys(arm.value.missing ?? {})).toEqual(['events'])
  })

  it.each([Number.NaN, Number.NEGATIVE_INFINITY, -4])('is no value when its requests are %s', (count) => {
    expect(armFrom([['requests', count], ...CARRIED])).toMatchObject({ kind: 'nan' })
  })

  it('says of what neither pool has ever reported which series it is', () => {
    const arm = armFrom([['requests', 100], ...CARRIED], { seen: [] })
    expect('value' in arm && arm.value.missing).toEqual({
      started: 'neither green nor blue has ever reported sent_total',
      latency: 'neither green nor blue has ever reported rt_bucket',
      events: { orders: 'neither green nor blue has ever reported orders_total{shop="main"}' },
    })
  })

  it('is 0 of what the other pool has reported', () => {
    expect(armFrom([['requests', 100], ...CARRIED])).toMatchObject({
      value: { errors: 0, started: 0, events: { orders: 0 } },
    })
  })

  it('knows no errors when requests come without the label', () => {
    const arm = armFrom([
      ['requests', 100],
      ['carries:requests', 1],
    ])
    expect(arm).toMatchObject({ value: { requests: 100, errors: 0 } })
    expect('value' in arm && arm.value.missing?.errors).toBe('requests_total of green comes without the label code')
  })

  it('is 0 requests of a pool to which some were sent and that has answered none yet', () => {
    const arm = armFrom([['started', 9]])
    expect(arm).toMatchObject({ kind: 'value', value: { requests: 0, errors: 0, started: 9 } })
    expect('value' in arm && arm.value.missing?.errors).toBeUndefined()
  })

  it('leaves out first samples that are past, and says so when there is nothing else', () => {
    const past: readonly Row[] = [
      ['requests', 90],
      ['errors', 3],
    ]
    expect(armFrom(ORDINARY, { past })).toMatchObject({ value: { requests: 10, errors: 0 } })
    expect(armFrom([['requests', 90], ['errors', 3], ...CARRIED], { past })).toMatchObject({
      kind: 'noData',
      reason: expect.stringContaining('starting point'),
    })
  })

  it('shows what has been reported', () => {
    const samples = ['carries:event:orders', 'carries:bucket', 'event:orders'].map((part) => ({
      labels: { pool: 'blue', sluice_part: part },
      value: 1,
    }))
    expect(seenIn(OPTIONS, samples)).toEqual(['rt_bucket', 'orders_total{shop="main"}'])
  })
})

describe('a look', () => {
  it('gives each of its calls only what is left of the deadline', async () => {
    const given: number[] = []
    const send = async (_: unknown, init: RequestInit = {}) => {
      const parameters = new URLSearchParams(typeof init.body === 'string' ? init.body : '')
      given.push(Number.parseInt(parameters.get('timeout') ?? '', 10))
      await delay(20)
      return new Response(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } }))
    }
    const source = prometheusSource.open(
      { ...RAW, deadline: '2s' },
      { pools: ['blue', 'green'], fetch: send as typeof fetch },
    )
    const since = { end: 0, isOpening: false, seen: [] }
    await source.observe({ roles, since, now: 60_000, notBefore: 0 }, new AbortController().signal)
    expect(given).toHaveLength(2)
    expect(given[0]).toBeLessThanOrEqual(2_000)
    expect(given[1]).toBeLessThan(given[0] ?? 0)
  })

  it('asks nothing more once it has failed', async () => {
    let calls = 0
    const send = async () => {
      calls += 1
      return new Response('', { status: 500 })
    }
    const source = prometheusSource.open(RAW, { pools: ['blue', 'green'], fetch: send as typeof fetch })
    const since = { end: 0, isOpening: false, seen: [] }
    const seen = await source.observe({ roles, since, now: 60_000, notBefore: 0 }, new AbortController().signal)
    expect(seen).toMatchObject({ canary: { kind: 'error', fault: 'unavailable' }, cursor: since })
    expect(calls).toBe(1)
  })
})
