import { describe, expect, it } from 'vitest'
import { shapeThrough } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import { errorSight, eventSight } from '../../../src/analysis/power/event-power.ts'
import { slowdownSight } from '../../../src/analysis/power/latency-power.ts'
import { partLeft } from '../../../src/analysis/power/part-left.ts'
import type { RecordedEvents } from '../../../src/domain/recorded-noise.ts'
import { chance, detected, failingUnevenly } from '../judges/bakes.ts'
import { COARSE_BOUNDS, errorCheck, latencyCheck, ordersCheck } from '../judges/looks.ts'

const RUNS = 400
const PLAN = { requestsPerSecond: 100, weight: 500, bake: 300_000, interval: 10_000 }

describe('the part of the evidence that noise of the record leaves', () => {
  const noise = [{ lasting: 60_000, variation: 0.25 }]

  it('is all of it without a record, and without noise', () => {
    expect(partLeft(null, PLAN)).toBe(1)
    expect(partLeft(undefined, PLAN)).toBe(1)
    expect(partLeft({ share: 0.005, noise: [{ lasting: 60_000, variation: 0 }] }, PLAN)).toBe(1)
  })

  it.each([
    [0.005, [[60_000, 0.25]], PLAN, 0.4449743412031327],
    [
      0.02,
      [
        [60_000, 0.04],
        [1_200_000, 0.09],
      ],
      { requestsPerSecond: 20, weight: 2_500, bake: 3_600_000, interval: 30_000 },
      0.058099020438391366,
    ],
    [
      0.001,
      [[300_000, 0.5]],
      { requestsPerSecond: 1_000, weight: 5_000, bake: 30_000, interval: 10_000 },
      0.10669191919191919,
    ],
  ] as const)('is that of a second implementation, for a share of %d', (part, noises, plan, expected) => {
    const of = noises.map(([lasting, variation]) => ({ lasting, variation }))
    expect(partLeft({ share: part, noise: of }, plan)).toBeCloseTo(expected, 12)
  })

  it('is less with more noise, with more traffic, and with a longer bake', () => {
    const part = partLeft({ share: 0.005, noise }, PLAN)
    expect(part).toBeLessThan(0.7)
    expect(part).toBeGreaterThan(0.3)
    expect(partLeft({ share: 0.005, noise: [{ lasting: 60_000, variation: 0.5 }] }, PLAN)).toBeLessThan(part)
    expect(partLeft({ share: 0.005, noise }, { ...PLAN, requestsPerSecond: 500 })).toBeLessThan(part)
    expect(partLeft({ share: 0.005, noise }, { ...PLAN, bake: 20_000 })).toBeGreaterThan(part)
  })

  it.each<readonly [number, number, number, number, number, number, number]>([
    [100, 500, 180, 0.02, 1, 0.05, 0.25],
    [100, 500, 600, 0.015, 1, 0.05, 0.25],
    [100, 500, 300, 0.02, 1.5, 0.005, 0.25],
    [100, 5_000, 120, 0.01, 1, 0.05, 0.25],
    [20, 1_000, 600, 0.02, 1, 0.01, 0.1],
    [100, 500, 300, 0.03, 1, 0.05, 1],
  ])(
    'makes the power what the judge has in such noise: %d requests/s, %d bp, %d s, to %d, ratio %d, α %d, variation %d',
    (requestsPerSecond, weight, seconds, to, notWorseThan, alpha, variation) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 }
      const check = errorCheck({ notWorseThan, alpha, minRequests: 1 })
      const events = { share: 0.005, noise: [{ lasting: 60_000, variation }] }
      const arms = { canary: failingUnevenly(to, variation, 6), stable: failingUnevenly(0.005, variation, 6) }
      const simulated = detected(check, bake, arms, RUNS, { errors: events, events: {}, slow: [] })
      const power = errorSight(check, check.rule, 0.005, events).power(bake, to)
      expect(Math.abs(power - simulated)).toBeLessThan(0.1 + chance(RUNS))
    },
  )

  it('is taken off orders and latency too, each by its own noise', () => {
    const shape = shapeThrough(
      [
        { quantile: 0.5, seconds: 0.08 },
        { quantile: 0.99, seconds: 0.9 },
      ],
      COARSE_BOUNDS,
    )
    const slow = latencyCheck({ alpha: 0.01 })
    const bake = { ...PLAN, bake: 60_000 }
    const latency = (known: readonly RecordedEvents[]) => slowdownSight(slow, slow.rule, shape, known).power(bake, 1.3)
    expect(latency([{ share: 0.5, noise: [{ lasting: 60_000, variation: 0.01 }] }])).toBeLessThan(0.8 * latency([]))
    expect(latency([{ share: 0.5, noise: [{ lasting: 60_000, variation: 0 }] }])).toBe(latency([]))
    const orders = (known: RecordedEvents | null) =>
      eventSight(ordersCheck(), 'fall', 0.03, known)?.power({ ...PLAN, bake: 600_000 }, 0.7) ?? 0
    expect(orders({ share: 0.03, noise })).toBeLessThan(0.8 * orders(null))
  })
})
