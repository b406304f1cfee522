import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorSight, eventSight } from '../../../src/analysis/power/event-power.ts'
import { type BakePlan, smallestSize } from '../../../src/analysis/power/power.ts'
import { chance, detected, failing, ordering } from '../judges/bakes.ts'
import { errorCheck, ordersCheck } from '../judges/looks.ts'

const RUNS = 400
const plan: BakePlan = { requestsPerSecond: 100, weight: 500, bake: 60_000, interval: 10_000 }

describe('the power to see a rise of errors', () => {
  const check = errorCheck({ notWorseThan: 1, alpha: 0.05, minRequests: 1 })
  const sight = errorSight(check, check.rule, 0.005)

  it.each<readonly [number, number, number, number, number, number, number, number]>([
    [100, 500, 60, 0.005, 0.02, 1, 0.05, 10],
    [100, 500, 600, 0.005, 0.01, 1, 0.01, 10],
    [50, 100, 600, 0.001, 0.01, 1.5, 0.01, 10],
    [10, 500, 600, 0.005, 0.02, 1, 0.05, 10],
    [1_000, 5_000, 60, 0.001, 0.0015, 1, 0.01, 10],
    [50, 9_000, 600, 0.005, 0.02, 1.5, 0.01, 10],
    [50, 100, 300, 0.001, 0.05, 1.5, 0.01, 1],
    [120, 5_000, 5, 0.005, 0.05, 1.5, 0.0033, 1],
  ])(
    'is within 0.05 of the judge (and chance) for %d requests/s, %d bp, %d s, %d → %d, ratio %d, α %d, looks every %d s',
    (requestsPerSecond, weight, seconds, from, to, notWorseThan, alpha, every) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: every * 1_000 }
      const own = errorCheck({ notWorseThan, alpha, minRequests: 1 })
      const simulated = detected(own, bake, { canary: failing(to), stable: failing(from) }, RUNS)
      expect(Math.abs(errorSight(own, own.rule, from).power(bake, to) - simulated)).toBeLessThan(0.05 + chance(RUNS))
    },
  )

  it('grows with the bake, the traffic and the rise, and falls with tolerance and confidence', () => {
    const power = sight.power(plan, 0.02)
    const at = (rule: Parameters<typeof errorCheck>[0]) => {
      const other = errorCheck({ ...check.rule, ...rule })
      return errorSight(other, other.rule, 0.005).power(plan, 0.02)
    }
    expect(power).toBeGreaterThan(0.4)
    expect(power).toBeLessThan(0.65)
    expect(sight.power({ ...plan, bake: 180_000 }, 0.02)).toBeGreaterThan(power)
    expect(sight.power({ ...plan, requestsPerSecond: 300 }, 0.02)).toBeGreaterThan(power)
    expect(sight.power(plan, 0.05)).toBeGreaterThan(power)
    expect(at({ notWorseThan: 2 })).toBeLessThan(power)
    expect(at({ alpha: 0.001 })).toBeLessThan(power)
  })

  it('is 0 for what cannot be seen or makes no sense', () => {
    for (const bad of [
      { weight: 10_000 },
      { weight: 0 },
      { weight: 10_001 },
      { bake: 0 },
      { interval: 0 },
      { requestsPerSecond: 0 },
      { requestsPerSecond: Number.NaN },
    ])
      expect(sight.power({ ...plan, ...bad }, 0.02)).toBe(0)
    for (const to of [0.005, 0.001, 1.1, Number.NaN]) expect(sight.power(plan, to)).toBe(0)
    for (const from of [-1, Number.NaN]) expect(errorSight(check, check.rule, from).power(plan, 0.5)).toBe(0)
  })

  it('is a probability whatever is asked, and no smaller in twice the time, with twice the traffic or for more', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 9_999 }),
        fc.integer({ min: 1_000, max: 86_400_000 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.double({ min: 1e-4, max: 0.25, noNaN: true }),
        (requestsPerSecond, weight, bake, from, more) => {
          const bakePlan = { requestsPerSecond, weight, bake, interval: 10_000 }
          const seen = errorSight(check, check.rule, from)
          const power = seen.power(bakePlan, from + more)
          expect(power >= 0 && power <= 1).toBe(true)
          // Events are whole, so that a little more of anything can ask for one event more.
          expect(seen.power({ ...bakePlan, bake: bake * 2 }, from + more)).toBeGreaterThan(power - 0.03)
          expect(seen.power({ ...bakePlan, requestsPerSecond: 2 * requestsPerSecond }, from + more)).toBeGreaterThan(
            power - 0.03,
          )
          expect(seen.power(bakePlan, from + 2 * more)).toBeGreaterThan(power - 1e-6)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds the smallest rise that is seen with 90%', () => {
    const smallest = smallestSize(sight, plan) ?? 0
    expect(sight.power(plan, smallest)).toBeGreaterThanOrEqual(0.9)
    expect(sight.power(plan, smallest * 0.95)).toBeLessThan(0.9)
    expect(smallestSize(sight, { ...plan, requestsPerSecond: 0.001 })).toBeNull()
  })

  it('knows what the check accepts', () => {
    const tolerant = errorCheck({ notWorseThan: 1.5 })
    expect([0.0075, 0.0076].map(errorSight(tolerant, tolerant.rule, 0.005).accepts)).toEqual([true, false])
  })
})

describe('the power to see that events fall or rise', () => {
  it.each<readonly [number, number, number, number, number, number | null, number | null, number, number]>([
    [50, 100, 3_600, 0.03, 0.5, 0.8, null, 0.01, 30],
    [50, 500, 1_200, 0.03, 0.5, 0.8, null, 0.01, 10],
    [50, 500, 900, 0.05, 0.6, 0.9, 1.1, 0.01, 10],
    [50, 5_000, 300, 0.03, 0.6, 0.9, null, 0.01, 10],
    [50, 9_000, 900, 0.03, 0.6, 0.9, null, 0.01, 10],
    [50, 9_900, 1_800, 0.03, 0.5, 0.9, null, 0.01, 10],
    [50, 100, 1_800, 0.03, 0.3, 0.8, null, 0.01, 10],
    [2, 5_000, 300, 0.3, 0.5, 1, null, 0.05, 1],
    [50, 2_500, 240, 0.03, 0.5, 0.9, null, 0.01, 60],
    [50, 5_000, 600, 0.03, 1.4, null, 1.1, 0.01, 10],
    [50, 9_900, 1_800, 0.03, 2, null, 1.1, 0.01, 10],
    [50, 100, 1_200, 0.03, 2, 0.9, 1.1, 0.01, 10],
  ])(
    'is within 0.05 of the judge (and chance) for %d requests/s, %d bp, %d s, %d × %d, limits %s %s, α %d, every %d s',
    (requestsPerSecond, weight, seconds, base, change, notBelow, notAbove, alpha, every) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: every * 1_000 }
      const check = ordersCheck({ notBelow, notAbove, alpha, minRequests: 1 })
      const simulated = detected(check, bake, { canary: ordering(base * change), stable: ordering(base) }, RUNS)
      const sight = eventSight(check, change < 1 ? 'fall' : 'rise', base)
      expect(Math.abs((sight?.power(bake, change) ?? 0) - simulated)).toBeLessThan(0.05 + chance(RUNS))
    },
  )

  it('halves the budget between two sides', () => {
    const bake = { ...plan, bake: 900_000 }
    const at = (more: Parameters<typeof ordersCheck>[0]) =>
      eventSight(ordersCheck(more), 'fall', 0.03)?.power(bake, 0.5)
    expect(at({ notBelow: 0.9, notAbove: 1.1, alpha: 0.02 })).toBe(at({ notBelow: 0.9, alpha: 0.01 }))
  })

  it('is not asked of a side that the check does not watch', () => {
    expect(eventSight(ordersCheck({ notBelow: 0.9 }), 'rise', 0.03)).toBeNull()
    expect(eventSight(ordersCheck({ notBelow: null, notAbove: 1.1 }), 'fall', 0.03)).toBeNull()
  })

  it('is a probability whatever is asked, and no smaller in twice the time, with twice the traffic or for a deeper fall', () => {
    const sight = (base: number, isFall: boolean) =>
      eventSight(ordersCheck({ notBelow: 0.9, notAbove: 1.1 }), isFall ? 'fall' : 'rise', base)
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 9_999 }),
        fc.integer({ min: 1_000, max: 86_400_000 }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.boolean(),
        (requestsPerSecond, weight, bake, base, depth, isFall) => {
          const bakePlan = { requestsPerSecond, weight, bake, interval: 10_000 }
          const seen = sight(base, isFall)
          const change = isFall ? depth : 1 / Math.max(0.01, depth)
          const power = seen?.power(bakePlan, change) ?? -1
          expect(power >= 0 && power <= 1).toBe(true)
          expect(seen?.power({ ...bakePlan, bake: bake * 2 }, change)).toBeGreaterThan(power - 0.03)
          expect(seen?.power({ ...bakePlan, requestsPerSecond: 2 * requestsPerSecond }, change)).toBeGreaterThan(
            power - 0.03,
          )
          expect(seen?.power(bakePlan, isFall ? change / 2 : change * 2)).toBeGreaterThan(power - 0.01)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds the smallest fall that is seen with 90%, down to no event at all', () => {
    const sight = eventSight(ordersCheck({ notBelow: 0.9 }), 'fall', 0.03)
    if (sight === null) throw new Error('a fall is watched')
    const bake = { ...plan, bake: 900_000 }
    const smallest = smallestSize(sight, bake) ?? -1
    expect(sight.power(bake, smallest)).toBeGreaterThanOrEqual(0.9)
    expect(sight.power(bake, smallest + 0.02)).toBeLessThan(0.9)
    expect(smallestSize(sight, { ...plan, bake: 10_000 })).toBeNull()
  })

  it('is told as plans write it', () => {
    const sight = eventSight(ordersCheck({ notBelow: 0.9 }), 'fall', 0.03)
    expect(sight?.describe(0.675)).toBe('orders falling to 0.675x of 3%')
    expect([0.9, 0.89].map((change) => sight?.accepts(change))).toEqual([true, false])
  })
})
