import { describe, expect, it } from 'vitest'
import {
  effectOnShare,
  type LatencyEffect,
  learnLatencyEffect,
} from '../../../../src/analysis/judges/sequential/latency-effect.ts'
import { createRandom } from '../../../../src/analysis/statistics/random.ts'

const EVERY = 10_000

describe('the design effect of slow requests', () => {
  const bounds = [0.1, 0.5, 1]
  const learned = (size: number) => {
    const random = createRandom(71)
    let [effect, usual] = [null as LatencyEffect | null, [0, 0, 0, 0] as readonly number[]]
    for (let index = 0; index < 90; index += 1) {
      const slow = size * random.poisson(40 / size)
      const counts = [800 - slow, 0, slow, 0]
      usual = usual.map((count, bucket) => count + (counts[bucket] ?? 0))
      const [known, stable] = [usual, counts].map((seen) => ({ upperBoundsSeconds: bounds, counts: seen }))
      if (known !== undefined && stable !== undefined) effect = learnLatencyEffect(effect, known, stable, EVERY)
    }
    return effect
  }

  it('is 1 while they come one by one, and about their number where they come many at once', () => {
    for (const part of [1, 0.1, 0.02]) {
      expect(effectOnShare(null, part)).toBe(1)
      expect(effectOnShare(learned(1), part)).toBeLessThan(1.6)
      expect(effectOnShare(learned(10), part)).toBeGreaterThan(3)
    }
  })
})
