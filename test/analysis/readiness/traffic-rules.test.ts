import { describe, expect, it } from 'vitest'
import {
  backgroundAnswer,
  type CheckSight,
  metricsAnswer,
  trafficAnswer,
} from '../../../src/analysis/readiness/traffic-rules.ts'
import type { ArmCounts, MetricResult } from '../../../src/domain/observation.ts'
import { checksOf } from './checks.ts'

const COUNTS: ArmCounts = { requests: 500, errors: 1, latency: null, events: { orders: 30 } }
const value = (counts: Partial<ArmCounts> = {}): MetricResult<ArmCounts> => ({
  kind: 'value',
  value: { ...COUNTS, ...counts },
})
const noData: MetricResult<never> = { kind: 'noData', reason: 'green has no series' }
const gone: MetricResult<never> = { kind: 'error', fault: 'timeout', reason: 'the store is late' }
const [errors, orders, query] = checksOf()

describe('the metrics', () => {
  const counted = (check: typeof errors, stable: MetricResult<ArmCounts>, canary: MetricResult<ArmCounts>) =>
    ({ check, counts: { stable, canary }, queries: [] }) satisfies CheckSight

  it('answer for a pool without traffic by having nothing of it', () => {
    const { outcome, text } = metricsAnswer([counted(errors, value(), noData), counted(orders, value(), noData)])
    expect([outcome, text]).toEqual([
      'pass',
      'errors, orders answer now; the canary pool, which nobody is sent to, has no requests yet',
    ])
    expect(metricsAnswer([counted(errors, value(), value())]).text).toBe('errors answer now')
  })

  it.each([
    ['stable has no data', counted(errors, noData, noData), 'errors: green has no series'],
    [
      'stable has no requests',
      counted(errors, value({ requests: 0 }), noData),
      'errors: stable had no requests meanwhile',
    ],
    ['the canary cannot be asked', counted(errors, value(), gone), 'errors: the store is late'],
    [
      'an event was never seen',
      counted(orders, value({ events: {}, missing: { events: { orders: 'no orders were seen' } } }), noData),
      'orders: no orders were seen',
    ],
    [
      'a query has no answer',
      { check: query, counts: null, queries: [{ stable: null, canary: noData }] },
      'revenue: green has no series',
    ],
    [
      'a query of stable fails',
      { check: query, counts: null, queries: [{ stable: gone, canary: noData }] },
      'revenue: the store is late',
    ],
  ])('do not where %s', (_, sight, text) => {
    expect(metricsAnswer([sight])).toMatchObject({ outcome: 'fail', text })
  })

  it('are nothing in a plan without checks', () => {
    expect(metricsAnswer([]).outcome).toBe('fail')
  })
})

describe('the traffic', () => {
  it('is enough where no check is weak', () => {
    expect(trafficAnswer({ rps: 151.234, errors: 0.005, weak: [], rows: 3 }).text).toContain('at 151 requests/s')
    expect(trafficAnswer({ rps: 1, errors: 0.005, weak: ['errors: 54m', 'latency: 2h'], rows: 3 })).toMatchObject({
      outcome: 'fail',
      text: 'errors: 54m; 1 more check is as weak',
    })
  })

  it('is not known where nobody measures it, and asks for checks', () => {
    expect(trafficAnswer(null).outcome).toBe('unknown')
    expect(trafficAnswer({ rps: 100, errors: 0.005, weak: [], rows: 0 }).outcome).toBe('fail')
  })
})

describe('work in the background', () => {
  const quiet = { pool: 'green', time: 4_000, sent: 0, counted: { requests: 0, events: {} }, consumed: null }
  const taken = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })

  it('is none where nothing rises', () => {
    expect(backgroundAnswer(quiet).outcome).toBe('pass')
    expect(backgroundAnswer({ ...quiet, consumed: taken(0) }).text).toBe('green did nothing in 4s')
  })

  it.each([
    [{ consumed: taken(0, 12) }, 'fail'],
    [{ sent: 3 }, 'fail'],
    [{ counted: { requests: 5, events: {} } }, 'fail'],
    [{ counted: { requests: 0, events: { mails: 2 } } }, 'fail'],
    [{ consumed: gone }, 'unknown'],
    [{ sent: null, counted: null }, 'unknown'],
  ] as const)('of %j is a %s', (seen, outcome) => {
    expect(backgroundAnswer({ ...quiet, ...seen }).outcome).toBe(outcome)
  })
})
