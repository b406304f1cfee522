import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brentRoot } from '../../../src/analysis/kayenta/brent.ts'
import { mannWhitneyShift, shiftStatistic } from '../../../src/analysis/kayenta/mann-whitney.ts'
import { normalScores } from '../../../src/analysis/kayenta/normal-scores.ts'
import { normalQuantile } from '../../../src/analysis/statistics/normal.ts'
import { SPARSE_210, TIE_OUT_90, TIE_OUT_180 } from './vectors.ts'

describe('the normal quantile', () => {
  it.each([
    [0.01, -2.3263478740408408],
    [0.025, -1.9599639845400545],
    [0.5, 0],
    [0.975, 1.9599639845400545],
    [1e-10, -6.361340902404056],
  ])('of %d', (share, value) => {
    expect(normalQuantile(share)).toBeCloseTo(value, 10)
  })

  it('gives scores that are symmetric about 0', () => {
    const scores = normalScores(7)
    expect(scores[3]).toBeCloseTo(0, 12)
    expect((scores[0] ?? 1) + (scores[6] ?? 1)).toBeCloseTo(0, 12)
  })
})

describe("Brent's root", () => {
  it('finds roots of smooth functions and of steps', () => {
    const options = { tolerance: 1e-10, maxSteps: 1_000 }
    expect(brentRoot((x) => x ** 3 - 2, 0, 2, options)).toBeCloseTo(Math.cbrt(2), 9)
    expect(brentRoot((x) => Math.cos(x) - x, 0, 1, options)).toBeCloseTo(0.7390851332151607, 9)
    expect(brentRoot((x) => (x < 0.3 ? -1 : 1), 0, 1, options)).toBeCloseTo(0.3, 9)
    expect(brentRoot((x) => x, 0, 1, options)).toBe(0)
  })
})

describe('the Mann–Whitney interval', () => {
  it('agrees with the published small example', () => {
    const shift = mannWhitneyShift([10, 20, 30, 40], [1, 2, 3, 4], 0.95)
    expect(shift).toEqual({ lower: 6, upper: 39, estimate: 22.5 })
  })

  it('agrees with R on 90 points per arm', () => {
    const shift = mannWhitneyShift(TIE_OUT_90.canary, TIE_OUT_90.baseline, 0.95)
    expect(TIE_OUT_90.canary.length + TIE_OUT_90.baseline.length).toBe(180)
    expect(shift.lower).toBeCloseTo(-0.500002521696696, 6)
    expect(shift.upper).toBeCloseTo(-3.486287505871302e-5, 6)
    expect(Math.abs(shift.estimate - -0.4999393907180323)).toBeLessThan(1e-4)
  })

  it('agrees with R on 180 points per arm', () => {
    const shift = mannWhitneyShift(TIE_OUT_180.canary, TIE_OUT_180.baseline, 0.98)
    expect(TIE_OUT_180.canary.length + TIE_OUT_180.baseline.length).toBe(360)
    expect(shift.lower).toBeCloseTo(-0.4999173250549087, 6)
    expect(shift.upper).toBeCloseTo(-6.912685789769486e-6, 6)
    expect(Math.abs(shift.estimate - -3.45044082729315e-5)).toBeLessThan(1e-4)
  })

  it('agrees with R on the intermediate values of 210 sparse points per arm', () => {
    const { canary, baseline } = SPARSE_210
    const [least, most] = [-3.124999999999986, 5.555555555555557]
    const z = 1.9599639845400536
    const statistic = shiftStatistic(canary, baseline)
    expect(Math.min(...canary) - Math.max(...baseline)).toBeCloseTo(least, 12)
    expect(Math.max(...canary) - Math.min(...baseline)).toBeCloseTo(most, 12)
    expect(statistic(least) - z).toBeCloseTo(17.090968923762254, 9)
    expect(statistic(most) - z).toBeCloseTo(-20.997687930433106, 9)
    expect(statistic(least) + z).toBeCloseTo(21.01089689284236, 9)
    expect(statistic(most) + z).toBeCloseTo(-17.077759961353, 9)
    const shift = mannWhitneyShift(canary, baseline, 0.95)
    expect(shift.lower).toBeCloseTo(3.521755377702165e-5, 6)
    expect(shift.upper).toBeCloseTo(2.02456461662334e-5, 6)
    expect(shift.estimate).toBeCloseTo(2.6279243045155653e-5, 6)
  })

  it('falls with the shift and turns round when the arms are exchanged', () => {
    const arm = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 25 })
    fc.assert(
      fc.property(arm, arm, fc.integer({ min: -60, max: 60 }), (x, y, at) => {
        const [there, back] = [shiftStatistic(x, y), shiftStatistic(y, x)]
        expect(there(at)).toBeCloseTo(-back(-at), 9)
        expect(Math.sign(there(at + 0.25)) - Math.sign(there(at))).toBeLessThanOrEqual(0)
      }),
    )
  })
})
