import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorRateCheck, LatencyCheck, RelativeRule } from '../../../src/analysis/checks/shapes.ts'
import { shapeThrough } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import { type BakePlan, smallestSize } from '../../../src/analysis/power/power.ts'
import { errorRatioSight, latencyRatioSight } from '../../../src/analysis/power/ratio-power.ts'
import { chance, detected, failing, lasting } from '../judges/bakes.ts'
import { COARSE_BOUNDS, FINE_BOUNDS } from '../judges/looks.ts'

const RUNS = 500
const ratio: RelativeRule = { judge: 'relative', maxRatio: 2, failures: 2, of: 3, minRequests: 50 }
const errors = (rule: RelativeRule): ErrorRateCheck => ({ kind: 'errorRate', name: 'errors', source: 'store', rule })
const slowest = (rule: RelativeRule, quantiles: readonly number[]): LatencyCheck => ({
  ...{ kind: 'latency', name: 'slowest', source: 'store', rule, quantiles },
})
const plan: BakePlan = { requestsPerSecond: 100, weight: 500, bake: 600_000, interval: 10_000 }

describe('the power of a bare ratio of errors to stable', () => {
  it.each<readonly [number, number, number, number, number, number, number, number]>([
    [100, 500, 60, 0.01, 0.03, 2, 2, 3],
    [50, 1_000, 300, 0.01, 0.02, 2, 3, 5],
    [50, 5_000, 60, 0.02, 0.05, 2, 2, 3],
    [20, 1_000, 600, 0.001, 0.02, 3, 2, 3],
    [200, 8_000, 30, 0.02, 0.04, 1.5, 1, 1],
    [1_000, 100, 120, 0.005, 0.02, 2, 3, 5],
  ])(
    'is within 0.07 of the judge (and chance) for %d requests/s, %d bp, %d s, %d to %d, ratio %d, %d of %d',
    (requestsPerSecond, weight, seconds, from, to, maxRatio, failures, of) => {
      const bake = { ...plan, requestsPerSecond, weight, bake: seconds * 1_000 }
      const rule = { ...ratio, maxRatio, failures, of }
      const simulated = detected(errors(rule), bake, { canary: failing(to), stable: failing(from) }, RUNS)
      const power = errorRatioSight(errors(rule), rule, from).power(bake, to)
      expect(Math.abs(power - simulated)).toBeLessThan(0.07 + chance(RUNS))
    },
  )

  it.each<readonly [number, number, number, number, number, number, number, number]>([
    [50, 1_000, 3_600, 0.005, 2, 2, 3, 50],
    [50, 1_000, 3_600, 0.01, 3, 3, 5, 200],
    [100, 5_000, 600, 0.02, 1.5, 2, 3, 50],
    [50, 8_000, 900, 0.01, 2, 3, 5, 300],
  ])(
    'fails a canary that is as stable is within 0.05 of the judge: %d requests/s, %d bp, %d s, %d, ratio %d, %d of %d, %d',
    (requestsPerSecond, weight, seconds, share, maxRatio, failures, of, minRequests) => {
      const bake = { ...plan, requestsPerSecond, weight, bake: seconds * 1_000 }
      const rule = { ...ratio, maxRatio, failures, of, minRequests }
      const simulated = detected(errors(rule), bake, { canary: failing(share), stable: failing(share) }, RUNS)
      const falseAlarm = errorRatioSight(errors(rule), rule, share).falseAlarm?.(bake) ?? -1
      expect(Math.abs(falseAlarm - simulated)).toBeLessThan(0.05 + chance(RUNS))
    },
  )

  it('is 0 for what makes no sense, and knows what it accepts', () => {
    const sight = errorRatioSight(errors(ratio), ratio, 0.01)
    for (const to of [0.01, 2, Number.NaN]) expect(sight.power(plan, to)).toBe(0)
    expect(sight.power({ ...plan, weight: 10_000 }, 0.5)).toBe(0)
    expect([0.02, 0.021].map(sight.accepts)).toEqual([true, false])
    expect(sight.power(plan, smallestSize(sight, plan) ?? 0)).toBeGreaterThanOrEqual(0.9)
  })

  it('is a probability whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1_000, max: 86_400_000 }),
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        (requestsPerSecond, weight, bake, from, maxRatio) => {
          const rule = { ...ratio, maxRatio }
          const power = errorRatioSight(errors(rule), rule, from).power(
            { ...plan, requestsPerSecond, weight, bake },
            2 * from,
          )
          expect(power >= 0 && power <= 1).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('the power of a bare ratio of latency to stable', () => {
  const shapeOf = (bounds: readonly number[]) =>
    shapeThrough(
      [
        { quantile: 0.5, seconds: 0.08 },
        { quantile: 0.99, seconds: 0.9 },
      ],
      bounds,
    )

  it.each<readonly [number, number, number, number, number, number]>([
    [50, 1_000, 60, 0.5, 1.25, 1.4],
    [50, 500, 120, 0.95, 1.5, 2],
    [200, 1_000, 60, 0.5, 1.5, 1.6],
    [20, 500, 600, 0.9, 2, 1.8],
  ])(
    'is within 0.07 of the judge (and chance) for %d requests/s, %d bp, %d s, quantile %d, ratio %d, %dx',
    (requestsPerSecond, weight, seconds, quantile, maxRatio, factor) => {
      const bake = { ...plan, requestsPerSecond, weight, bake: seconds * 1_000 }
      const rule = { ...ratio, maxRatio }
      const check = slowest(rule, [quantile])
      const shape = shapeOf(FINE_BOUNDS)
      const arms = { canary: lasting(shape, factor), stable: lasting(shape, 1) }
      const power = latencyRatioSight(check, rule, shape)?.power(bake, factor) ?? -1
      expect(Math.abs(power - detected(check, bake, arms, RUNS))).toBeLessThan(0.07 + chance(RUNS))
    },
  )

  it.each<readonly [number, number, number, readonly number[], number, number, number, number]>([
    [50, 1_000, 900, [0.5], 1.25, 2, 3, 50],
    [50, 1_000, 1_800, [0.95], 1.5, 3, 5, 200],
    [50, 5_000, 600, [0.95], 1.5, 3, 5, 200],
    [50, 7_000, 1_200, [0.5, 0.9], 1.3, 2, 3, 100],
    [50, 2_000, 1_200, [0.5, 0.99], 1.5, 3, 5, 300],
  ])(
    'fails a canary that is as stable is within 0.05 of the judge: %d requests/s, %d bp, %d s, %j, ratio %d, %d of %d, %d',
    (requestsPerSecond, weight, seconds, quantiles, maxRatio, failures, of, minRequests) => {
      const bake = { ...plan, requestsPerSecond, weight, bake: seconds * 1_000 }
      const rule = { ...ratio, maxRatio, failures, of, minRequests }
      const shape = shapeOf(FINE_BOUNDS)
      const same = lasting(shape, 1)
      const simulated = detected(slowest(rule, quantiles), bake, { canary: same, stable: same }, RUNS)
      const falseAlarm = latencyRatioSight(slowest(rule, quantiles), rule, shape)?.falseAlarm?.(bake) ?? -1
      expect(Math.abs(falseAlarm - simulated), `${falseAlarm} ${simulated}`).toBeLessThan(0.05 + chance(RUNS))
    },
  )

  it('sees a slowdown within the ratio no less often than none at all', () => {
    const rule = { ...ratio, maxRatio: 1.5 }
    const sight = latencyRatioSight(slowest(rule, [0.5, 0.99]), rule, shapeOf(FINE_BOUNDS))
    const [none, some] = [sight?.falseAlarm?.(plan) ?? 1, sight?.power(plan, 1.1) ?? 0]
    expect(none).toBeGreaterThan(0)
    expect(some).toBeGreaterThan(none)
  })

  it('asks each quantile, and cannot be told of a limit above the largest bucket', () => {
    const sight = latencyRatioSight(slowest(ratio, [0.5, 0.99]), ratio, shapeOf(COARSE_BOUNDS))
    expect(sight?.describe(3)).toBe('all requests 3x as slow (p50, p99)')
    expect([2, 2.1].map((factor) => sight?.accepts(factor))).toEqual([true, false])
    for (const factor of [1, Number.NaN]) expect(sight?.power(plan, factor)).toBe(0)
    const wide = { ...ratio, maxRatio: 1_000 }
    expect(latencyRatioSight(slowest(wide, [0.5]), wide, shapeOf(COARSE_BOUNDS))).toBeNull()
  })
})
