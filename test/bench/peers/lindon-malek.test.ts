import { describe, expect, it } from 'vitest'
import { lindonMalekEvidence, truncatedEvidence } from '../../../bench/decisions/peers/lindon-malek.ts'

describe('the Dirichlet mixture test of Lindon and Malek', () => {
  it('has mean 1 over the possible splits when events split as requests do', () => {
    const mean = [...Array(13).keys()].reduce((sum, canaryEvents) => {
      const split = { canaryEvents, stableEvents: 12 - canaryEvents, canaryShare: 0.2 }
      return sum + binomial(12, canaryEvents, 0.2) * Math.exp(lindonMalekEvidence(split, 20))
    }, 0)
    expect(mean).toBeCloseTo(1, 10)
  })

  it('knows one event by hand', () => {
    // a = 4, b = 16: the mixture gives the canary 4/20 = its share, so one event says nothing.
    expect(lindonMalekEvidence({ canaryEvents: 1, stableEvents: 0, canaryShare: 0.2 }, 20)).toBeCloseTo(0, 12)
    // A second one has probability 5/21 in the mixture against 1/5.
    const two = lindonMalekEvidence({ canaryEvents: 2, stableEvents: 0, canaryShare: 0.2 }, 20)
    expect(two).toBeCloseTo(Math.log(25 / 21), 12)
  })

  it('speaks against both directions, cut off only against more events', () => {
    const more = { canaryEvents: 60, stableEvents: 100, canaryShare: 0.2 }
    const fewer = { canaryEvents: 2, stableEvents: 100, canaryShare: 0.2 }
    expect(lindonMalekEvidence(more, 100)).toBeGreaterThan(3)
    expect(lindonMalekEvidence(fewer, 100)).toBeGreaterThan(3)
    expect(truncatedEvidence(more, 100)).toBeGreaterThan(lindonMalekEvidence(more, 100))
    expect(truncatedEvidence(fewer, 100)).toBeLessThan(0)
  })

  it('has mean at most 1 when cut off, whatever smaller share of the events the canary has', () => {
    for (const share of [0.2, 0.1, 0.02]) {
      const mean = [...Array(13).keys()].reduce((sum, canaryEvents) => {
        const split = { canaryEvents, stableEvents: 12 - canaryEvents, canaryShare: 0.2 }
        return sum + binomial(12, canaryEvents, share) * Math.exp(truncatedEvidence(split, 20))
      }, 0)
      expect(mean).toBeLessThanOrEqual(1 + 1e-10)
    }
  })
})

function binomial(n: number, k: number, p: number): number {
  let choose = 1
  for (let index = 1; index <= k; index += 1) choose *= (n - k + index) / index
  return choose * p ** k * (1 - p) ** (n - k)
}
