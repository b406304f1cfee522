import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KayentaCheck } from '../../../src/analysis/kayenta/kayenta-judge.ts'
import {
  type KayentaState,
  MOST_POINTS,
  startKayenta,
  stepKayenta,
} from '../../../src/analysis/kayenta/kayenta-judge.ts'
import type { MetricResult } from '../../../src/domain/observation.ts'
import type { ArmReadings, CheckInput } from '../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

const metric = (name: string, canary: object = {}): object => ({
  name,
  query: { type: 'prometheus' },
  groups: ['all'],
  analysisConfigurations: { canary: { direction: 'increase', ...canary } },
})
const configOf = (...metrics: object[]): object => ({
  name: 'config',
  judge: { name: 'NetflixACAJudge-v1.0' },
  metrics,
  classifier: { groupWeights: { all: 100 } },
})
const check: KayentaCheck = {
  kind: 'kayenta',
  name: 'kayenta',
  source: 'prometheus',
  config: configOf(metric('errors'), metric('latency')),
  queries: { errors: 'errors{pool="$pool"}', latency: 'latency{pool="$pool"}' },
  step: 60_000,
  lifetime: 30 * 60_000,
  interval: 10 * 60_000,
  warmUp: 0,
  pass: 95,
  marginal: 50,
}

const nothing: MetricResult<never> = { kind: 'noData', reason: 'none' }
const value = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })
const wave = (minute: number): number => 10 + ((minute * 7) % 5)

type Source = (minute: number) => Readonly<Record<string, ArmReadings>>
const arms = (canary: number, stable: number): ArmReadings => ({ canary: value(canary), stable: value(stable) })

function walk(own: KayentaCheck, minutes: number, source: Source): { verdicts: Verdict[]; state: KayentaState } {
  let state = startKayenta(own)
  const verdicts: Verdict[] = []
  for (let minute = 0; minute <= minutes; minute += 1) {
    const at = 1_000_000 + minute * 60_000
    const input: CheckInput = {
      at,
      window: { start: at, end: at },
      stable: nothing,
      canary: nothing,
      readings: source(minute),
    }
    const step = stepKayenta(own, state, input)
    state = step.state
    verdicts.push(step.verdict)
  }
  return { verdicts, state }
}

const brief = (verdict: Verdict | undefined): string =>
  verdict?.outcome === 'inconclusive' ? verdict.cause : (verdict?.outcome ?? 'none')
const healthy: Source = (minute) => ({
  errors: arms(wave(minute), wave(minute + 2)),
  latency: arms(wave(minute + 1), wave(minute)),
})

describe('the Kayenta judge', () => {
  it('passes a healthy canary at the end of the lifetime and not before', () => {
    const { verdicts, state } = walk(check, 40, healthy)
    expect(
      verdicts
        .slice(0, 30)
        .map(brief)
        .every((outcome) => outcome === 'undecided'),
    ).toBe(true)
    expect(verdicts.slice(30).map(brief)).toEqual(Array.from({ length: 11 }, () => 'pass'))
    expect(state.judgments).toBe(3)
    expect(verdicts[30]?.reason).toBe('final score 100 of 100 (passes from 95): all 2 metrics pass')
  })

  it('fails at the first judgment below marginal, with the numbers', () => {
    const { verdicts } = walk(check, 20, (minute) => ({
      errors: arms(wave(minute) * 3, wave(minute)),
      latency: arms(wave(minute) * 2, wave(minute + 2)),
    }))
    expect(verdicts.map(brief).indexOf('fail')).toBe(10)
    expect(verdicts[10]?.reason).toMatch(
      /^score 0 of 100 \(fails below 50\): errors too high \([\d.]+ on canary against [\d.]+ on stable\), latency too high \(.*\); 0 of 2 pass$/,
    )
    expect(verdicts[10]?.evidence.figures).toMatchObject({ score: 0, high: 2, judgments: 1 })
  })

  it('goes on while marginal and fails for it at the end, as Kayenta does', () => {
    const { verdicts } = walk(check, 30, (minute) => ({
      ...healthy(minute),
      errors: arms(wave(minute) * 3, wave(minute)),
    }))
    expect(verdicts.slice(0, 30).map(brief)).not.toContain('fail')
    expect(brief(verdicts[30])).toBe('fail')
    expect(verdicts[30]?.evidence.figures).toMatchObject({ score: 50 })
  })

  it('collects and judges only after the warm-up', () => {
    const warm = { ...check, warmUp: 5 * 60_000 }
    const bad: Source = (minute) => (minute < 5 ? { errors: arms(1_000, 1), latency: arms(1_000, 1) } : healthy(minute))
    const { verdicts } = walk(warm, 40, bad)
    expect(verdicts[4]?.reason).toBe('warming up for another 1m')
    expect(verdicts.map(brief).indexOf('pass')).toBe(35)
  })

  it('is blind, not failed, when half of the metrics have no data', () => {
    const outage: MetricResult<readonly number[]> = { kind: 'error', fault: 'timeout', reason: 'no answer' }
    const { verdicts } = walk(check, 30, (minute) => ({
      ...healthy(minute),
      errors: { canary: outage, stable: outage },
    }))
    expect(brief(verdicts[10])).toBe('blind')
    expect(verdicts[10]?.reason).toContain('errors without data')
    expect(brief(verdicts[30])).toBe('blind')
  })

  it('is blind between judgments while nothing answers', () => {
    const { verdicts } = walk(check, 5, (minute) => (minute === 4 ? {} : healthy(minute)))
    expect(verdicts.map(brief)).toEqual(['undecided', 'undecided', 'undecided', 'undecided', 'blind', 'undecided'])
  })

  it('takes a step without data as zero for a metric that says so, but never an outage', () => {
    const zeros = {
      ...check,
      config: configOf(metric('errors', { nanStrategy: 'replace' })),
      interval: 20 * 60_000,
      lifetime: 20 * 60_000,
    }
    const empty: MetricResult<readonly number[]> = { kind: 'noData', reason: 'no series' }
    const outage: MetricResult<readonly number[]> = { kind: 'stale', reason: 'old', ageSeconds: 600 }
    const errorsOnly =
      (stable: MetricResult<readonly number[]>): Source =>
      (minute) => ({
        errors: { canary: value(wave(minute)), stable: minute % 4 === 0 ? value(wave(minute)) : stable },
      })
    expect(brief(walk(zeros, 20, errorsOnly(empty)).verdicts[20])).toBe('fail')
    expect(brief(walk(zeros, 20, errorsOnly(outage)).verdicts[20])).toBe('pass')
  })

  it('is blind for ever on a config that cannot be used', () => {
    const { verdicts } = walk(
      { ...check, config: { ...configOf(metric('errors')), judge: { name: 'x' } } },
      40,
      healthy,
    )
    expect(new Set(verdicts.map(brief))).toEqual(new Set(['blind']))
    expect(verdicts[0]?.reason).toContain('judge.name')
  })

  it('leaves muted metrics out', () => {
    const muted = { ...check, config: configOf(metric('errors', { muted: true }), metric('latency')) }
    const { verdicts } = walk(muted, 30, (minute) => ({ ...healthy(minute), errors: arms(1_000, 1) }))
    expect(brief(verdicts[30])).toBe('pass')
  })

  it('keeps its points within bounds over a long lifetime, spread over the whole of it', () => {
    const names = Array.from({ length: 20 }, (_, index) => `metric-${index}`)
    const long = {
      ...check,
      config: configOf(...names.map((name) => metric(name))),
      step: 1_000,
      lifetime: 3_000 * 60_000,
      interval: 3_000 * 60_000,
    }
    const { state, verdicts } = walk(long, 3_000, (minute) =>
      Object.fromEntries(names.map((name) => [name, arms(wave(minute), wave(minute + 2))])),
    )
    const numbers = Object.values(state.points).reduce(
      (sum, { canary, baseline }) => sum + canary.length + baseline.length,
      0,
    )
    expect(numbers).toBeLessThanOrEqual(MOST_POINTS)
    expect(numbers).toBeGreaterThan(MOST_POINTS * 0.9)
    expect(brief(verdicts.at(-1))).toBe('pass')
  })

  it('survives whatever arrives, and its state stays plain JSON', () => {
    const number = fc.double().map((any) => (any === 0 ? 0 : any))
    const reading = fc.oneof(
      fc.array(number, { maxLength: 3 }).map((values) => value(...values)),
      fc.constantFrom<MetricResult<readonly number[]>>(
        nothing,
        { kind: 'nan', reason: '' },
        { kind: 'error', fault: 'auth', reason: '' },
      ),
    )
    const readings = fc.dictionary(
      fc.constantFrom('errors', 'latency', '__proto__', 'x'),
      fc.record({ canary: reading, stable: fc.option(reading) }),
    )
    const odd = fc.oneof(fc.integer({ min: -10, max: 100_000 }), number)
    fc.assert(
      fc.property(
        odd,
        odd,
        odd,
        odd,
        fc.array(fc.tuple(odd, readings), { maxLength: 30 }),
        (step, lifetime, interval, warmUp, looks) => {
          const own = { ...check, step, lifetime, interval, warmUp }
          let state = startKayenta(own)
          for (const [at, answers] of looks) {
            const next = stepKayenta(own, state, {
              at,
              window: { start: at, end: at },
              stable: nothing,
              canary: nothing,
              readings: answers,
            })
            state = next.state
            expect(JSON.parse(JSON.stringify(state))).toEqual(state)
            for (const figure of Object.values(next.verdict.evidence.figures))
              expect(Number.isFinite(figure)).toBe(true)
          }
        },
      ),
    )
  })
})
