import { describe, expect, it } from 'vitest'
import { likeliestMix } from '../../../../src/analysis/judges/sequential/mixture-walk.ts'

describe('the likeliest mix of bets', () => {
  const half = [Math.log(0.5), Math.log(0.5)]

  it('is a single bet when the other loses, at the price of its weight', () => {
    const { walk, barrier } = likeliestMix(
      {
        mean: [9, -50],
        covariance: [
          [9, 0],
          [0, 9],
        ],
      },
      half,
      4,
      20,
    )
    expect(walk.drift).toBeCloseTo(9, 3)
    expect(barrier).toBeCloseTo(4 + Math.LN2, 3)
  })

  it('shares the price when bets earn the same', () => {
    const { walk, barrier } = likeliestMix(
      {
        mean: [9, 9],
        covariance: [
          [9, 9],
          [9, 9],
        ],
      },
      half,
      4,
      20,
    )
    expect(walk.drift).toBeCloseTo(9, 9)
    expect(walk.variance).toBeCloseTo(9, 9)
    expect(barrier).toBeCloseTo(4, 9)
  })
})
