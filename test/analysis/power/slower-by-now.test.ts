import { describe, expect, it } from 'vitest'
import { startCheck, stepCheck } from '../../../src/analysis/judges/check-judge.ts'
import { shapeThrough } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import { expectedRequests } from '../../../src/analysis/power/power.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { chance, detected, lasting } from '../judges/bakes.ts'
import { COARSE_BOUNDS, FINE_BOUNDS, latencyCheck, look } from '../judges/looks.ts'

const RUNS = 200
const shapeOf = (bounds: readonly number[]) =>
  shapeThrough(
    [
      { quantile: 0.5, seconds: 0.08 },
      { quantile: 0.99, seconds: 0.9 },
    ],
    bounds,
  )

/** What the judge says after a bake of a canary that is as fast as stable. */
function saidAfter(
  check: ReturnType<typeof latencyCheck>,
  plan: { requestsPerSecond: number; weight: number; bake: number; interval: number },
  bounds: readonly number[],
) {
  const random = createRandom(3)
  const expected = expectedRequests(plan, plan.interval)
  const same = lasting(shapeOf(bounds), 1)
  let state = startCheck(check)
  let verdict = null
  for (let index = 0; index < plan.bake / plan.interval; index += 1) {
    const step = stepCheck(
      check,
      state,
      look(index, same(random, expected.canary), same(random, expected.stable), plan.interval),
    )
    state = step.state
    verdict = step.verdict
  }
  return verdict
}

describe('the slowdown that would have been seen by now', () => {
  it.each<readonly [number, number, number, number, number, 'fine' | 'coarse']>([
    [50, 500, 300, 1, 0.01, 'fine'],
    [50, 500, 600, 1.25, 0.005, 'fine'],
    [10, 1_000, 600, 1, 0.05, 'fine'],
    [50, 5_000, 120, 1, 0.01, 'coarse'],
    [100, 100, 600, 1.25, 0.005, 'coarse'],
    [200, 2_000, 900, 1, 0.01, 'fine'],
  ])(
    'is seen in nine of ten bakes: %d requests/s, %d bp, %d s, ratio %d, α %d, %s buckets',
    (requestsPerSecond, weight, seconds, notWorseThan, alpha, buckets) => {
      const bounds = buckets === 'fine' ? FINE_BOUNDS : COARSE_BOUNDS
      const plan = { requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 }
      const check = latencyCheck({ notWorseThan, alpha, minRequests: 1 })
      const factor = saidAfter(check, plan, bounds)?.evidence.figures['seenSlowdown'] ?? 0
      const arms = { canary: lasting(shapeOf(bounds), factor), stable: lasting(shapeOf(bounds), 1) }
      const share = detected(check, plan, arms, RUNS)
      expect(Math.abs(share - 0.9)).toBeLessThan(0.05 + chance(RUNS))
    },
    60_000,
  )

  it('is told in words and figures, and not before a look could have shown anything', () => {
    const plan = { requestsPerSecond: 50, weight: 500, interval: 10_000 }
    const check = latencyCheck({ minRequests: 1 })
    const first = saidAfter(check, { ...plan, bake: 10_000 }, FINE_BOUNDS)
    expect(first?.reason).toContain('; no slowdown would be seen yet')
    expect(first?.evidence.figures).not.toHaveProperty('seenSlowdown')
    const later = saidAfter(check, { ...plan, bake: 600_000 }, FINE_BOUNDS)
    expect(later?.reason).toMatch(/; all requests 1\.\d+ times as slow would be seen by now \(90%\)/)
    expect(later?.evidence.figures['seenPower']).toBe(0.9)
  })

  it('is smaller after more looks, and larger with more to be sure of and more that is accepted', () => {
    const plan = { requestsPerSecond: 50, weight: 500, bake: 300_000, interval: 10_000 }
    const at = (rule: Parameters<typeof latencyCheck>[0], bake = plan.bake) =>
      saidAfter(latencyCheck({ minRequests: 1, ...rule }), { ...plan, bake }, FINE_BOUNDS)?.evidence.figures[
        'seenSlowdown'
      ] ?? 0
    expect(at({}, 900_000)).toBeLessThan(at({}))
    expect(at({ alpha: 0.001 })).toBeGreaterThan(at({}))
    expect(at({ notWorseThan: 1.5 })).toBeGreaterThan(1.5)
  })
})
