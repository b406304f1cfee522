import { describe, expect, it } from 'vitest'
import { passage } from '../../../src/analysis/statistics/first-passage.ts'
import { normalCdf } from '../../../src/analysis/statistics/normal.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'

function simulated(drift: number, variance: number, looks: number, barrier: number): number {
  const random = createRandom(3)
  const runs = 4_000
  let passed = 0
  for (let run = 0; run < runs; run += 1) {
    let at = 0
    for (let look = 0; look < looks && at < barrier; look += 1)
      at += drift / looks + Math.sqrt(variance / looks) * random.normal()
    if (at >= barrier) passed += 1
  }
  return passed / runs
}

describe('the passage of a walk over a barrier', () => {
  it.each([
    [5.7, 20.3, 5, 6.5],
    [5.7, 20.3, 60, 6.5],
    [11.3, 21.4, 11, 6.9],
    [2, 5, 30, 5.8],
    [0, 4, 100, 3],
    [20, 40, 4, 6],
  ])('is that of simulation for drift %d, variance %d, %d looks, barrier %d', (drift, variance, looks, barrier) => {
    expect(
      Math.abs(passage({ drift, variance, looks }, barrier) - simulated(drift, variance, looks, barrier)),
    ).toBeLessThan(0.03)
  })

  it('is that of the last look when there is one, and certain or impossible without variance', () => {
    expect(passage({ drift: 3, variance: 4, looks: 1 }, 5)).toBeCloseTo(normalCdf(-1), 12)
    expect(passage({ drift: 3, variance: 0, looks: 9 }, 3)).toBe(1)
    expect(passage({ drift: 3, variance: 0, looks: 9 }, 3.1)).toBe(0)
  })

  it('stays a probability far out', () => {
    for (const drift of [-1e6, -50, 0, 50, 1e6])
      for (const variance of [1e-9, 1, 1e9]) {
        const chance = passage({ drift, variance, looks: 1_000 }, 7)
        expect(chance >= 0 && chance <= 1).toBe(true)
      }
  })
})
