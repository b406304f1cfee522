import { describe, expect, it } from 'vitest'
import type { ListedCheck } from '../../../src/analysis/checks/index.ts'
import { knownTo, queriesOf } from '../../../src/analysis/checks/needs.ts'
import type { ArmCounts, MissingParts } from '../../../src/domain/observation.ts'
import type { CheckInput } from '../../../src/domain/plan/checks.ts'

const rule = { judge: 'threshold', max: 0.1, failures: 1, of: 1, minRequests: 1 } as const
const common = { name: 'c', source: 's' }
const CHECKS = {
  errorRate: { kind: 'errorRate', ...common, rule },
  latency: { kind: 'latency', ...common, quantiles: [0.95], rule },
  rate: { kind: 'rate', ...common, of: 'orders', notBelow: 0.8, notAbove: null, alpha: 0.01, minRequests: 1 },
  query: { kind: 'query', ...common, query: 'up', pass: 'result == 1', fail: null, failures: 1, of: 1 },
  kayenta: {
    ...{ kind: 'kayenta', ...common, config: {}, queries: { q1: 'a', q2: 'b' }, step: 1, lifetime: 1, interval: 1 },
    ...{ warmUp: 0, pass: 95, marginal: 75 },
  },
  argo: {
    ...{ kind: 'argo', ...common, query: 'up', successCondition: null, failureCondition: null, interval: null },
    ...{ initialDelay: 0, count: null, failureLimit: 0, inconclusiveLimit: 0, consecutiveErrorLimit: 4 },
    consecutiveSuccessLimit: 0,
  },
} satisfies Partial<Record<string, ListedCheck>>

describe('a check that asks queries', () => {
  it('asks them under its own name, Kayenta under the names of its metrics', () => {
    expect(queriesOf(CHECKS.query)).toEqual({ c: 'up' })
    expect(queriesOf(CHECKS.argo)).toEqual({ c: 'up' })
    expect(queriesOf(CHECKS.kayenta)).toEqual({ q1: 'a', q2: 'b' })
  })
})

describe('what a look shows a check', () => {
  const counts: ArmCounts = { requests: 100, errors: 0, latency: null, events: {} }
  const missing: MissingParts = {
    errors: 'no errors',
    latency: 'no latency',
    events: { orders: 'no orders' },
  }
  const input: CheckInput = {
    ...{ at: 1, window: { start: 0, end: 1 }, readings: {} },
    ...{ stable: { kind: 'value', value: counts }, canary: { kind: 'value', value: { ...counts, missing } } },
  }

  it.each([
    ['errorRate', 'no errors'],
    ['latency', 'no latency'],
    ['rate', 'no orders'],
  ] as const)('of kind %s is no data where the part that it needs is missing, with the reason', (kind, reason) => {
    const shown = knownTo(CHECKS[kind], input)
    expect(shown).toEqual({ ...input, canary: { kind: 'noData', reason } })
  })

  it.each(Object.values(CHECKS))('of kind $kind is all there is where other parts are missing', (check) => {
    const others: MissingParts = {
      ...(check.kind !== 'errorRate' && { errors: 'x' }),
      ...(check.kind !== 'latency' && { latency: 'x' }),
      ...{ events: { complaints: 'x' }, started: 'x' },
    }
    const partly: CheckInput = { ...input, canary: { kind: 'value', value: { ...counts, missing: others } } }
    expect(knownTo(check, partly)).toEqual(partly)
  })

  it('stays as it is where there is no value', () => {
    const blind: CheckInput = { ...input, canary: { kind: 'nan', reason: 'x' } }
    expect(knownTo(CHECKS.errorRate, blind)).toEqual(blind)
  })
})
