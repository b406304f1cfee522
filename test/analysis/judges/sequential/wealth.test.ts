import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  growWealth,
  logAddExp,
  logMeanWealth,
  logSumExp,
  startWealth,
} from '../../../../src/analysis/judges/sequential/wealth.ts'

const even = (size: number) => Array.from({ length: size }, () => -Math.log(size))
const finite = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true })

describe('sums of logarithms', () => {
  it('are exact and neither overflow nor underflow', () => {
    expect(logSumExp([Math.log(2), Math.log(3)])).toBeCloseTo(Math.log(5), 14)
    expect(logSumExp([1_000, 1_000])).toBeCloseTo(1_000 + Math.log(2), 10)
    expect(logSumExp([-2_000, -2_000])).toBeCloseTo(-2_000 + Math.log(2), 10)
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY)
    expect(logSumExp([Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY)
    expect(logAddExp(Math.log(2), Math.log(3))).toBeCloseTo(Math.log(5), 14)
    expect(logAddExp(5, Number.NEGATIVE_INFINITY)).toBe(5)
    expect(logAddExp(Number.NEGATIVE_INFINITY, 5)).toBe(5)
    expect(logAddExp(800, 800)).toBeCloseTo(800 + Math.log(2), 10)
    expect(logAddExp(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY)
  })
})

describe('wealth', () => {
  it('starts as one unit in all, placed or in reserve', () => {
    expect(logMeanWealth(startWealth(7), even(7))).toBeCloseTo(0, 12)
    expect(startWealth(7).logPeak).toBe(0)
  })

  it('is kept by bets that neither win nor lose, however long that goes on', () => {
    let wealth = startWealth(5)
    for (let hour = 0; hour < 100; hour += 1) wealth = growWealth(wealth, [0, 0, 0, 0, 0], even(5), 3_600_000)
    expect(logMeanWealth(wealth, even(5))).toBeCloseTo(0, 9)
  })

  it('is a fair game: its mean over a fair coin is what it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 10_000_000 }),
        (stakes, duration) => {
          const before = growWealth(startWealth(3), [0.3, -0.2, 1], even(3), 10_000)
          const after = (won: boolean) =>
            Math.exp(
              logMeanWealth(
                growWealth(
                  before,
                  stakes.map((stake) => Math.log(won ? 1 + stake : 1 - stake)),
                  even(3),
                  duration,
                ),
                even(3),
              ),
            )
          expect((after(true) + after(false)) / 2).toBeCloseTo(Math.exp(logMeanWealth(before, even(3))), 9)
        },
      ),
    )
  })

  it('places half of the reserve within an hour, and nearly all of it within a day', () => {
    const reserveAfter = (hours: number) => {
      let wealth = startWealth(2)
      for (let hour = 0; hour < hours; hour += 1) wealth = growWealth(wealth, [0, 0], even(2), 3_600_000)
      return 1 - Math.exp(logSumExp(wealth.logs.map((log) => log - Math.log(2))))
    }
    expect(reserveAfter(0)).toBeCloseTo(0.05, 9)
    expect(reserveAfter(1)).toBeCloseTo(0.025, 9)
    expect(reserveAfter(24)).toBeCloseTo(0.002, 9)
  })

  it('remembers its peak, which Ville’s inequality is about', () => {
    const up = growWealth(startWealth(1), [5], even(1), 10_000)
    const down = growWealth(up, [-9], even(1), 10_000)
    expect(up.logPeak).toBeCloseTo(5 + Math.log(0.95), 1)
    expect(down.logPeak).toBe(up.logPeak)
    expect(logMeanWealth(down, even(1))).toBeLessThan(0)
  })

  it('lets a late win count although the early bets are ruined', () => {
    let wealth = startWealth(1)
    for (let look = 0; look < 360; look += 1) wealth = growWealth(wealth, [-1], even(1), 10_000)
    const ruined = wealth.logs[0] ?? 0
    expect(ruined).toBeGreaterThan(-15)
    for (let look = 0; look < 20; look += 1) wealth = growWealth(wealth, [1], even(1), 10_000)
    expect(wealth.logPeak).toBeGreaterThan(5)
  })

  it('counts a gain that is not a number as none, and a time that goes back as none', () => {
    const wealth = growWealth(startWealth(2), [Number.NaN, Number.POSITIVE_INFINITY], even(2), -5)
    expect(wealth.watched).toBe(0)
    expect(wealth.logs).toEqual(startWealth(2).logs)
    expect(growWealth(startWealth(2), [], even(2), Number.NaN).logs).toEqual(startWealth(2).logs)
  })

  it('stays finite, and so plain JSON, whatever the gains', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(finite(1e15), finite(1e15)), { maxLength: 20 }), (gains) => {
        let wealth = startWealth(2)
        for (const pair of gains) wealth = growWealth(wealth, pair, even(2), 10_000)
        expect(JSON.parse(JSON.stringify(wealth))).toEqual(wealth)
        expect(wealth.logs.every((log) => Math.abs(log) <= 1e12)).toBe(true)
      }),
    )
  })
})
