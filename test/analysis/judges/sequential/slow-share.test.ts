import { describe, expect, it } from 'vitest'
import {
  addSlow,
  chooseBound,
  describeSlow,
  slowFigures,
  slowOutlook,
} from '../../../../src/analysis/judges/sequential/slow-share.ts'
import { createRandom } from '../../../../src/analysis/statistics/random.ts'

const upperBoundsSeconds = [0.1, 0.25, 0.5, 1]
const histogram = (...counts: readonly number[]) => ({ upperBoundsSeconds, counts })
const past = histogram(900, 80, 12, 6, 2)

describe('the share of slow requests', () => {
  it('is told from the largest bound that the slowest requests of stable are beyond', () => {
    expect(chooseBound(past, 0.95)?.bound).toBe(0)
    expect(chooseBound(past, 0.99)?.bound).toBe(1)
    expect(chooseBound(histogram(9_000, 800, 120, 60, 20), 0.995)?.bound).toBe(2)
    // Of a few requests nobody knows which are slow.
    expect(chooseBound(histogram(90, 3, 1, 0, 0), 0.95)).toBeNull()
    expect(chooseBound(histogram(0, 0, 0, 0, 0), 0.95)).toBeNull()
  })

  it('is compared look by look, and said with both ends', () => {
    let slow = chooseBound(past, 0.99)
    for (let index = 0; index < 50 && slow !== null; index += 1)
      slow = addSlow(slow, histogram(45, 4, 1, 0, 0), histogram(855, 76, 12, 5, 2))
    expect(describeSlow(slowOutlook(slow ?? undefined))).toMatch(
      /^; requests over 250 ms: 0\.\d+ to 1\.\d+ times as many \(95% sure\)$/,
    )
    expect(slowFigures(slowOutlook(slow ?? undefined))).toMatchObject({ slowOverSeconds: 0.25, ratioConfidence: 0.95 })
    expect(Object.keys(slowFigures(slowOutlook(slow ?? undefined)))).toContain('slowRatioAtMost')
  })

  it('says nothing before there is anything to say, nor counts other buckets', () => {
    const chosen = chooseBound(past, 0.99)
    if (chosen === null) throw new Error('no bound')
    const other = { upperBoundsSeconds: [1, 2], counts: [1, 1, 1] }
    expect(addSlow(chosen, other, other)).toBe(chosen)
    expect([describeSlow(slowOutlook(chosen)), describeSlow(slowOutlook(undefined))]).toEqual(['', ''])
    expect([slowFigures(slowOutlook(chosen)), slowFigures(slowOutlook(undefined))]).toEqual([{}, {}])
  })

  it('is between these ends at every look of an hour in 95 of 100 releases', () => {
    const random = createRandom(11)
    const shares = [0.9, 0.08, 0.012, 0.006, 0.002]
    const draw = (requests: number, factor: number) =>
      histogram(...shares.map((share, index) => random.poisson(requests * share * (index > 1 ? factor : 1))))
    let misses = 0
    for (let run = 0; run < 100; run += 1) {
      let slow = chooseBound(past, 0.99)
      for (let index = 0; index < 360 && slow !== null; index += 1) {
        slow = addSlow(slow, draw(50, 2), draw(950, 1))
        const { slowRatioAtLeast = 0, slowRatioAtMost = Number.POSITIVE_INFINITY } = slowFigures(slowOutlook(slow))
        // Twice as many slow ones of 1.02 times as many in all.
        const [low, high] = [slowRatioAtLeast, slowRatioAtMost]
        if (low <= 2 / 1.02 && 2 / 1.02 <= high) continue
        misses += 1
        break
      }
    }
    expect(misses).toBeLessThanOrEqual(5)
  })
})
