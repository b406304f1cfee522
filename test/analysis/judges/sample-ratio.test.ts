import { describe, expect, it } from 'vitest'
import {
  judgeSampleRatio,
  type SampleRatioRule,
  type SampleRatioState,
  startSampleRatio,
} from '../../../src/analysis/judges/sample-ratio.ts'
import { logBeta } from '../../../src/analysis/statistics/log-gamma.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { arm } from './looks.ts'

type SampleRatioInput = Parameters<typeof judgeSampleRatio>[2]

const rule: SampleRatioRule = { alpha: 0.01, tolerance: 0.1, minRequests: 1_000 }
const input = (weight: number, canary: number, stable: number, hasCohorts = false): SampleRatioInput => ({
  weight,
  hasCohorts,
  canary: arm(canary),
  stable: arm(stable),
})

function judge(inputs: readonly SampleRatioInput[], by: SampleRatioRule = rule): readonly Verdict[] {
  let state: SampleRatioState = startSampleRatio()
  return inputs.map((one) => {
    const step = judgeSampleRatio(by, state, one)
    state = step.state
    return step.verdict
  })
}
const last = (verdicts: readonly Verdict[]) => verdicts.at(-1)
const repeated = (count: number, one: SampleRatioInput) => Array.from({ length: count }, () => one)

describe('the sample-ratio check', () => {
  it('passes the commanded share once there are enough requests', () => {
    const verdicts = judge(repeated(5, input(500, 20, 380)))
    expect(verdicts.map((one) => one.outcome)).toEqual(['inconclusive', 'inconclusive', 'pass', 'pass', 'pass'])
    expect(last(verdicts)?.reason).toBe('canary gets 5% of the requests (100 of 2,000) at 5%: no sign of a wrong split')
  })

  it('fails a share that is too large or too small, says by how much, and stays failed', () => {
    const high = judge([...repeated(40, input(500, 40, 360)), input(500, 0, 1_000_000)])
    expect(last(high)).toMatchObject({ outcome: 'fail', evidence: { judge: 'sampleRatio' } })
    expect(last(high)?.reason).toMatch(
      /^canary gets 10% of the requests \(80 of 800\) instead of 5%: the router does not split as it should, odds of a false alarm 1 : [\d,]+$/,
    )
    const low = judge(repeated(40, input(500, 4, 396)))
    expect(last(low)).toMatchObject({ outcome: 'fail' })
  })

  it('accepts what lies within the tolerance for ever, and without tolerance does not', () => {
    const slightlyMore = repeated(300, input(500, 53, 947))
    expect(last(judge(slightlyMore))).toMatchObject({ outcome: 'pass' })
    expect(last(judge(slightlyMore, { ...rule, tolerance: 0 }))).toMatchObject({ outcome: 'fail' })
  })

  it('lets cohorts bring more to the canary, never less', () => {
    expect(last(judge(repeated(40, input(500, 200, 200, true))))).toMatchObject({ outcome: 'pass' })
    expect(last(judge(repeated(40, input(500, 1, 399, true))))).toMatchObject({ outcome: 'fail' })
  })

  it('compares each weight with its own requests', () => {
    const ramp = [100, 500, 1_000, 2_500, 5_000].flatMap((weight) =>
      repeated(20, input(weight, weight / 10, 1_000 - weight / 10)),
    )
    expect(judge(ramp).map((one) => one.outcome)).not.toContain('fail')
    const stuck = [...repeated(20, input(100, 10, 990)), ...repeated(20, input(2_500, 10, 990))]
    expect(last(judge(stuck))).toMatchObject({ outcome: 'fail' })
  })

  it('has nothing to compare at no and at full weight', () => {
    for (const weight of [0, 10_000])
      expect(last(judge([input(weight, 5_000, 5_000)]))).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
  })

  it('is blind without data and for rules and weights that make no sense', () => {
    const blind = { outcome: 'inconclusive', cause: 'blind' }
    expect(last(judge([{ ...input(500, 1, 1), canary: { kind: 'noData', reason: 'gone' } }]))).toMatchObject(blind)
    expect(last(judge([{ ...input(500, 1, 1), stable: arm(Number.NaN) }]))).toMatchObject(blind)
    expect(last(judge([{ ...input(500, 1, 1), canary: arm(-1) }]))).toMatchObject(blind)
    expect(last(judge([input(20_000, 1, 1)]))).toMatchObject(blind)
    expect(last(judge([input(Number.NaN, 1, 1)]))).toMatchObject(blind)
    for (const alpha of [0, 1, Number.NaN])
      expect(last(judge([input(500, 50, 950)], { ...rule, alpha }))).toMatchObject(blind)
    for (const tolerance of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(last(judge([input(500, 50, 950)], { ...rule, tolerance }))).toMatchObject(blind)
  })

  it('keeps plain JSON and finite figures with a thousand million requests', () => {
    const step = judgeSampleRatio(rule, startSampleRatio(), input(500, 5e7, 95e7))
    expect(step.verdict).toMatchObject({ outcome: 'pass' })
    expect(Object.values(step.verdict.evidence.figures).every(Number.isFinite)).toBe(true)
    const again = judgeSampleRatio(rule, step.state, input(500, 10e7, 90e7))
    expect(again.verdict).toMatchObject({ outcome: 'fail' })
  })

  it('has the wealth of the Lindon–Malek mixture, truncated: twice it where the share is exact and symmetric', () => {
    const step = judgeSampleRatio({ ...rule, tolerance: 0 }, startSampleRatio(), input(5_000, 60, 40))
    const mixture = logBeta(110, 90) - logBeta(50, 50) + 100 * Math.log(2)
    // Upper tail of Beta(110, 90) beyond one half, over one half.
    const evidence = Math.exp(step.state.logPeak)
    expect(evidence).toBeGreaterThan(0.5 * Math.exp(mixture) * 1.8)
    expect(evidence).toBeLessThan(0.5 * Math.exp(mixture) * 2 + 0.5)
  })

  it('rarely alarms when the split is right, over many looks and a ramp', () => {
    const random = createRandom(61)
    const runs = 150
    let alarms = 0
    for (let run = 0; run < runs; run += 1) {
      const looks = [100, 500, 1_000, 5_000].flatMap((weight) =>
        Array.from({ length: 60 }, () => {
          const canary = random.binomial(200, weight / 10_000)
          return input(weight, canary, 200 - canary)
        }),
      )
      if (last(judge(looks, { alpha: 0.05, tolerance: 0, minRequests: 1 }))?.outcome === 'fail') alarms += 1
    }
    expect(alarms / runs).toBeLessThanOrEqual(0.05)
  })
})
