import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shapeThrough } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import { slowdownSight } from '../../../src/analysis/power/latency-power.ts'
import { type BakePlan, bakeForPower, smallestSize } from '../../../src/analysis/power/power.ts'
import { chance, detected, lasting } from '../judges/bakes.ts'
import { COARSE_BOUNDS, FINE_BOUNDS, latencyCheck } from '../judges/looks.ts'

const shapeOf = (bounds: readonly number[], p99 = 0.9) =>
  shapeThrough(
    [
      { quantile: 0.5, seconds: 0.08 },
      { quantile: 0.99, seconds: p99 },
    ],
    bounds,
  )
const plan: BakePlan = { requestsPerSecond: 50, weight: 500, bake: 60_000, interval: 10_000 }

describe('the power to see that all requests are slower', () => {
  const RUNS = 200
  /** By which a figure may be off: so much may be missing where there should be no less. */
  const ERROR = 0.07
  const check = latencyCheck({ notWorseThan: 1, alpha: 0.01, minRequests: 1 })
  const sight = slowdownSight(check, check.rule, shapeOf(COARSE_BOUNDS))

  it.each<readonly [number, number, number, number, number, number, number, 'fine' | 'coarse', number]>([
    [50, 100, 300, 1.25, 1.875, 0.0033, 10, 'fine', 0.9],
    [50, 100, 200, 1, 1.5, 0.01, 10, 'fine', 0.9],
    [50, 500, 60, 1, 1.5, 0.01, 10, 'fine', 0.9],
    [50, 500, 100, 1.25, 1.6, 0.01, 10, 'fine', 0.3],
    [50, 5_000, 60, 1, 1.1, 0.01, 10, 'fine', 0.3],
    [50, 5_000, 30, 1.25, 1.8, 0.01, 10, 'fine', 0.9],
    [50, 1_000, 300, 1.25, 1.5, 0.01, 60, 'fine', 0.9],
    [50, 500, 60, 1.25, 2, 0.01, 1, 'fine', 0.9],
    [5, 5_000, 120, 1, 1.4, 0.05, 10, 'coarse', 0.9],
    [50, 500, 200, 1.25, 2.5, 0.01, 10, 'coarse', 0.9],
    [50, 5_000, 60, 1, 1.2, 0.01, 10, 'coarse', 0.9],
    [50, 100, 400, 1, 1.4, 0.01, 10, 'coarse', 0.9],
  ])(
    'is within 0.07 of the judge (and chance) for %d requests/s, %d bp, %d s, ratio %d, %dx, α %d, every %d s, %s, p99%d s',
    (requestsPerSecond, weight, seconds, notWorseThan, factor, alpha, every, buckets, p99) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: every * 1_000 }
      const own = latencyCheck({ notWorseThan, alpha, minRequests: 1 })
      const shape = shapeOf(buckets === 'fine' ? FINE_BOUNDS : COARSE_BOUNDS, p99)
      const arms = { canary: lasting(shape, factor), stable: lasting(shape, 1) }
      const simulated = detected(own, bake, arms, RUNS)
      const power = slowdownSight(own, own.rule, shape).power(bake, factor)
      expect(Math.abs(power - simulated)).toBeLessThan(ERROR + chance(RUNS))
    },
    60_000,
  )

  it('is 0 in one look, which only learns, and for what cannot be seen or makes no sense', () => {
    expect(sight.power({ ...plan, bake: plan.interval }, 4)).toBe(0)
    for (const bad of [{ weight: 0 }, { weight: 10_000 }, { bake: 0 }, { requestsPerSecond: Number.NaN }])
      expect(sight.power({ ...plan, ...bad }, 4)).toBe(0)
    for (const factor of [1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(sight.power(plan, factor)).toBe(0)
    const broken = latencyCheck({ alpha: 0 })
    expect(slowdownSight(broken, broken.rule, shapeOf(COARSE_BOUNDS)).power(plan, 4)).toBe(0)
  })

  it('is next to nothing where the buckets are wider than the slowdown, and says which buckets it took', () => {
    const tolerant = latencyCheck({ notWorseThan: 1.25 })
    const wide = slowdownSight(tolerant, tolerant.rule, shapeOf(COARSE_BOUNDS))
    const fine = slowdownSight(tolerant, tolerant.rule, shapeOf(FINE_BOUNDS))
    const hour = { ...plan, bake: 3_600_000 }
    expect(wide.power(hour, 1.875)).toBeLessThan(0.05)
    expect(fine.power(hour, 1.875)).toBeGreaterThan(0.99)
    expect(bakeForPower(wide, hour, 1.875)).toBeNull()
    expect(wide.describe(1.875)).toBe("all requests 1.88x as slow (in Prometheus' default buckets)")
    expect(fine.describe(1.875)).toBe('all requests 1.88x as slow')
    expect([1.25, 1.26].map(wide.accepts)).toEqual([true, false])
  })

  it('gives the same figure whatever was asked before', () => {
    const power = sight.power(plan, 1.4)
    sight.power({ ...plan, weight: 100 }, 2)
    sight.power({ ...plan, bake: 6_000_000 }, 1.1)
    expect(sight.power(plan, 1.4)).toBe(power)
  })

  it('is a probability whatever is asked, and no smaller in twice the time, with twice the traffic or twice as slow', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e5, noNaN: true }),
        fc.integer({ min: 1, max: 9_999 }),
        fc.integer({ min: 1_000, max: 86_400_000 }),
        fc.double({ min: 1.01, max: 20, noNaN: true }),
        (requestsPerSecond, weight, bake, factor) => {
          const bakePlan = { requestsPerSecond, weight, bake, interval: 10_000 }
          const power = sight.power(bakePlan, factor)
          expect(power >= 0 && power <= 1).toBe(true)
          expect(sight.power({ ...bakePlan, bake: bake * 2 }, factor)).toBeGreaterThan(power - ERROR)
          expect(sight.power({ ...bakePlan, requestsPerSecond: 2 * requestsPerSecond }, factor)).toBeGreaterThan(
            power - ERROR,
          )
          expect(sight.power(bakePlan, factor * 2)).toBeGreaterThan(power - ERROR)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('finds the bake and the smallest slowdown that have 90%', () => {
    const bake = bakeForPower(sight, plan, 1.4) ?? 0
    expect(sight.power({ ...plan, bake }, 1.4)).toBeGreaterThanOrEqual(0.9)
    expect(sight.power({ ...plan, bake: bake - 20_000 }, 1.4)).toBeLessThan(0.9)
    const smallest = smallestSize(sight, plan) ?? 0
    expect(sight.power(plan, smallest)).toBeGreaterThanOrEqual(0.9)
    expect(sight.power(plan, smallest * 0.95)).toBeLessThan(0.9)
  })
})
