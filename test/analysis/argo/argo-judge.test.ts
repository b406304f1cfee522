import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArgoCheck } from '../../../src/analysis/argo/argo-judge.ts'
import { startArgo, stepArgo } from '../../../src/analysis/argo/argo-judge.ts'
import type { MetricResult } from '../../../src/domain/observation.ts'
import type { CheckInput } from '../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

const check: ArgoCheck = {
  kind: 'argo',
  name: 'error-rate',
  source: 'prometheus',
  query: 'errors',
  successCondition: 'result[0] < 0.05',
  failureCondition: null,
  interval: 60_000,
  initialDelay: 0,
  count: 3,
  failureLimit: 0,
  inconclusiveLimit: 0,
  consecutiveErrorLimit: 4,
  consecutiveSuccessLimit: 0,
}

const nothing: MetricResult<never> = { kind: 'noData', reason: 'none' }
const value = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })
const outage: MetricResult<readonly number[]> = { kind: 'error', fault: 'timeout', reason: 'no answer in 5 s' }

interface Look {
  readonly second: number
  readonly verdict: Verdict
  readonly measurements: number
}

function walk(
  own: ArgoCheck,
  seconds: number,
  source: (second: number) => MetricResult<readonly number[]>,
  every = 1,
): Look[] {
  let state = startArgo(own)
  const looks: Look[] = []
  for (let second = 0; second <= seconds; second += every) {
    const at = 5_000 + second * 1_000
    const readings = { [own.name]: { canary: source(second), stable: null } }
    const step = stepArgo(own, state, {
      at,
      window: { start: at, end: at },
      stable: nothing,
      canary: nothing,
      readings,
    })
    state = step.state
    const { count, error } = state.counters
    looks.push({ second, verdict: step.verdict, measurements: count + error })
  }
  return looks
}

const brief = (verdict: Verdict): string => (verdict.outcome === 'inconclusive' ? verdict.cause : verdict.outcome)
const firstAt = (looks: readonly Look[], outcome: string): number | undefined =>
  looks.find((look) => brief(look.verdict) === outcome)?.second
const measuredAt = (looks: readonly Look[]): number[] =>
  looks.filter((look, index) => look.measurements > (looks[index - 1]?.measurements ?? 0)).map((look) => look.second)

describe('the Argo-compatible judge', () => {
  it('measures at once and then strictly after each interval, and passes when the count is reached', () => {
    const looks = walk(check, 200, () => value(0.01))
    expect(measuredAt(looks)).toEqual([0, 61, 122])
    expect(firstAt(looks, 'pass')).toBe(122)
    expect(looks[0]?.verdict).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
    expect(looks.at(-1)?.verdict.reason).toBe('Successful: 3 of 3 measurements, 3 successful; last: 0.01')
  })

  it('waits for the initial delay', () => {
    expect(measuredAt(walk({ ...check, initialDelay: 30_000, count: 1 }, 60, () => value(0.01)))).toEqual([30])
    expect(walk({ ...check, initialDelay: 30_000 }, 0, () => value(0))[0]?.verdict.reason).toBe(
      'Pending: the first measurement comes 30s after the start',
    )
  })

  it('fails only when the limit is exceeded: failureLimit 3 needs four failures', () => {
    const looks = walk({ ...check, count: null, failureLimit: 3 }, 300, () => value(1))
    expect(measuredAt(looks)).toEqual([0, 61, 122, 183])
    expect(firstAt(looks, 'fail')).toBe(183)
  })

  it('retries an error after 10 s and fails with the fifth in a row', () => {
    const looks = walk(check, 100, () => outage)
    expect(measuredAt(looks)).toEqual([0, 10, 20, 30, 40])
    expect(firstAt(looks, 'fail')).toBe(40)
    expect(brief(looks[39]?.verdict ?? { outcome: 'pass', reason: '', evidence: { judge: '', figures: {} } })).toBe(
      'blind',
    )
    expect(looks.at(-1)?.verdict.reason).toMatch(
      /^Error: 0 of 3 measurements, 5 errors in a row \(4 accepted\); last: no answer in 5 s$/,
    )
  })

  it('goes on after an outage that is shorter', () => {
    const looks = walk(check, 300, (second) => (second < 35 ? outage : value(0.01)))
    expect(measuredAt(looks)).toEqual([0, 10, 20, 30, 40, 101, 162])
    expect(firstAt(looks, 'pass')).toBe(162)
  })

  it('stays inconclusive for ever once it is', () => {
    const looks = walk({ ...check, failureCondition: 'result[0] > 0.5' }, 200, (second) =>
      value(second === 0 ? 0.1 : 0.01),
    )
    expect(new Set(looks.map((look) => brief(look.verdict)))).toEqual(new Set(['undecided']))
    expect(looks.at(-1)?.verdict.reason).toMatch(/^Inconclusive: /)
    expect(measuredAt(looks)).toEqual([0])
  })

  it('passes without an end as long as the newest measurement is good', () => {
    const endless = { ...check, count: null, failureLimit: 1 }
    const looks = walk(endless, 200, (second) => value(second === 61 ? 1 : 0.01))
    expect(brief(looks[30]?.verdict ?? looks[0]!.verdict)).toBe('pass')
    expect(brief(looks[100]?.verdict ?? looks[0]!.verdict)).toBe('undecided')
    expect(brief(looks[130]?.verdict ?? looks[0]!.verdict)).toBe('pass')
  })

  it('takes one measurement without an interval', () => {
    const looks = walk({ ...check, interval: null, count: null }, 30, () => value(0.01))
    expect(measuredAt(looks)).toEqual([0])
    expect(firstAt(looks, 'pass')).toBe(0)
  })

  it('does not look at readings between measurements, nor after the end', () => {
    const looks = walk({ ...check, count: 2 }, 200, (second) => value(second === 0 || second === 61 ? 0.01 : 99))
    expect(firstAt(looks, 'pass')).toBe(61)
    expect(looks.map((look) => brief(look.verdict))).not.toContain('fail')
  })

  it('counts a missing answer as an error', () => {
    const input: CheckInput = { at: 0, window: { start: 0, end: 0 }, stable: nothing, canary: nothing, readings: {} }
    const { state, verdict } = stepArgo(check, startArgo(check), input)
    expect(state.counters.error).toBe(1)
    expect(brief(verdict)).toBe('blind')
  })

  it('survives whatever arrives; its state stays small plain JSON and its end final', () => {
    const number = fc.double().map((any) => (any === 0 ? 0 : any))
    const reading = fc.oneof(
      fc.array(number, { maxLength: 3 }).map((values) => value(...values)),
      fc.constantFrom<MetricResult<readonly number[]>>(nothing, { kind: 'nan', reason: '' }, outage),
    )
    const condition = fc.option(
      fc.constantFrom('result[0] < 1', 'result > 1', 'all(result, {# < 5})', 'result[', '', 'result'),
    )
    const odd = fc.oneof(fc.integer({ min: -2, max: 5 }), number)
    fc.assert(
      fc.property(
        fc.record({
          successCondition: condition,
          failureCondition: condition,
          interval: fc.option(odd),
          initialDelay: odd,
          count: fc.option(odd),
          failureLimit: odd,
          inconclusiveLimit: odd,
          consecutiveErrorLimit: odd,
          consecutiveSuccessLimit: odd,
        }),
        fc.array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 100_000 }), number), fc.option(reading)), {
          maxLength: 20,
        }),
        (settings, looks) => {
          const own: ArgoCheck = { ...check, ...settings }
          let state = startArgo(own)
          let ended: string | null = null
          for (const [at, canary] of looks) {
            const readings = canary === null ? {} : { [own.name]: { canary, stable: null } }
            const step = stepArgo(own, state, {
              at,
              window: { start: at, end: at },
              stable: nothing,
              canary: nothing,
              readings,
            })
            state = step.state
            const text = JSON.stringify(state)
            expect(JSON.parse(text)).toEqual(state)
            expect(text.length).toBeLessThan(2_000)
            expect(ended === null || ended === step.verdict.outcome).toBe(true)
            if (state.completed !== null) ended = step.verdict.outcome
          }
        },
      ),
    )
  })
})
