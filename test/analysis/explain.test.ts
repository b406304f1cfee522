import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  asClause,
  asSentence,
  capEvidence,
  finiteFigures,
  formatBreaches,
  formatCount,
  formatFraction,
  formatImpossible,
  formatList,
  formatNumber,
  formatOdds,
  formatQuantile,
  formatRatio,
  formatSeconds,
  formatSeries,
  formatShare,
  formatStanding,
  formatWatched,
  shorten,
} from '../../src/analysis/explain.ts'

describe('numbers for people', () => {
  it.each([
    [0, '0'],
    [999.4, '999'],
    [19_614, '19,614'],
    [1_234_567.5, '1,234,568'],
    [-4_700, '-4,700'],
    [-0.2, '0'],
    [Number.NaN, 'an unknown number'],
  ])('writes the count %d as %s', (count, text) => {
    expect(formatCount(count)).toBe(text)
  })

  it.each([
    [0, '0%'],
    [0.021, '2.1%'],
    [0.005, '0.5%'],
    [0.000123, '0.012%'],
    [0.1234, '12%'],
    [1, '100%'],
    [2.5, '2.5 per request'],
    [1_234.5, '1,230 per request'],
    [Number.POSITIVE_INFINITY, 'an unknown share'],
  ])('writes the share %d as %s', (share, text) => {
    expect(formatShare(share)).toBe(text)
  })

  it.each([
    [0.4203, '420 ms'],
    [0.0012345, '1.23 ms'],
    [1.25, '1.25 s'],
    [72, '72 s'],
    [0, '0 ms'],
    [Number.NaN, 'an unknown time'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text)
  })

  it.each([
    [0, '1 : 1'],
    [-5, '1 : 1'],
    [Number.NaN, '1 : 1'],
    [Math.log(2.34), '1 : 2.3'],
    [Math.log(20), '1 : 20'],
    [Math.log(4_712), '1 : 4,700'],
    [1_000, 'less than 1 : 1,000,000,000'],
  ])('writes the evidence e^%d as odds %s', (log, text) => {
    expect(formatOdds(log)).toBe(text)
  })

  it('writes fractions, ratios, quantiles and durations', () => {
    expect(formatFraction(412, 19_614)).toBe('412 of 19,614')
    expect(formatRatio(1.5)).toBe('1.5 times')
    expect(formatRatio(2)).toBe('2 times')
    expect(formatQuantile(0.95)).toBe('p95')
    expect(formatQuantile(0.999)).toBe('p99.9')
    expect(formatWatched(70_000)).toBe('after 1m 10s')
  })

  it('writes what no number can say in words', () => {
    expect(formatRatio(Number.POSITIVE_INFINITY)).toBe('an unknown number of times')
    expect(formatQuantile(Number.NaN)).toBe('an unknown quantile')
    expect(formatWatched(Number.NaN)).toBe('after an unknown time')
    expect([Number.NaN, Number.NEGATIVE_INFINITY].map(formatNumber)).toEqual(['not a number', 'infinite'])
    expect(formatNumber(Number.MAX_VALUE)).not.toContain('Infinity')
    expect([-1, Number.NaN].map(formatImpossible)).toEqual([' (-1)', ''])
  })

  it('writes lists and series', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(formatList)).toEqual(['', 'a', 'a and b', 'a, b and c'])
    expect([[], [0.06123], [1, 2], [1, 2, 3, 4]].map(formatSeries)).toEqual([
      'none',
      '0.06123',
      '[1, 2]',
      '[1, 2, 3, … 4 series]',
    ])
  })

  it('says how far a claim is from being shown, and how often a limit was broken', () => {
    expect(formatStanding(Math.log(3), Math.log(300), 'fails')).toBe('(false-alarm odds 1 : 3, fails at 1 : 300)')
    const counts = { breaches: 1, looks: 1, failures: 1, of: 1 }
    expect(formatBreaches(counts)).toBe('at the last look')
    expect(formatBreaches({ ...counts, failures: 2, of: 3 })).toBe('at the last look (fails at 2 of 3)')
    expect(formatBreaches({ breaches: 2, looks: 3, failures: 2, of: 3 })).toBe(
      'in 2 of the last 3 looks (fails at 2 of 3)',
    )
  })

  it('makes one short line of whatever it is given', () => {
    expect(asSentence(' two\n lines\u2028and \u001b[2J ')).toBe('two lines and [2J')
    expect(asSentence(' \n')).toBe('no reason was given')
    expect(asSentence('x'.repeat(1_000))).toHaveLength(400)
    expect(shorten('ab😀', 4)).toBe('ab😀')
    expect(shorten('ab😀c', 4)).toBe('ab…')
  })

  it('takes a sentence of a source into another', () => {
    expect(asClause('The query has no result.')).toBe('the query has no result')
    expect(asClause('Prometheus has no requests of green.')).toBe('Prometheus has no requests of green')
    expect(asClause('')).toBe('no reason was given')
  })

  it('keeps evidence between 0 and 10¹²', () => {
    expect(capEvidence(0)).toBe(1)
    expect(capEvidence(1e9)).toBe(1e12)
    expect(capEvidence(Number.NEGATIVE_INFINITY)).toBe(0)
    expect(capEvidence(Number.NaN)).toBe(0)
  })

  it('shows finite figures only', () => {
    expect(finiteFigures({ a: 1 / 3, b: Number.NaN, c: Number.POSITIVE_INFINITY, d: 0 })).toEqual({
      a: 0.333333333333,
      d: 0,
    })
  })

  it('never writes an exponent', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e18, noNaN: true }), (value) => {
        for (const text of [formatCount(value), formatShare(value), formatSeconds(value), formatRatio(value)])
          expect(text).not.toMatch(/\de[+-]?\d/)
      }),
    )
  })
})
