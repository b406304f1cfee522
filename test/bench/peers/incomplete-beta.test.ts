import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logBetaAbove } from '../../../bench/decisions/peers/incomplete-beta.ts'

describe('the upper tail of a beta distribution', () => {
  it.each([
    ['uniform', 1, 1, 0.3, 0.7],
    ['a power', 1, 5, 0.2, 0.8 ** 5],
    ['two and three', 2, 3, 0.4, 0.6 ** 4 + 4 * 0.4 * 0.6 ** 3],
    ['far out', 1, 50, 0.9, 1e-50],
  ])('is exact for %s', (_name, a, b, x, expected) => {
    expect(logBetaAbove(a, b, x)).toBeCloseTo(Math.log(expected), 10)
  })

  it('is certain at 0 and impossible at 1', () => {
    expect(logBetaAbove(3, 4, 0)).toBe(0)
    expect(logBetaAbove(3, 4, 1)).toBe(Number.NEGATIVE_INFINITY)
  })

  it('and the mirrored lower tail add up to 1', () => {
    const size = fc.double({ min: 0.5, max: 500, noNaN: true })
    fc.assert(
      fc.property(size, size, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (a, b, x) => {
        expect(Math.exp(logBetaAbove(a, b, x)) + Math.exp(logBetaAbove(b, a, 1 - x))).toBeCloseTo(1, 9)
      }),
    )
  })
})
