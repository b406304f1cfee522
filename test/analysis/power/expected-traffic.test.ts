import { describe, expect, it } from 'vitest'
import { expectedTraffic, type MeasuredTraffic, measureTraffic } from '../../../src/analysis/power/expected-traffic.ts'
import type { ArmCounts, RecordedWindow } from '../../../src/domain/observation.ts'

const window = (minute: number, counts: Partial<ArmCounts>): RecordedWindow => ({
  ...{ start: minute * 60_000, end: (minute + 1) * 60_000 },
  counts: { requests: 0, errors: 0, latency: null, events: {}, ...counts },
})
const latency = (counts: readonly number[], upperBoundsSeconds: readonly number[] = [0.1, 1]) => ({
  upperBoundsSeconds,
  counts,
})

describe('the traffic of a target', () => {
  it('is what both pools served together, over the time in which one of them was seen', () => {
    const blue = [
      window(0, { requests: 600, errors: 6, latency: latency([5, 4, 1]), events: { orders: 30 } }),
      window(1, { requests: 540, errors: 4, latency: latency([5, 4, 1]), events: { orders: 27 } }),
    ]
    const green = [
      window(1, { requests: 60, errors: 2, latency: latency([1, 0, 9]), events: { orders: 3, refunds: 12 } }),
    ]
    expect(measureTraffic([blue, green])).toEqual({
      requestsPerSecond: 10,
      errorShare: 0.01,
      latency: latency([11, 8, 11]),
      events: { orders: 0.05, refunds: 0.01 },
    })
  })

  it('has no share of errors where one pool cannot say which requests failed', () => {
    const told = [window(0, { requests: 600, errors: 6, events: { orders: 30 } })]
    const untold = [window(1, { requests: 600, missing: { errors: 'no label', events: { refunds: 'nowhere' } } })]
    expect(measureTraffic([told, untold])).toMatchObject({ errorShare: null, events: { orders: 0.025 } })
  })

  it('leaves a gap out of the time', () => {
    const pool = [window(0, { requests: 600 }), window(9, { requests: 600 })]
    expect(measureTraffic([pool, []])?.requestsPerSecond).toBe(10)
  })

  it('takes the newest buckets when they changed', () => {
    const pool = [
      window(0, { requests: 1, latency: latency([1, 1, 1]) }),
      window(1, { requests: 1, latency: latency([2, 0], [0.5]) }),
      window(2, { requests: 1, latency: latency([1, 1], [0.5]) }),
    ]
    expect(measureTraffic([pool])?.latency).toEqual(latency([3, 1], [0.5]))
  })

  it('is nothing without time or requests', () => {
    expect(measureTraffic([])).toBeNull()
    expect(measureTraffic([[window(0, {})], []])).toBeNull()
  })
})

describe('the traffic that is expected', () => {
  const measured: MeasuredTraffic = {
    requestsPerSecond: 20,
    errorShare: 0.01,
    latency: latency([5, 4, 1]),
    events: { orders: 0.05, refunds: 0.01 },
  }
  const pair = [
    { quantile: 0.5, seconds: 0.08 },
    { quantile: 0.99, seconds: 0.9 },
  ] as const

  it('is what is stated, with defaults for the rest', () => {
    expect(expectedTraffic({ requestsPerSecond: 50 }, null)).toEqual({
      requestsPerSecond: 50,
      errors: { from: 0.005, to: 0.02 },
      latency: null,
      slower: null,
      events: {},
      changes: {},
    })
  })

  it('is measured where nothing is stated', () => {
    expect(expectedTraffic({ baseRate: 0.02, events: { orders: 0.1 }, changes: { orders: 0.5 } }, measured)).toEqual({
      requestsPerSecond: 20,
      errors: { from: 0.02, to: 0.08 },
      latency: { kind: 'measured', histogram: measured.latency },
      slower: null,
      events: { orders: 0.1, refunds: 0.01 },
      changes: { orders: 0.5 },
    })
  })

  it('has the usual share of errors where nobody could measure it', () => {
    const unknown = { ...measured, errorShare: null }
    expect(expectedTraffic({}, unknown)).toMatchObject({ errors: { from: 0.005, to: 0.02 } })
  })

  it('counts stated quantiles in stated buckets, or in those that were measured', () => {
    const bounds = (stated: Parameters<typeof expectedTraffic>[0]) => {
      const traffic = expectedTraffic({ requestsPerSecond: 1, latency: pair, ...stated }, measured)
      return traffic !== null && 'latency' in traffic && traffic.latency?.kind === 'logNormal'
        ? traffic.latency.upperBoundsSeconds
        : null
    }
    expect(bounds({})).toEqual([0.1, 1])
    expect(bounds({ buckets: [0.2] })).toEqual([0.2])
  })

  it('is not known without requests, and refuses a rise that is none', () => {
    expect(expectedTraffic({}, null)).toBeNull()
    expect(expectedTraffic({ rise: { share: 0.01 } }, measured)).toEqual({
      problem: '1% is no rise: 1% of requests already fail',
    })
    expect(expectedTraffic({ rise: { times: 2 } }, measured)).toMatchObject({ errors: { from: 0.01, to: 0.02 } })
    expect(expectedTraffic({}, { ...measured, errorShare: 1 })).toEqual({
      problem: '100% of requests already fail, so the share cannot rise',
    })
    expect(expectedTraffic({}, { ...measured, errorShare: 0 })).toMatchObject({ errors: { from: 0, to: 0.01 } })
    expect(expectedTraffic({}, { ...measured, errorShare: 0.5 })).toMatchObject({ errors: { from: 0.5, to: 1 } })
  })
})
