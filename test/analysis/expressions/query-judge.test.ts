import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QueryCheck } from '../../../src/analysis/expressions/query-judge.ts'
import { type QueryState, startQuery, stepQuery } from '../../../src/analysis/expressions/query-judge.ts'
import type { MetricResult } from '../../../src/domain/observation.ts'
import type { ArmReadings, CheckInput } from '../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

const check: QueryCheck = {
  kind: 'query',
  name: 'ceiling',
  source: 'prometheus',
  query: 'up',
  pass: null,
  fail: 'result[0] > 0.05',
  failures: 2,
  of: 3,
}

const noCounts: MetricResult<never> = { kind: 'noData', reason: 'none' }
const value = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })

function inputOf(readings: Readonly<Record<string, ArmReadings>>): CheckInput {
  return { at: 0, window: { start: 0, end: 0 }, stable: noCounts, canary: noCounts, readings }
}

function walk(of: QueryCheck, canaries: readonly MetricResult<readonly number[]>[]): Verdict[] {
  let state: QueryState = startQuery(of)
  return canaries.map((canary) => {
    const step = stepQuery(of, state, inputOf({ [of.name]: { canary, stable: null } }))
    state = step.state
    return step.verdict
  })
}

const brief = (verdict: Verdict): string => (verdict.outcome === 'inconclusive' ? verdict.cause : verdict.outcome)

describe('the query judge', () => {
  it('fails after the wanted number of breaches among the last looks and not before', () => {
    expect(walk(check, [value(0.1), value(0.01), value(0.1)]).map(brief)).toEqual(['undecided', 'pass', 'fail'])
    expect(walk(check, [value(0.1), value(0.01), value(0.01), value(0.1)]).map(brief)).toEqual([
      'undecided',
      'pass',
      'pass',
      'undecided',
    ])
  })

  it('does not count looks without data', () => {
    const blind: MetricResult<readonly number[]> = { kind: 'error', fault: 'timeout', reason: 'no answer in 5 s' }
    expect(walk(check, [value(0.1), blind, blind, blind, value(0.1)]).map(brief)).toEqual([
      'undecided',
      'blind',
      'blind',
      'blind',
      'fail',
    ])
  })

  it.each<MetricResult<readonly number[]>>([
    { kind: 'noData', reason: 'no series' },
    { kind: 'nan', reason: 'not a number' },
    { kind: 'stale', reason: 'old', ageSeconds: 900 },
    { kind: 'error', fault: 'auth', reason: 'forbidden' },
    value(),
    value(Number.NaN),
  ])('is blind on %o', (canary) => {
    expect(walk(check, [canary]).map(brief)).toEqual(['blind'])
  })

  it('takes a false pass expression as a breach when no fail expression is given', () => {
    const orders: QueryCheck = { ...check, pass: 'result >= 0.95 * stable', fail: null, failures: 1, of: 1 }
    const step = (canary: number, stable: number | null): string =>
      brief(
        stepQuery(
          orders,
          startQuery(orders),
          inputOf({ ceiling: { canary: value(canary), stable: stable === null ? null : value(stable) } }),
        ).verdict,
      )
    expect(step(96, 100)).toBe('pass')
    expect(step(94, 100)).toBe('fail')
    expect(step(94, null)).toBe('blind')
  })

  it('is undecided when both expressions are given and neither holds', () => {
    const two: QueryCheck = { ...check, pass: 'result < 0.01', fail: 'result > 0.05' }
    expect(walk(two, [value(0.03), value(0.001), value(0.06)]).map(brief)).toEqual(['undecided', 'pass', 'undecided'])
  })

  it('never passes without any expression', () => {
    expect(walk({ ...check, fail: null }, [value(1)]).map(brief)).toEqual(['undecided'])
  })

  it('says the numbers it saw', () => {
    const [first, second] = walk({ ...check, of: 2 }, [value(0.061), value(0.0721)])
    expect(first?.reason).toBe('`result[0] > 0.05` is true with result 0.061 at the last look (fails at 2 of 2)')
    expect(second?.evidence).toEqual({
      judge: 'query',
      figures: { breaches: 2, looks: 2, failures: 2, of: 2, canarySeries: 1, canaryValue: 0.0721 },
    })
  })

  it('survives whatever arrives, and its state stays small plain JSON', () => {
    const reading = fc.oneof(
      fc.array(fc.double(), { maxLength: 5 }).map((values) => value(...values)),
      fc.constant<MetricResult<readonly number[]>>({ kind: 'nan', reason: 'not a number' }),
    )
    const arm = fc.record({ canary: reading, stable: fc.option(reading) })
    const expression = fc.option(
      fc.constantFrom('result[0] > 1', 'result > stable', 'len(result) == 0', 'result.all(x, x < 1)', 'a(', ''),
    )
    fc.assert(
      fc.property(
        expression,
        expression,
        fc.integer({ min: -1, max: 10 }),
        fc.double(),
        fc.array(fc.option(arm, { nil: undefined }), { maxLength: 20 }),
        (pass, fail, failures, of, arms) => {
          const odd = { ...check, pass, fail, failures, of }
          let state = startQuery(odd)
          for (const readings of arms) {
            const step = stepQuery(odd, state, inputOf(readings === undefined ? {} : { ceiling: readings }))
            state = step.state
            expect(JSON.parse(JSON.stringify(state))).toEqual(state)
            expect(state.breaches.length).toBeLessThanOrEqual(1_000)
            for (const figure of Object.values(step.verdict.evidence.figures))
              expect(Number.isFinite(figure)).toBe(true)
            expect(step.verdict.outcome === 'inconclusive' || readings?.canary.kind === 'value').toBe(true)
          }
        },
      ),
    )
  })
})
