import { describe, expect, it } from 'vitest'
import { quantileEvidence } from '../../../bench/decisions/peers/quantile-test.ts'

/** 1 to 1,000 on stable, each `shift` more on the canary, one value per bin. */
function shifted(shift: number) {
  const bins = Array.from({ length: 1_001 + shift }, (_, value) => value)
  return {
    canary: bins.map((value) => (value > shift && value <= 1_000 + shift ? 1 : 0)),
    stable: bins.map((value) => (value > 0 && value <= 1_000 ? 1 : 0)),
  }
}

describe('the sequential test of one quantile in two arms', () => {
  it.each([
    [0.5, 70, 0.814704],
    [0.5, 85, 0.0838055],
    [0.5, 100, 0.0054947],
    [0.9, 55, 0.0340463],
  ])('at %f and a shift of %i gives the published p-value', (quantile, shift, expected) => {
    const evidence = quantileEvidence(shifted(shift), { quantile, tunedFor: 100, alpha: 0.05 })
    expect(Math.exp(-evidence)).toBeCloseTo(expected, 5)
  })

  it('is the same with the arms exchanged', () => {
    const { canary, stable } = shifted(85)
    const settings = { quantile: 0.5, tunedFor: 100, alpha: 0.05 }
    expect(quantileEvidence({ canary: stable, stable: canary }, settings)).toBeCloseTo(
      quantileEvidence({ canary, stable }, settings),
      12,
    )
  })

  it('speaks for equality when the arms are the same', () => {
    const { stable } = shifted(10)
    expect(quantileEvidence({ canary: stable, stable }, { quantile: 0.5, tunedFor: 100, alpha: 0.05 })).toBeLessThan(0)
  })
})
