import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasSameBuckets, histogramFault, quantileOf, survivalOf, totalOf } from '../../src/analysis/histogram.ts'

const some = { upperBoundsSeconds: [0.1, 0.2, 0.4], counts: [10, 20, 60, 10] }

describe('a latency histogram', () => {
  it('has quantiles by linear interpolation within the bucket', () => {
    expect(totalOf(some)).toBe(100)
    expect(quantileOf(some, 0.05)).toEqual({ kind: 'within', seconds: 0.05 })
    expect(quantileOf(some, 0.1)).toEqual({ kind: 'within', seconds: 0.1 })
    expect(quantileOf(some, 0.2)).toEqual({ kind: 'within', seconds: expect.closeTo(0.15, 12) })
    expect(quantileOf(some, 0.6)).toEqual({ kind: 'within', seconds: expect.closeTo(0.3, 12) })
    expect(quantileOf(some, 0.9)).toEqual({ kind: 'within', seconds: expect.closeTo(0.4, 12) })
  })

  it('says of a quantile in the overflow bucket only what it exceeds', () => {
    expect(quantileOf(some, 0.95)).toEqual({ kind: 'above', seconds: 0.4 })
    expect(quantileOf({ upperBoundsSeconds: [1], counts: [0, 5] }, 0.5)).toEqual({ kind: 'above', seconds: 1 })
  })

  it('has no quantile when it is empty', () => {
    expect(quantileOf({ upperBoundsSeconds: [1], counts: [0, 0] }, 0.5)).toBeNull()
    expect(survivalOf({ upperBoundsSeconds: [1], counts: [0, 0] })(0.5)).toBe(0)
    expect(survivalOf({ upperBoundsSeconds: [], counts: [3] })(0.5)).toBe(0)
  })

  it('passes over empty buckets', () => {
    expect(quantileOf({ upperBoundsSeconds: [1, 2, 3], counts: [0, 0, 4, 0] }, 0)).toEqual({
      kind: 'within',
      seconds: 2,
    })
  })

  it('tells the share of slower requests, exact at the bounds', () => {
    const above = survivalOf(some)
    expect(above(0)).toBe(1)
    expect(above(0.05)).toBeCloseTo(0.95, 12)
    expect(above(0.1)).toBeCloseTo(0.9, 12)
    expect(above(0.2)).toBeCloseTo(0.7, 12)
    expect(above(Math.sqrt(0.08))).toBeCloseTo(0.4, 12)
    expect(above(0.4)).toBeCloseTo(0.1, 12)
    expect(above(0.8)).toBeCloseTo(0.025, 12)
  })

  it('has a share of slower requests that falls', () => {
    const seconds = fc.double({ min: 0.001, max: 3, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }), seconds, seconds, (counts, a, b) => {
        const above = survivalOf({ upperBoundsSeconds: some.upperBoundsSeconds, counts })
        expect(above(Math.max(a, b))).toBeLessThanOrEqual(above(Math.min(a, b)) + 1e-12)
      }),
    )
  })

  it('is usable only with ascending finite bounds and one count more than bounds', () => {
    expect(histogramFault(some)).toBeNull()
    expect(histogramFault({ upperBoundsSeconds: [], counts: [1] })).toContain('without buckets')
    expect(histogramFault({ upperBoundsSeconds: [1, 2], counts: [1, 2] })).toContain('2 latency counts for 2 buckets')
    for (const bounds of [
      [0.1, 0.1],
      [0.2, 0.1],
      [0, 1],
      [-1, 1],
      [1, Number.POSITIVE_INFINITY],
      [Number.NaN, 1],
    ])
      expect(histogramFault({ upperBoundsSeconds: bounds, counts: [1, 1, 1] })).toContain('do not ascend')
    for (const count of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(histogramFault({ upperBoundsSeconds: [1], counts: [1, count] })).toContain('not a number')
  })

  it('compares bucket layouts', () => {
    expect(hasSameBuckets([1, 2], [1, 2])).toBe(true)
    expect(hasSameBuckets([1, 2], [1, 3])).toBe(false)
    expect(hasSameBuckets([1, 2], [1, 2, 3])).toBe(false)
  })
})
