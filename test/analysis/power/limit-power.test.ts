import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorRateCheck, LatencyCheck, ThresholdRule } from '../../../src/analysis/checks/shapes.ts'
import { shapeThrough } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import { errorLimitSight, latencyLimitSight } from '../../../src/analysis/power/limit-power.ts'
import { type BakePlan, smallestSize } from '../../../src/analysis/power/power.ts'
import { chance, detected, failing, lasting } from '../judges/bakes.ts'
import { COARSE_BOUNDS, FINE_BOUNDS } from '../judges/looks.ts'

const RUNS = 500
const limit: ThresholdRule = { judge: 'threshold', max: 0.01, failures: 1, of: 1, minRequests: 10 }
const errors = (rule: ThresholdRule): ErrorRateCheck => ({ kind: 'errorRate', name: 'errors', source: 'store', rule })
const slowest = (rule: ThresholdRule): LatencyCheck => ({
  ...{ kind: 'latency', name: 'slowest', source: 'store', rule },
  quantiles: [0.5, 0.99],
})
const powerOf = (plan: BakePlan, to: number, rule: ThresholdRule) =>
  errorLimitSight(errors(rule), rule, 0.005).power(plan, to)
const plan: BakePlan = { requestsPerSecond: 100, weight: 500, bake: 600_000, interval: 60_000 }

describe('the power of a fixed limit on errors', () => {
  it.each<readonly [number, number, number, number, number, number, number, number, number]>([
    [50, 100, 600, 0.02, 0.03, 2, 3, 50, 10],
    [50, 100, 130, 0.02, 0.1, 1, 1, 50, 10],
    [50, 5_000, 60, 0.02, 0.022, 2, 3, 50, 10],
    [50, 1_000, 60, 0.02, 0.03, 2, 3, 50, 10],
    [50, 1_000, 120, 0.02, 0.04, 3, 5, 100, 10],
    [50, 100, 900, 0.03, 0.05, 3, 5, 100, 10],
    [50, 10_000, 20, 0.03, 0.03, 3, 5, 45, 1],
  ])(
    'is within 0.07 of the judge (and chance) for %d requests/s, %d bp, %d s, max %d, %d, %d of %d, at least %d, every %d s',
    (requestsPerSecond, weight, seconds, max, to, failures, of, minRequests, every) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: every * 1_000 }
      const rule = { judge: 'threshold', max, failures, of, minRequests } as const
      // The limit looks at the canary alone; at full weight stable has nothing.
      const simulated = detected(errors(rule), bake, { canary: failing(to), stable: failing(0.005) }, RUNS)
      expect(Math.abs(powerOf(bake, to, rule) - simulated)).toBeLessThan(0.07 + chance(RUNS))
    },
  )

  it.each<readonly [number, number, number, number, number, number, number, number]>([
    [50, 2_500, 14_400, 0.02, 0.005, 3, 5, 50],
    [50, 1_000, 7_200, 0.02, 0.005, 3, 5, 50],
    [50, 100, 3_600, 0.02, 0.02, 2, 3, 50],
    [20, 5_000, 1_800, 0.015, 0.01, 2, 3, 100],
    [50, 2_500, 14_400, 0.02, 0.005, 3, 5, 500],
  ])(
    'fails a canary that is as stable is within 0.05 of the judge: %d requests/s, %d bp, %d s, max %d of %d, %d of %d, %d',
    (requestsPerSecond, weight, seconds, max, share, failures, of, minRequests) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 }
      const rule = { judge: 'threshold', max, failures, of, minRequests } as const
      const simulated = detected(errors(rule), bake, { canary: failing(share), stable: failing(share) }, RUNS)
      const { falseAlarm } = errorLimitSight(errors(rule), rule, share)
      expect(Math.abs((falseAlarm?.(bake) ?? -1) - simulated)).toBeLessThan(0.05 + chance(RUNS))
    },
  )

  it('goes over smoothly to waits that are too long to add up, and takes no time for them', () => {
    const wait = (requestsPerSecond: number) =>
      powerOf({ ...plan, weight: 1, interval: 1_000, bake: 400 * 86_400_000, requestsPerSecond }, 0.2, {
        ...limit,
        minRequests: 1_000,
      })
    for (const requestsPerSecond of [1e-9, 1e-3, 0.3, 1, 3, 30]) {
      const [less, more] = [wait(requestsPerSecond * 0.999), wait(requestsPerSecond * 1.001)]
      expect(Math.abs(more - less)).toBeLessThan(0.05)
    }
    expect(wait(30)).toBeGreaterThan(0.99)
  })

  it('counts looks that are too small together with the next ones', () => {
    const one = { ...plan, requestsPerSecond: 10, bake: 3_600_000, interval: 10_000 }
    expect(powerOf(one, 0.05, { ...limit, minRequests: 100 })).toBeGreaterThan(0.99)
    expect(powerOf({ ...one, bake: 60_000 }, 0.05, { ...limit, minRequests: 100 })).toBeLessThan(0.01)
  })

  it('needs a breach in so many of the last looks', () => {
    const huge = { ...plan, requestsPerSecond: 1e7 }
    expect(powerOf({ ...huge, bake: 60_000 }, 0.02, { ...limit, failures: 2, of: 3 })).toBe(0)
    expect(powerOf({ ...huge, bake: 120_000 }, 0.02, { ...limit, failures: 2, of: 3 })).toBeCloseTo(1, 6)
    const [one, three, many] = [1, 3, 9].map((failures) => powerOf(plan, 0.011, { ...limit, failures, of: 10 }))
    expect(one).toBeGreaterThan(three ?? 0)
    expect(three).toBeGreaterThan(many ?? 0)
    expect(powerOf(plan, 0.011, { ...limit, failures: 9, of: 13 })).toBeLessThanOrEqual((many ?? 0) + 1e-6)
  })

  it('is 0 when the bake is over before enough requests came, and for what makes no sense', () => {
    expect(powerOf(plan, 0.02, { ...limit, minRequests: 1e6 })).toBeLessThan(1e-6)
    expect(powerOf(plan, 0.02, { ...limit, failures: 3, of: 2 })).toBe(0)
    expect(powerOf(plan, 0.02, { ...limit, max: Number.NaN })).toBe(0)
    expect(powerOf({ ...plan, bake: 30_000 }, 0.02, limit)).toBe(0)
    expect(powerOf({ ...plan, requestsPerSecond: 1e-9 }, 0.02, limit)).toBe(0)
    for (const to of [0.005, 2, Number.NaN]) expect(powerOf(plan, to, limit)).toBe(0)
  })

  it('is a probability whatever is asked, and no smaller in twice the time or for more', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1_000, max: 30 * 86_400_000 }),
        fc.double({ min: 0.006, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 5, max: 20 }),
        fc.integer({ min: 0, max: 1_000 }),
        (requestsPerSecond, weight, bake, to, failures, of, minRequests) => {
          const bakePlan = { requestsPerSecond, weight, bake, interval: 10_000 }
          const rule = { ...limit, failures, of, minRequests }
          const power = powerOf(bakePlan, to, rule)
          expect(power >= 0 && power <= 1).toBe(true)
          expect(powerOf({ ...bakePlan, bake: bake * 2 }, to, rule)).toBeGreaterThan(power - 1e-6)
          expect(powerOf(bakePlan, to * 2, rule)).toBeGreaterThan(power - 1e-6)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('knows what it accepts, and the smallest rise it sees', () => {
    const sight = errorLimitSight(errors(limit), limit, 0.005)
    expect([0.01, 0.011].map(sight.accepts)).toEqual([true, false])
    expect(sight.power(plan, smallestSize(sight, plan) ?? 0)).toBeGreaterThanOrEqual(0.9)
  })
})

describe('the power of a fixed limit on latency', () => {
  const shapeOf = (bounds: readonly number[]) =>
    shapeThrough(
      [
        { quantile: 0.5, seconds: 0.08 },
        { quantile: 0.99, seconds: 0.9 },
      ],
      bounds,
    )

  it.each<readonly [number, number, number, number, number, number, number, number, 'fine' | 'coarse']>([
    [50, 100, 600, 1, 1.2, 2, 3, 50, 'fine'],
    [50, 1_000, 60, 1, 1.2, 2, 3, 50, 'coarse'],
    [50, 1_000, 60, 0.8, 1.1, 2, 3, 50, 'coarse'],
    [50, 500, 600, 10, 10, 3, 5, 100, 'coarse'],
  ])(
    'is within 0.07 of the judge (and chance) for %d requests/s, %d bp, %d s, max %d s, %dx, %d of %d, at least %d, %s',
    (requestsPerSecond, weight, seconds, max, factor, failures, of, minRequests, buckets) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 }
      const check = slowest({ judge: 'threshold', max, failures, of, minRequests })
      const shape = shapeOf(buckets === 'fine' ? FINE_BOUNDS : COARSE_BOUNDS)
      const arms = { canary: lasting(shape, factor), stable: lasting(shape, 1) }
      const power = latencyLimitSight(check, { ...limit, max, failures, of, minRequests }, shape)?.power(bake, factor)
      expect(Math.abs((power ?? 0) - detected(check, bake, arms, RUNS))).toBeLessThan(0.07 + chance(RUNS))
    },
  )

  it.each<readonly [number, number, number, number, number, number, number]>([
    [50, 1_000, 3_600, 2, 3, 5, 100],
    [50, 2_500, 3_600, 1, 2, 3, 200],
    [50, 2_500, 3_600, 2, 3, 5, 500],
  ])(
    'fails a canary that is as stable is within 0.05 of the judge: %d requests/s, %d bp, %d s, max %d s, %d of %d, %d',
    (requestsPerSecond, weight, seconds, max, failures, of, minRequests) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 }
      const rule = { ...limit, max, failures, of, minRequests }
      const shape = shapeOf(COARSE_BOUNDS)
      const same = lasting(shape, 1)
      const simulated = detected(slowest(rule), bake, { canary: same, stable: same }, RUNS)
      const falseAlarm = latencyLimitSight(slowest(rule), rule, shape)?.falseAlarm?.(bake) ?? -1
      expect(Math.abs(falseAlarm - simulated)).toBeLessThan(0.05 + chance(RUNS))
    },
  )

  it('is asked of the highest quantile', () => {
    const sight = latencyLimitSight(slowest(limit), { ...limit, max: 1 }, shapeOf(FINE_BOUNDS))
    expect([1, 1.3].map((factor) => sight?.accepts(factor))).toEqual([true, false])
    expect(sight?.describe(1.5)).toBe('all requests 1.5x as slow (p99 against 1 s)')
    for (const factor of [1, Number.NaN]) expect(sight?.power(plan, factor)).toBe(0)
  })

  it('cannot be told of a limit above the largest bucket', () => {
    expect(latencyLimitSight(slowest(limit), { ...limit, max: 11 }, shapeOf(COARSE_BOUNDS))).toBeNull()
    expect(latencyLimitSight(slowest(limit), { ...limit, max: 10 }, shapeOf(COARSE_BOUNDS))).not.toBeNull()
  })
})
