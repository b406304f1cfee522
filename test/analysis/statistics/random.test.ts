import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom, drawBinomial } from '../../../src/analysis/statistics/random.ts'

const DRAWS = 40_000

function moments(draw: () => number): { readonly mean: number; readonly variance: number } {
  let [sum, squares] = [0, 0]
  for (let index = 0; index < DRAWS; index += 1) {
    const value = draw()
    sum += value
    squares += value * value
  }
  const mean = sum / DRAWS
  return { mean, variance: squares / DRAWS - mean * mean }
}

/** Five standard errors of a mean of DRAWS values of this variance. */
const margin = (variance: number) => 5 * Math.sqrt(variance / DRAWS)

describe('the seeded random source', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const numbers = (seed: number) => {
      const random = createRandom(seed)
      return Array.from({ length: 5 }, () => random.uniform())
    }
    expect(numbers(42)).toEqual(numbers(42))
    expect(new Set([...numbers(1), ...numbers(2), ...numbers(2 ** 40 + 1), ...numbers(0)]).size).toBe(20)
    expect(numbers(Number.NaN)).toEqual(numbers(0))
  })

  it('keeps its numbers for ever: recorded ones come again', () => {
    const random = createRandom(1)
    expect([random.uniform(), random.uniform()]).toMatchInlineSnapshot(`
      [
        0.5636717720710587,
        0.8959073941886353,
      ]
    `)
    expect([random.poisson(3), random.poisson(300), random.binomial(100, 0.3)]).toMatchInlineSnapshot(`
      [
        2,
        305,
        23,
      ]
    `)
  })

  it('draws uniform numbers strictly between 0 and 1, evenly', () => {
    const random = createRandom(3)
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < DRAWS; index += 1) {
      const value = random.uniform()
      expect(value > 0 && value < 1).toBe(true)
      const tenth = Math.floor(value * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    const chiSquare = tenths.reduce((sum, count) => sum + (count - DRAWS / 10) ** 2 / (DRAWS / 10), 0)
    expect(chiSquare).toBeLessThan(30)
  })

  it.each([0.2, 3, 9.99, 10, 60, 5_000])('draws Poisson numbers of mean and variance %d', (mean) => {
    const random = createRandom(4)
    const found = moments(() => random.poisson(mean))
    expect(Math.abs(found.mean - mean)).toBeLessThan(margin(mean))
    expect(Math.abs(found.variance / mean - 1)).toBeLessThan(0.05)
  })

  it.each([
    [5, 0.3],
    [1_000, 0.002],
    [1_000, 0.05],
    [400, 0.5],
    [400, 0.93],
    [1_000_000, 0.001],
  ])('draws binomial numbers of %d trials with probability %d', (n, p) => {
    const random = createRandom(5)
    const variance = n * p * (1 - p)
    const found = moments(() => random.binomial(n, p))
    expect(Math.abs(found.mean - n * p)).toBeLessThan(margin(variance))
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(0.05)
  })

  it('draws normal and log-normal numbers', () => {
    const random = createRandom(6)
    const normal = moments(() => random.normal())
    expect(Math.abs(normal.mean)).toBeLessThan(margin(1))
    expect(Math.abs(normal.variance - 1)).toBeLessThan(0.05)
    const logs = moments(() => Math.log(random.logNormal(2, 0.5)))
    expect(Math.abs(logs.mean - 2)).toBeLessThan(margin(0.25))
    expect(Math.abs(logs.variance - 0.25)).toBeLessThan(0.02)
  })

  it('takes senseless parameters without a throw', () => {
    const random = createRandom(7)
    for (const mean of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(random.poisson(mean)).toBe(0)
    for (const n of [0, -3, Number.NaN, Number.POSITIVE_INFINITY]) expect(random.binomial(n, 0.5)).toBe(0)
    expect(random.binomial(10, Number.NaN)).toBe(0)
    expect(random.binomial(10, -1)).toBe(0)
    expect(random.binomial(10, 2)).toBe(10)
    expect(drawBinomial(10.7, 1, () => 0.5)).toBe(10)
  })

  it('forks into a source of its own', () => {
    const random = createRandom(8)
    const fork = random.fork()
    const theirs = Array.from({ length: 4 }, () => fork.uniform())
    const ours = Array.from({ length: 4 }, () => random.uniform())
    expect(new Set([...theirs, ...ours]).size).toBe(8)
  })

  it('never draws outside what is possible', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, n, p) => {
          const random = createRandom(seed)
          const drawn = random.binomial(n, p)
          expect(Number.isInteger(drawn) && drawn >= 0 && drawn <= n).toBe(true)
          expect(random.poisson(n)).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })
})
